"""The campaigns of the cookbook: whole files, played by the real command, with a page and a picture each."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.cli.example import environment

ROOT = Path(__file__).parents[1]
COOKBOOK = ROOT / "docs" / "cookbook"
FILES = sorted(COOKBOOK.glob("*.yaml"))


def busos(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "server.cli", *words]
    return subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=60, check=False)


def test_the_five_later_campaigns_are_there() -> None:
    names = {path.stem for path in FILES}
    assert {"no-show", "post-call", "onboarding", "reminders", "welcomed-elsewhere"} <= names


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_campaign_is_short_and_has_nothing_to_be_said_about(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) < 40
    result = busos("validate", "--strict", str(path))
    assert (result.returncode, result.stderr) == (0, ""), result.stdout


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_tests_of_a_campaign_pass_and_reach_every_step(path: Path) -> None:
    result = busos("test", str(path))
    assert (result.returncode, result.stderr) == (0, ""), result.stdout
    assert "reached by no test" not in result.stdout
    assert len(yaml.safe_load(path.read_text(encoding="utf-8"))["tests"]) >= 2


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_campaign_has_a_page_and_its_picture(path: Path) -> None:
    page = path.with_suffix(".md").read_text(encoding="utf-8")
    assert f"]({path.name})" in page
    assert f"]({path.stem}.svg)" in page
    assert f"]({path.stem}.md)" in (COOKBOOK / "README.md").read_text(encoding="utf-8")
    (sequence,) = yaml.safe_load(path.read_text(encoding="utf-8"))["sequences"]
    drawn = busos("graph", sequence, "--file", str(path), "--format", "svg")
    assert drawn.stdout == path.with_suffix(".svg").read_text(encoding="utf-8"), "draw it anew with busos graph"


def test_every_template_is_used_by_a_campaign() -> None:
    said = "\n".join(path.read_text(encoding="utf-8") for path in FILES)
    assert [
        path.stem for path in sorted((COOKBOOK / "templates").iterdir()) if f"email: {path.stem}\n" not in said
    ] == []

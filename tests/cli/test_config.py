"""``busos config``: which files are read, and what they come to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run

PART = "sequences:\n  autumn:\n    steps:\n      - email: hello\n"


@pytest.fixture
def several(folder: Path) -> Path:
    """The shipped file, which includes one more."""
    (folder / "campaigns").mkdir()
    (folder / "campaigns" / "autumn.yaml").write_text(PART)
    main = folder / "sequences.yaml"
    main.write_text(main.read_text() + 'include: "campaigns/*.yaml"\n')
    return folder


def test_the_files_and_their_revision_are_listed(run: Run, several: Path) -> None:
    lines = run("config").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["sequences.yaml", "campaigns/autumn.yaml", "revision"]
    (several / "campaigns" / "autumn.yaml").write_text(PART.replace("hello", "cold"))
    assert run("config").stdout.splitlines()[-1] != lines[-1]


def test_effective_is_a_file_that_runs(run: Run, several: Path) -> None:
    whole = run("config", "--effective")
    assert whole.exit_code == 0
    assert "  autumn:  # campaigns/autumn.yaml:2\n" in whole.stdout
    (several / "whole.yaml").write_text(whole.stdout)
    assert run("validate", "whole.yaml").exit_code == 0
    shown = run("config", "--effective", "--defaults").stdout
    assert "    if_it_fails: hold  # default\n" in shown


def test_json_is_one_document(run: Run, several: Path) -> None:
    found = json.loads(run("config", "--effective", "--format", "json").stdout)
    assert [one["file"] for one in found["files"]] == ["sequences.yaml", "campaigns/autumn.yaml"]
    assert found["effective"]["sequences"]["autumn"] == {"steps": [{"email": "hello"}]}
    assert "effective" not in json.loads(run("config", "--format", "json").stdout)


def test_a_file_with_errors_is_told(run: Run, several: Path) -> None:
    (several / "campaigns" / "autumn.yaml").write_text(PART.replace("email:", "emial:"))
    result = run("config", "--effective")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("campaigns/autumn.yaml:4:9: error: ")
    assert "4 |       - emial: hello" in result.stderr


def test_defaults_need_effective(run: Run, several: Path) -> None:
    assert run("config", "--defaults").exit_code == 2


def test_a_folder_is_the_file_in_it(run: Run, several: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(several.parent)
    assert run("validate", several.name).stdout.endswith(f" in {several.name}/sequences.yaml\n")
    monkeypatch.setenv("BUSOS_FILE", several.name)
    assert f"{several.name}/campaigns/autumn.yaml" in run("config").stdout


def test_parts_are_written_in_their_usual_form_one_by_one(run: Run, several: Path) -> None:
    part, main = several / "campaigns" / "autumn.yaml", several / "sequences.yaml"
    part.write_text(PART.replace("hello", '"hello"'))
    main.write_text(main.read_text().replace("- email: hello", '- email: "hello"'))
    assert run("fmt", "--check", "sequences.yaml").exit_code == 1
    run("fmt", "sequences.yaml")
    assert run("fmt", "--check", "sequences.yaml").exit_code == 0
    assert '"hello"' in part.read_text()
    run("fmt", "campaigns/autumn.yaml")
    assert part.read_text() == PART

"""Files that are made to hurt are refused, each in little time and little memory, and never with a traceback."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hostile import MAIN, files, limited, write

ROOT = Path(__file__).parents[2]
CORPUS = ROOT.parent / "shared" / "corpora" / "yaml_test_suite.json"

pytestmark = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="limits are set as Linux counts")


@pytest.fixture(scope="module")
def told() -> dict[str, list[str]]:
    """What each case came to, in a process with limits that the kernel keeps."""
    ran = subprocess.run([sys.executable, "-m", "tests.hostile"], check=True, cwd=ROOT, capture_output=True)
    found: dict[str, list[str]] = json.loads(ran.stdout)
    return found


@pytest.mark.parametrize("name", files())
def test_it_is_refused_within_the_limits(name: str, told: dict[str, list[str]]) -> None:
    rules = told[name]
    assert rules
    assert not [rule for rule in rules if " " in rule]


def test_the_limits_would_be_noticed() -> None:
    greedy = "import tests.hostile as hostile; hostile.limited(); {}"
    for code in ("bytearray(200_000_000)", "exec('while True: pass')"):
        arguments = [sys.executable, "-c", greedy.format(code)]
        assert subprocess.run(arguments, check=False, cwd=ROOT, capture_output=True).returncode


@pytest.mark.parametrize(
    "name", ["laughs", "merge-of-many", "deep-0", "wide-numbers", "again-0", "use-much", "too-large"]
)
def test_busos_validate_refuses_it(name: str, tmp_path: Path) -> None:
    write(tmp_path / "case", files()[name])
    ran = subprocess.run(
        [sys.executable, "-m", "server.cli", "validate", "case"],
        check=False,
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        preexec_fn=lambda: limited(seconds=4, memory=300_000_000),  # the program itself needs some of it
    )
    assert (ran.returncode, ran.stderr) == (1, "")
    assert ran.stdout.startswith("case/")
    assert f"in case/{MAIN}\n" in ran.stdout


def test_busos_validate_refuses_each_invalid_document_of_the_yaml_test_suite(tmp_path: Path) -> None:
    """One process for all, by the same way as the command: what is refused has a place, and nothing is raised."""
    if not CORPUS.exists():
        pytest.skip(f"YAML test suite: {CORPUS} is missing")
    from click.testing import CliRunner

    from server.cli.group import busos

    invalid = [case for case in json.loads(CORPUS.read_text(encoding="utf-8"))["cases"] if case["fail"]]
    assert len(invalid) >= 90
    for case in invalid:
        file = tmp_path / f"{case['id']}.yaml"
        file.write_text(case["yaml"], encoding="utf-8", newline="")
        found = CliRunner().invoke(busos, ["validate", str(file)])
        assert (found.exit_code, type(found.exception)) == (1, SystemExit), case["id"]
        assert found.stdout.startswith(f"{file}:"), case["id"]
        assert found.stdout.splitlines()[-1].endswith(f" in {file}"), case["id"]

"""What CONTRIBUTING.md says is all there is to it: its examples are added to a copy of the code, and work."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fences import ROOT, fences, marked

PAGE = "CONTRIBUTING.md"
FILE = """\
version: 1
email:
  from: Sang Le <sang@example.com>
contact:
  email: {type: email}
  score: {type: whole number}
triggers:
  signup:
    requires: [email]
    accepts: [score]
    then:
      - start: welcome
sequences:
  welcome:
    steps:
      - email: hello
"""
HELLO = "---\nsubject: Hello\n---\nHello.\n"


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code with every example in it, and a file to run."""
    folder = tmp_path_factory.mktemp("copy")
    for name in ("engine", "server", "schema"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    for one in fences("python"):
        if one.mark.startswith("file: "):
            target = folder / one.mark.removeprefix("file: ")
            assert not target.exists(), f"{one} says how to add what is there already"
            target.write_text(one.text, encoding="utf-8")
    add_to_schema(folder / "schema/sequences.schema.json", "forget", json.loads(marked("schema: forget", PAGE)))
    (folder / "templates").mkdir()
    (folder / "templates/hello.md").write_text(HELLO, encoding="utf-8")
    return folder


def add_to_schema(path: Path, verb: str, entry: object) -> None:
    schema = json.loads(path.read_text(encoding="utf-8"))
    step = schema["$defs"]["step"]
    step["oneOf"].append({"required": [verb]})
    step["properties"][verb] = entry
    path.write_text(json.dumps(schema), encoding="utf-8")


def busos(copy: Path, more: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    (copy / "sequences.yaml").write_text(FILE + more, encoding="utf-8")
    return python(copy, "-m", "server.cli", *arguments)


def python(copy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PYTHONPATH": str(copy), "NO_COLOR": "1", "BUSOS_FILE": "sequences.yaml"}
    command = [sys.executable, *arguments]
    return subprocess.run(command, check=False, cwd=copy, env=environ, capture_output=True, text=True)


def test_the_three_ways_to_extend_are_shown() -> None:
    marks = {one.mark.removeprefix("file: ").rpartition("/")[0] for one in fences("python") if one.page == PAGE}
    assert marks == {"engine/steps", "engine/language/checks", "engine/adapters"}


def test_a_file_and_a_schema_entry_make_a_verb_that_runs(copy: Path) -> None:
    more = "      - forget: [score]\n      - email: hello\n        id: again\n        when: score is unknown\n"
    ran = busos(copy, more, "simulate", "welcome", "email=ada@example.com", "score=7", "--format", "json")
    assert ran.returncode == 0, ran.stderr + ran.stdout
    story = json.loads(ran.stdout)["story"]
    assert [(one["kind"], one["step"]) for one in story if one["kind"] == "email"] == [
        ("email", "hello"),
        ("email", "again"),
    ]
    assert "forgot score" in ran.stdout


def test_the_checks_know_the_fields_of_a_new_verb(copy: Path) -> None:
    ran = busos(copy, "      - forget: [scroe]\n", "validate")
    assert (ran.returncode, ran.stderr) == (1, "")
    assert "scroe" in ran.stdout
    assert 'did you mean "score"' in ran.stdout


def test_without_its_entry_the_word_is_unknown() -> None:
    from engine.adapters.files import FileTemplates
    from engine.language.checking import read_and_check

    _, problems = read_and_check(FILE + "      - forget: [score]\n", "x.yaml", FileTemplates(ROOT / "templates"))
    assert any('"forget"' in one.message for one in problems)


def test_a_file_makes_a_check(copy: Path) -> None:
    more = "      - email: hello\n        id: again\n        subject: LAST CHANCE\n"
    ran = busos(copy, more, "validate")
    assert "sequences.yaml:19:18: warning: a subject in capitals looks like spam  [shouting]" in ran.stdout
    assert "subject: Last chance" in ran.stdout
    assert ran.returncode == 0


def test_a_file_makes_an_adapter(copy: Path, tmp_path: Path) -> None:
    use = """
import sys
from pathlib import Path
from engine.adapters.journal import JournalAlerts
from engine.model import Accepted, RaiseAlert, Retry
from engine.ports import Alerts
good: Alerts = JournalAlerts(Path(sys.argv[1]) / "alerts.txt")
assert isinstance(good.tell(RaiseAlert(message="two\\nlines")), Accepted)
assert isinstance(JournalAlerts(Path(sys.argv[1]) / "missing" / "alerts.txt").tell(RaiseAlert(message="x")), Retry)
"""
    ran = python(copy, "-c", use, str(tmp_path))
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "alerts.txt").read_text(encoding="utf-8") == "two lines\n"


def test_what_was_added_keeps_every_contract_and_every_type(copy: Path) -> None:
    run = "from importlinter.cli import lint_imports_command as run; run()"
    imports = python(copy, "-c", run, "--no-logo", "--no-cache")
    assert (imports.returncode, "BROKEN" in imports.stdout) == (0, False), imports.stdout
    added = [one.mark.removeprefix("file: ") for one in fences("python") if one.mark.startswith("file: ")]
    style = python(copy, "-m", "ruff", "check", "--no-cache", *added)
    assert style.returncode == 0, style.stdout


def test_the_stand_ins_named_here_can_be_started() -> None:
    ran = python(ROOT, "-m", "tests.standins", "--help")
    assert ran.returncode == 0
    options = re.findall(r"--(resend|notion|discord)\b", (ROOT / PAGE).read_text(encoding="utf-8"))
    assert all(f"--{name}" in ran.stdout for name in options)

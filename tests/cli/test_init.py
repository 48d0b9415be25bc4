from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from server.cli.group import busos
from tests.cli.example import Child, Run


def answered(*answers: str, folder: str = "first") -> Result:
    return CliRunner().invoke(busos, ["init", folder], input="\n".join(answers) + "\n", prog_name="busos")


def test_with_defaults_it_is_a_file_without_problems_whose_test_passes(run: Run, folder: Path) -> None:
    result = run("init", "--yes", "first")
    assert result.exit_code == 0
    assert "cd first" in result.stdout
    assert (folder / "first/schema/sequences.schema.json").exists()
    checked = run("validate", "first/sequences.yaml", "--strict")
    assert (checked.exit_code, checked.stdout) == (0, "0 errors, 0 warnings in first/sequences.yaml\n")
    assert run("test", "first/sequences.yaml").exit_code == 0
    assert run("fmt", "--check", "first/sequences.yaml").exit_code == 0


@pytest.mark.parametrize("start", ["signup", "purchase", "booking"])
@pytest.mark.parametrize("emails", ["1", "10"])
@pytest.mark.parametrize("segments", ["y", "n"])
@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("sender", ["office@example.com", "office@shop.com"])
def test_whatever_is_answered_works(run: Run, start: str, emails: str, segments: str, sender: str) -> None:
    result = answered("Müller, Söhne: Röhren #1", sender, start, emails, "1 Week 2 days", segments)
    assert result.exit_code == 0, result.output
    assert run("validate", "first/sequences.yaml", "--strict").stdout.startswith("0 errors, 0 warnings")
    assert run("test", "first/sequences.yaml").exit_code == 0


@pytest.mark.usefixtures("folder")
def test_a_wrong_answer_is_asked_again(run: Run) -> None:
    names, senders, gaps = ("A<b", "A\x1bb", "Acme"), ("nobody", "a@example.com"), ("2 dayz", "20 seconds", "2 days")
    result = answered(*names, *senders, "party", "signup", "11", "two", "2", *gaps, "n")
    assert result.exit_code == 0, result.output
    assert result.output.count("Error: ") == 8
    assert result.output.count("a number from 1 to 10") == 2
    assert 'a real wait of "20 seconds" is hardly meant' in result.output
    assert 'did you mean "2 days"?' in result.output


def test_nothing_is_overwritten(run: Run, folder: Path) -> None:
    before = (folder / "sequences.yaml").read_text()
    result = run("init", "--yes")
    assert result.exit_code == 2
    assert "sequences.yaml is there already" in result.stderr
    assert (folder / "sequences.yaml").read_text() == before
    (folder / "first/templates").mkdir(parents=True)
    (folder / "first/templates/welcome_2.md").write_text("mine")
    assert "welcome_2.md is there already" in run("init", "--yes", "first").stderr
    assert [path.name for path in (folder / "first").rglob("*") if path.is_file()] == ["welcome_2.md"]


def test_as_a_process_it_asks_and_answers(child: Child) -> None:
    ran = child("init", "--yes", "else where")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "cd 'else where'" in ran.stdout

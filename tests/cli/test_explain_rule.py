from __future__ import annotations

import pytest

from server.rules import names
from tests.cli.example import Child, Run


@pytest.mark.parametrize("rule", names())
def test_every_rule_is_explained(run: Run, rule: str) -> None:
    shown = run("explain-rule", rule)
    assert shown.exit_code == 0
    assert shown.stdout.startswith(f"{rule}\n\n")
    assert f"[{rule}]" in shown.stdout
    assert "```" not in shown.stdout


def test_the_list_says_why_each_is_there(run: Run) -> None:
    lines = run("explain-rule", "--list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == names()
    assert all(len(line.split()) > 3 for line in lines)


def test_a_misspelled_rule_is_answered_with_the_right_one(run: Run) -> None:
    result = run("explain-rule", "unknown-feld")
    assert result.exit_code == 2
    assert 'no rule is called "unknown-feld"; did you mean "unknown-field"?' in result.stderr
    assert "--list" in run("explain-rule", "xyz").stderr
    assert "name a rule" in run("explain-rule").stderr


def test_a_rule_can_be_pasted_with_its_brackets(run: Run) -> None:
    assert run("explain-rule", "[duration]").stdout == run("explain-rule", "duration").stdout


def test_it_starts_without_the_server(child: Child) -> None:
    assert child("explain-rule", "duration").returncode == 0

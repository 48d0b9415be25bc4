"""What a file says is shown, never obeyed: no word of it reaches a terminal as a command, or a picture as markup."""

from __future__ import annotations

import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.cli.example import FILE, TEMPLATES, Run

NAMED = {"a title": r"\u001b]0;owned\u0007", "a colour": r"\u009b31m", "another order": r"\u202egpj.exe"}
COMMANDS = [
    *("simulate welcome reds=3", "simulate welcome reds=3 --format json", "simulate welcome"),
    *("preview hello", "preview hello --step nudge --sequence welcome", "preview hello --format json"),
    *("graph", "graph welcome", "graph welcome --format svg", "graph quiz", "graph --format svg"),
    *("segments", "segments --format json", "config --effective", "fmt --diff", "test", "test --format junit"),
    *("validate", "plan --against HEAD", "test --format json", "simulate welcome reds=3 --against HEAD"),
    *("review --against HEAD", "segments --against HEAD", "test --coverage", "plan --against HEAD --json"),
]


@pytest.fixture(params=NAMED)
def hostile(request: pytest.FixtureRequest, folder: Path) -> Path:
    """A valid file with a word in every place that takes any text."""
    word = NAMED[request.param]
    text = (
        FILE.replace("default: there", f'default: "{word}"')
        .replace("id: nudge", f'id: nudge\n        subject: "{word}{{{{ first_name }}}}"\n        note: "{word}"')
        .replace("id: second", f'id: "{word}"')
        .replace("      - start: welcome\n", f'      - alert: "{word}"\n      - start: welcome\n')
        .replace("when: segment = HOT", f'when: segment = HOT\n      - stop: "{word}"')
        .replace("from: Sang Le <sang@example.com>", f'from: "Sang{word} <sang@example.com>"')
    )
    text += f'tests:\n  - name: "{word}"\n    at: 2025-11-12 10:00\n    sequence: welcome\n    expect: {{emails: []}}\n'
    (folder / "sequences.yaml").write_text(text)
    who = ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "one"]):
        subprocess.run([*who, *words], cwd=folder, check=True)
    edited = text.replace("24 hours", "2 days").replace("reds >= 2", "reds >= 3").replace(word, f"{word}x")
    (folder / "sequences.yaml").write_text(edited)
    return folder


@pytest.mark.usefixtures("hostile")
@pytest.mark.parametrize("words", COMMANDS)
def test_no_command_prints_what_a_terminal_obeys(run: Run, words: str) -> None:
    result = run(*words.split())
    assert result.exit_code in (0, 1), result.stderr
    assert {sign for sign in result.stdout + result.stderr if not sign.isprintable()} <= {"\n"}
    if words.endswith("svg"):
        assert ElementTree.fromstring(result.stdout).tag.endswith("svg")


def test_the_emails_of_the_example_are_still_told_line_by_line(run: Run) -> None:
    lines = run("preview", "hello", "first_name=Ada").stdout.splitlines()
    assert TEMPLATES["hello"].splitlines()[-1].replace("{{ first_name }}", "Ada") in lines

"""``busos simulate --against``: what an edit changes for the same contact, in sentences."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.example import FILE, Run

AT = ("--at", "2025-11-12 10:00")
WORDS = ("simulate", "welcome", "email=ada@example.com", "reds=2", *AT)


def against(run: Run, name: str, *words: str) -> list[str]:
    """The lines below the calendar."""
    result = run(*WORDS, *words, "--against", name)
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    return lines[next(index for index, line in enumerate(lines) if line.startswith(("against", "welcome is"))) :]


def git(folder: Path, *words: str) -> None:
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "init.defaultBranch=main")
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def before(folder: Path) -> Path:
    """The file as it was, beside the one that is edited."""
    (folder / "before.yaml").write_text(FILE)
    return folder


def edit(folder: Path, *pairs: tuple[str, str]) -> None:
    text = FILE
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    (folder / "sequences.yaml").write_text(text)


def test_the_same_file_changes_nothing(run: Run, before: Path) -> None:
    assert against(run, "before.yaml") == ["against before.yaml: nothing changes for this contact"]


@pytest.mark.parametrize(
    ("pairs", "lines"),
    [
        (
            [("wait: 24 hours", "wait: 6 hours")],
            [
                "  second: Thu 13 Nov 10:00 -> Wed 12 Nov 16:00",
                "  nudge: Fri 14 Nov 10:00 -> Thu 13 Nov 16:00",
            ],
        ),
        (
            [("        when: segment = HOT\n", "        when: segment = COLD\n")],
            ["  nudge is not sent any more (it was: Fri 14 Nov 10:00  Hello there)"],
        ),
        (
            [("      - wait: 1 day", "      - alert: Look\n      - email: cold\n      - wait: 1 day")],
            [
                "  alert discord is new: Thu 13 Nov 10:00  Look",
                "  cold is new: Thu 13 Nov 10:00  All is well",
            ],
        ),
        (
            [("HOT: reds >= 2", "HOT: reds >= 3")],
            [
                '  second has another template: "hot" -> "cold"',
                '  second has another subject: "You have 2 reds" -> "All is well"',
                "  nudge is not sent any more (it was: Fri 14 Nov 10:00  Hello there)",
                "  segment: HOT -> COLD",
            ],
        ),
        ([("        id: nudge\n", "        id: poke\n        was: nudge\n")], []),
        (
            [("stop_when: customer = true", "stop_when: reds = 2")],
            [
                "  hello is not sent any more (it was: Wed 12 Nov 10:00  Hello there)",
                "  second is not sent any more (it was: Thu 13 Nov 10:00  You have 2 reds)",
                "  nudge is not sent any more (it was: Fri 14 Nov 10:00  Hello there)",
                "  it ends: finished -> stopped: reds = 2",
            ],
        ),
    ],
)
def test_what_changes_is_said_in_sentences(
    run: Run, before: Path, pairs: list[tuple[str, str]], lines: list[str]
) -> None:
    edit(before, *pairs)
    found = against(run, "before.yaml")
    first = "against before.yaml:" if lines else "against before.yaml: nothing changes for this contact"
    assert found == [first, *lines]


def test_a_new_sequence_is_new(run: Run, before: Path) -> None:
    (before / "before.yaml").write_text(FILE.replace("welcome:", "hello:").replace("start: welcome", "start: hello"))
    assert against(run, "before.yaml") == ["welcome is new: before.yaml has no such sequence"]


def test_a_commit_has_its_own_file_and_its_own_templates(run: Run, folder: Path) -> None:
    git(folder, "init")
    git(folder, "add", ".")
    git(folder, "commit", "-m", "First")
    edit(folder, ("wait: 24 hours", "wait: 6 hours"))
    (folder / "templates" / "hot.md").write_text("---\nsubject: Call us\n---\nNow.\n")
    (folder / "templates" / "hello.md").unlink()
    (folder / "templates" / "hello.html").write_text("---\nsubject: Hello {{ first_name }}\n---\n<p>Hi</p>\n")

    assert against(run, "HEAD") == [
        "against sequences.yaml at HEAD:",
        "  second: Thu 13 Nov 10:00 -> Wed 12 Nov 16:00",
        '  second has another subject: "You have 2 reds" -> "Call us"',
        "  nudge: Fri 14 Nov 10:00 -> Thu 13 Nov 16:00",
    ]


def test_fields_and_triggers_that_were_not_there(run: Run, before: Path) -> None:
    edit(before, ("  customer: {type: checkbox}\n", "  customer: {type: checkbox}\n  city: {type: text}\n"))
    assert against(run, "before.yaml", "city=Berlin") == ["against before.yaml: nothing changes for this contact"]

    (before / "before.yaml").write_text(FILE.replace("  bought:\n    requires: [email, customer]\n", ""))
    result = run(*WORDS, "--against", "before.yaml", "--send", "bought@+1 day customer=true")
    assert result.exit_code == 2
    assert 'before.yaml does not take this: no trigger is called "bought"' in result.stderr


def test_json_has_both_stories_and_the_changes(run: Run, before: Path) -> None:
    edit(before, ("wait: 24 hours", "wait: 6 hours"))
    document: dict[str, Any] = json.loads(run(*WORDS, "--against", "before.yaml", "--format", "json").stdout)
    other = document["against"]
    assert (other["name"], other["outcome"], other["segment"]) == ("before.yaml", "finished", "HOT")
    assert [entry["at"] for entry in other["story"] if "template" in entry][1] == "2025-11-13T10:00:00-05:00"
    assert other["changes"][0] == {
        "step": "second",
        "change": "time",
        "before": "Thu 13 Nov 10:00",
        "after": "Wed 12 Nov 16:00",
    }


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("HEAD", "git has no sequences.yaml at HEAD: not a git repository"),
        ("--help", '"--help" is not the name of a commit, a branch or a tag'),
        ("broken.yaml", "broken.yaml has errors, so nothing can be compared with it: broken.yaml:26:15:"),
    ],
)
def test_what_cannot_be_compared_with_is_one_sentence(run: Run, folder: Path, name: str, said: str) -> None:
    (folder / "broken.yaml").write_text(FILE.replace("24 hours", "24 houres"))
    result = run(*WORDS, f"--against={name}")
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
    assert result.stderr.count("\n") == 1

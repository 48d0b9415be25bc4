from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.model import Contact, RunStatus
from engine.model import Run as Journey
from engine.runtime.ledger import Ledger
from tests.cli.example import Run

NOON = datetime(2025, 11, 12, 17, tzinfo=UTC)


@pytest.fixture
def crowd(folder: Path) -> Path:
    """Three people before the second email, one of them held and one paused."""
    states = [RunStatus.WAITING, RunStatus.HELD, RunStatus.WAITING]
    contacts = [Contact(id=f"c{number}", email=f"{number}@example.com") for number in range(3)]
    runs = [
        Journey(
            id=f"r{number}",
            program="welcome",
            contact_id=f"c{number}",
            status=status,
            step="second",
            since=NOON,
            due_at=NOON,
            started_at=NOON,
        )
        for number, status in enumerate(states)
    ]
    with Ledger.open("sqlite:///busos.db") as opened, opened.write() as tx:
        tx.put_revision("abc", "version: 1", NOON)
        tx.put_contacts(contacts, NOON)
        tx.add_runs(runs, "abc")
        tx.pause_runs(["r2"], NOON)
    return folder


def test_a_sequence_is_drawn_in_mermaid(run: Run) -> None:
    result = run("graph", "welcome")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("flowchart TD\n")
    assert '-->|"24 hours"|' in result.stdout
    assert result.stdout == run("graph", "welcome").stdout


def test_without_a_name_the_whole_file_is_drawn(run: Run) -> None:
    assert run("graph").stdout.count("trigger</small>") == 2
    assert run("graph", "--format", "svg").stdout.startswith("<svg ")


def test_a_trigger_can_be_drawn_too(run: Run) -> None:
    assert "<b>welcome</b>" in run("graph", "quiz").stdout


def test_a_wrong_name_is_answered_with_the_right_one(run: Run) -> None:
    result = run("graph", "welcom")
    assert result.exit_code == 2
    assert 'no sequence is called "welcom"; did you mean "welcome"?' in result.stderr


@pytest.mark.usefixtures("crowd")
@pytest.mark.parametrize("options", [["--people"], ["--ledger", "sqlite:///busos.db"]])
def test_people_are_counted_where_they_stand(run: Run, options: list[str]) -> None:
    assert "<b>1 waiting, 1 held, 1 paused</b>" in run("graph", "welcome", *options).stdout
    assert "1 waiting, 1 held, 1 paused" in run("graph", *options).stdout
    assert "1 held, 1 paused" in run("graph", "welcome", "--format", "svg", *options).stdout


def test_counting_people_makes_no_ledger(run: Run, folder: Path) -> None:
    result = run("graph", "welcome", "--people")
    assert result.exit_code == 2
    assert "there is no ledger" in result.stderr
    assert not (folder / "busos.db").exists()

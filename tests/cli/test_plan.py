"""``busos plan`` and ``busos validate --against``, with people in a real ledger and a file in a real repository."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.model import Contact, RunStatus
from engine.model import Run as Journey
from engine.runtime.ledger import Ledger
from tests.cli.example import FILE, Run

HOUR = timedelta(hours=1)


@pytest.fixture
def people(folder: Path) -> Path:
    """Twelve people who wait for the second email, since 1 to 12 hours; one of them is paused, another got it all."""
    now = datetime.now(UTC)
    with Ledger.open("sqlite:///busos.db") as opened, opened.write() as tx:
        tx.put_revision("before", FILE, now)
        tx.put_contacts([Contact(id=f"c{n:02}", email=f"p{n}@example.com") for n in range(14)], now)
        runs = [_waiting(n, now - n * HOUR - HOUR / 2) for n in range(12)]
        tx.add_runs([*runs, runs[0].evolve(id="r98", contact_id="c12"), _over(now)], "before")
        tx.pause_runs(["r98"], now)
    return folder


def _waiting(n: int, since: datetime) -> Journey:
    return Journey(
        id=f"r{n:02}",
        program="welcome",
        contact_id=f"c{n:02}",
        status=RunStatus.WAITING,
        step="second",
        since=since,
        due_at=since + 24 * HOUR,
        started_at=since,
        segment="HOT",
    )


def _over(now: datetime) -> Journey:
    ended = _waiting(13, now - 99 * HOUR)
    return ended.evolve(id="r99", status=RunStatus.FINISHED, step=None, due_at=None, ended_at=now)


def edit(folder: Path, *changes: tuple[str, str]) -> None:
    text = FILE
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    (folder / "sequences.yaml").write_text(text)


@pytest.mark.usefixtures("people")
def test_an_unedited_file_changes_nothing(run: Run) -> None:
    result = run("plan")
    assert (result.exit_code, result.stdout) == (0, "Nothing changes for anybody who is in a sequence.\n")


def test_each_edit_is_told_with_its_people(run: Run, people: Path) -> None:
    edit(people, ("24 hours", "6 hours"))
    result = run("plan")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        "welcome: wait before second: 24 hours -> 6 hours\n"
        "   12 people wait there: 6 would be sent at once (spread over 10 minutes), "
        "6 earlier than before, nobody later\n"
        "Besides, 1 stands still until somebody resumes it.\n"
    )


def test_a_question_is_a_no(run: Run, people: Path) -> None:
    edit(people, ("id: second", "id: third"))
    result = run("plan")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[:2] == [
        'welcome: "second" is gone and "third" stands in its place: a rename?  then write  was: second'
        "  (or  was: nothing  if it is a new step)",
        "   13 people wait at it; nothing is loaded until the file says which it is",
    ]
    validated = run("validate", "--against", "ledger")
    assert validated.exit_code == 1
    assert "and 13 people wait there: a rename?  [unclear-rename]" in validated.stdout
    assert run("validate", "--against", f"sqlite:///{people / 'busos.db'}").exit_code == 1
    edit(people, ("id: second", "id: third\n        was: second"))
    assert run("plan").exit_code == 0
    assert run("validate", "--against", "ledger").exit_code == 0


def test_json_has_every_count(run: Run, people: Path) -> None:
    edit(people, ("24 hours", "6 hours"))
    document = json.loads(run("plan", "--json").stdout)
    assert document == {
        "ok": True,
        "counted": True,
        "paused": 1,
        "edits": [
            {
                "sequence": "welcome",
                "edit": "wait",
                "step": "second",
                "before": "24 hours",
                "after": "6 hours",
                "text": "wait before second: 24 hours -> 6 hours",
                "people": {"at once": 6, "earlier": 6, "later": 0, "same": 0, "ahead": 0},
            }
        ],
    }


def test_a_file_with_errors_is_told_as_validate_tells_it(run: Run, people: Path) -> None:
    edit(people, ("24 hours", "24 houres"))
    result = run("plan")
    assert result.exit_code == 1
    assert "[duration]" in result.stdout


@pytest.mark.usefixtures("folder")
def test_without_a_ledger_there_is_nobody_to_plan_for(run: Run) -> None:
    result = run("plan")
    assert result.exit_code == 2
    assert "there is no ledger" in result.stderr


def test_against_a_commit_and_without_a_ledger_the_edits_alone_are_told(run: Run, folder: Path) -> None:
    git = ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "one"]):
        subprocess.run([*git, *words], cwd=folder, check=True)
    edit(folder, ("24 hours", "6 hours"))
    result = run("plan", "--against", "HEAD")
    assert (result.exit_code, result.stdout) == (
        0,
        "welcome: wait before second: 24 hours -> 6 hours\nThere is no ledger here, so nobody was counted.\n",
    )
    assert run("validate", "--against", "HEAD").exit_code == 0
    edit(folder, ("id: second", "id: third"))
    assert run("validate", "--against", "HEAD").exit_code == 1
    assert run("plan", "--against", "HEAD").exit_code == 1
    nowhere = run("validate", "--against", "nowhere")
    assert nowhere.exit_code == 2
    assert "git has no sequences.yaml at nowhere" in nowhere.stderr
    (folder / "sequences.yaml").write_text("version: 2\n")
    subprocess.run([*git, "commit", "-qam", "broken"], cwd=folder, check=True)
    edit(folder)
    assert "at HEAD sequences.yaml has errors" in run("validate", "--against", "HEAD").stderr

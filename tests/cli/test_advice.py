"""Commands that are printed for people to go on with are pasted into a shell, and work."""

from __future__ import annotations

import re
import shlex
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.model import Contact, RunStatus
from engine.model import Run as Journey
from engine.runtime.ledger import Ledger
from engine.runtime.ledger.restored import Unsure
from server.cli.control.restored import commands
from tests.cli.example import FILE, Run

NOW = datetime.now(UTC)
OURS = "autumn's file.yaml"


@pytest.fixture
def elsewhere(folder: Path) -> Path:
    """Ada waits in a file whose name a shell would take apart; the usual one is not there."""
    (folder / "sequences.yaml").rename(folder / OURS)
    (folder / ".env").write_text("BUSOS_DATABASE_URL=sqlite:///autumn.db\n")
    with Ledger.open("sqlite:///autumn.db") as ledger, ledger.write() as tx:
        tx.put_revision("abc", FILE, NOW)
        tx.put_contacts([Contact(id="ada", email="ada@example.com")], NOW)
        stands = {"status": RunStatus.WAITING, "step": "second", "since": NOW, "due_at": NOW, "started_at": NOW}
        tx.add_runs([Journey(id="ada", program="welcome", contact_id="ada", **stands)], "abc")  # type: ignore[arg-type]
    return folder


def pasted(text: str) -> list[list[str]]:
    """The commands that a text ends its lines with, as a shell takes them apart."""
    return [shlex.split(line)[1:] for line in re.findall(r"busos (?:runs|worker|doctor).*$", text, re.M)]


@pytest.mark.usefixtures("elsewhere")
def test_what_goes_on_with_paused_runs_names_the_same_runs_in_the_same_file(run: Run) -> None:
    which = ("--sequence", "welcome", "--started-since", "2020-01-01 10:00", "--file", OURS)
    told = run("runs", "pause", *which, "--yes").stdout
    (words,) = pasted(told)
    assert words == ["runs", "resume", *which]
    assert run(*words).exit_code == 0


@pytest.mark.usefixtures("elsewhere")
def test_stories_and_refusals_name_the_file_too(run: Run) -> None:
    assert run("runs", "pause", "ada", "-f", OURS).exit_code == 0
    assert pasted(run("runs", "show", "ada", "-f", OURS).stdout) == [["runs", "resume", "ada", "--file", OURS]]
    (see,) = pasted(run("runs", "show", "bo", "-f", OURS).stderr)
    assert see == ["runs", "list", "--file", OURS]
    assert run(*see).exit_code == 0
    (story,) = pasted(run("send", "quiz", "email=o'hara@example.com", "reds=2", "-f", OURS).stdout)
    assert story == ["runs", "show", "o'hara@example.com", "--file", OURS]
    assert run(*story).exit_code == 0


def test_what_a_restore_advises_is_quoted_for_a_shell() -> None:
    told = list(commands(Unsure("trigger o'clock", "second $step", 2, NOW), more=False))[1:]
    which = ["--sequence", "trigger o'clock", "--step", "second $step"]
    assert [shlex.split(line.split("  \x1b")[0])[1:] for line in told] == [
        ["runs", "list", "--paused", "--sequence", "trigger o'clock"],
        ["runs", "resume", *which, "--overdue", "spread", "2", "hours"],
        ["runs", "skip", *which],
        ["runs", "stop", *which],
    ]

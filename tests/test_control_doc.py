"""Every example of docs/control.md is run, in its order, on a ledger with people in it."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest

from engine.model import Contact, Run, RunStatus
from engine.runtime.clock import Ids
from engine.runtime.ledger import Ledger
from engine.runtime.settings import SETTINGS
from server.cli.verbs.runs import command as runs
from tests.fences import ROOT, Fence, fences

NAMES = ["ada", "bo", "cy", "di", "eve", "finn", "gus", "hal", "ivy", "jo", "kim", "lou", "max", "ned", "ola", "pat"]
BATCH = datetime(2025, 11, 12, 15, 12, tzinfo=UTC)  # 10:12 in Toronto
HOUR = timedelta(hours=1)


def run_of(number: int, ids: Ids, now: datetime, started: datetime) -> Run:
    """Ten of forty are overdue; every third of the first is URGENT; the last twelve are the wrong batch."""
    wrong = number >= 40
    overdue = number % 4 == 0 and not wrong
    return Run(
        id=ids.new(started),
        program="nurture",
        contact_id=f"c{number:02}",
        status=RunStatus.WAITING,
        step="email_3" if number % 5 > 2 and not wrong else "email_2",
        since=now - 30 * HOUR,
        due_at=now - (3 * HOUR - timedelta(minutes=number)) if overdue else now + 20 * HOUR,
        started_at=started,
        segment="URGENT" if number % 3 == 1 and not wrong else "CRITICAL",
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "sequences.yaml", tmp_path)
    shutil.copytree(ROOT / "templates", tmp_path / "templates")
    text, now, ids = (ROOT / "sequences.yaml").read_text(encoding="utf-8"), datetime.now(UTC), Ids()
    revision = hashlib.sha256(text.encode()).hexdigest()[:12]
    with Ledger.open(f"sqlite:///{tmp_path}/busos.db") as ledger, ledger.write() as tx:
        tx.put_revision(revision, text, now)
        wrong = [run_of(number, ids, now, BATCH) for number in range(40, 52)]
        right = [run_of(number, ids, now, now - 40 * HOUR) for number in range(40)]
        tx.put_contacts([_contact(number) for number in range(52)], now)
        tx.add_runs([*wrong, *right], revision)
    return tmp_path


def _contact(number: int) -> Contact:
    count = f"{number // 16 + 1}" if number >= 16 else ""
    return Contact(id=f"c{number:02}", email=f"{NAMES[number % 16]}{count}@example.com")


def hold_two(folder: Path) -> None:
    """What the example of ``--held`` shows."""
    now = datetime.now(UTC)
    reasons = {
        "bo": ("the template email_2b_urgent is missing", False),
        "eve": ("it is not known whether this email was sent: the answer timed out", True),
    }
    with Ledger.open(f"sqlite:///{folder}/busos.db") as ledger, ledger.write() as tx:
        for name, (reason, doubt) in reasons.items():
            contact = tx.contacts_by_email([f"{name}@example.com"])[f"{name}@example.com"]
            [taken] = tx.take([run.id for run in tx.live_runs(contact.id)], now, HOUR)
            asked = now - 48 * HOUR if doubt else None
            tx.settle([taken.run.evolve(status=RunStatus.HELD, reason=reason, in_doubt=doubt, asked_at=asked)])


def said(command: str, folder: Path) -> str:
    ours = {setting.name for setting in SETTINGS}
    ran = subprocess.run(
        [sys.executable, "-m", "server.cli", *shlex.split(command)[1:]],
        check=False,
        cwd=folder,
        env={**{name: value for name, value in os.environ.items() if name not in ours}, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout


def examples() -> list[Fence]:
    return [one for one in fences("console") if one.page == "docs/control.md"]


def test_every_example_of_the_page_says_what_it_shows_one_after_the_other(folder: Path) -> None:
    assert len(examples()) >= 6
    for example in examples():
        command, _, shown = example.text.removeprefix("$ ").partition("\n")
        if "--held" in command:
            hold_two(folder)
        printed = said(command, folder)
        expected = re.escape(shown.strip()).replace("…", ".*?")
        assert re.fullmatch(expected, printed.strip(), re.DOTALL), f"{example}\n{printed}"


def test_every_verb_that_the_page_names_is_there_and_every_verb_is_named() -> None:
    text = (ROOT / "docs/control.md").read_text(encoding="utf-8")
    named = set(re.findall(r"busos runs (\w+)", text))
    assert named == set(runs.list_commands(click.Context(runs)))

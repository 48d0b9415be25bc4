"""Every example of docs/backup.md is run on a ledger with people in it, and says what the page shows."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.model import Contact, Entry, Run, RunStatus
from engine.runtime.ledger import Ledger
from engine.runtime.settings import SETTINGS
from tests.fences import ROOT, Fence, fences
from tests.postgres import database

PAGE = "docs/backup.md"
ELSEWHERE = "postgresql://busos@db.example.com/busos"
HOUR = timedelta(hours=1)


def a_run(number: int, now: datetime) -> Run:
    """Three are due before email_2, one before email_3, two later; the last has ended long ago."""
    ended = now - timedelta(days=500) if number == 6 else None
    return Run(
        id=f"r{number}",
        program="nurture",
        contact_id=f"c{number}",
        status=RunStatus.FINISHED if ended else RunStatus.WAITING,
        step=None if ended else "email_3" if number == 3 else "email_2",
        since=now - 30 * HOUR,
        due_at=None if ended else now - 2 * HOUR if number < 4 else now + 20 * HOUR,
        started_at=now - 30 * HOUR,
        ended_at=ended,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "sequences.yaml", tmp_path)
    shutil.copytree(ROOT / "templates", tmp_path / "templates")
    now = datetime.now(UTC)
    runs = [a_run(number, now) for number in range(7)]
    lines = [
        (run.id, Entry(at=now, step=None, kind=kind, note=""))
        for run in runs
        for kind in (("start", "end") if run.status.ended else ("start",))
    ]
    with Ledger.open(f"sqlite:///{tmp_path}/busos.db") as ledger, ledger.write() as tx:
        tx.put_contacts([Contact(id=f"c{number}", email=f"person{number}@example.com") for number in range(8)], now)
        tx.add_runs(runs, "revision")
        tx.tell(lines, "revision")
    return tmp_path


@pytest.fixture
def elsewhere() -> Iterator[list[str]]:
    """The address of an empty database, for the example that needs one."""
    with ExitStack() as stack:
        yield [stack.enter_context(database())]


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
    return [one for one in fences("console") if one.page == PAGE]


def before(command: str, folder: Path) -> None:
    """What an example takes for granted: a backup, and somebody who unsubscribed after it."""
    if " restore " in command:
        said("busos backup monday.db", folder)
        with Ledger.open(f"sqlite:///{folder}/busos.db") as ledger, ledger.write() as tx:
            tx.suppress(["c7"], "unsubscribed", datetime.now(UTC))


@pytest.mark.parametrize("example", examples(), ids=str)
def test_an_example_says_what_it_shows(example: Fence, folder: Path, request: pytest.FixtureRequest) -> None:
    command, _, shown = example.text.removeprefix("$ ").partition("\n")
    before(command, folder)
    if ELSEWHERE in command:
        (url,) = request.getfixturevalue("elsewhere")
        printed = said(command.replace(ELSEWHERE, url), folder).replace(url, ELSEWHERE)
    else:
        printed = said(command, folder)
    expected = re.escape(shown.strip()).replace("…", ".*?")
    assert re.fullmatch(expected, printed.strip(), re.DOTALL), printed


def test_the_page_shows_each_of_the_verbs() -> None:
    shown = {" ".join(one.text.split()[1:3]) for one in examples()}
    assert shown == {"busos backup", "busos restore", "busos ledger"}
    assert len(examples()) == 5


def test_every_verb_of_the_ledger_is_on_the_page() -> None:
    text = (ROOT / PAGE).read_text(encoding="utf-8")
    verbs = {path.stem for path in (ROOT / "server/cli/verbs/ledger").glob("[a-z]*.py")}
    assert {verb for verb in verbs if f"busos ledger {verb}" not in text} == set()

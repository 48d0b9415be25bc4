"""What the ledger says of itself: whether it is sound and writable, who works on it, and what waits in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from engine.errors import BusosError
from engine.runtime.settings import Settings
from server.cli.checkup.finding import Finding, fail, ok, warn

if TYPE_CHECKING:
    from engine.runtime.ledger import Ledger, Transaction

LATE = timedelta(minutes=5)
_RESTORE = "stop busos, keep a copy of the file, and go back to the last backup"


def ledger_findings(settings: Settings) -> Iterator[Finding]:
    """Everything about the ledger; an absent one is not made."""
    from engine.runtime.ledger import Ledger
    from engine.runtime.ledger.connection import file_of

    try:
        path = file_of(settings.database_url)
        if not path.exists():
            yield _absent(str(path), os.access(path.parent, os.W_OK))
            return
        with Ledger.open(settings.database_url) as ledger:
            yield from _open_findings(ledger)
    except BusosError as error:
        yield fail("database", str(error), "correct BUSOS_DATABASE_URL, or the rights of the file and its folder")


def _absent(path: str, writable: bool) -> Finding:
    if writable:
        return ok("database", f"{path} is not there yet; it is made at the first start")
    return fail("database", f"{path} cannot be made here", "correct BUSOS_DATABASE_URL, or the rights of the folder")


def _open_findings(ledger: Ledger) -> Iterator[Finding]:
    from engine.runtime.system import ALIVE

    now = datetime.now(UTC)
    wrong = ledger.check()
    yield fail("database", "; ".join(wrong[:3]), _RESTORE) if wrong else ok("database", f"{ledger.path} is sound")
    with ledger.write() as tx:
        tx.put_note("last doctor check", now.isoformat())
    with ledger.read() as tx:
        yield _queue(tx, now)
        seen = tx.workers_seen_since(now - ALIVE)
        yield _workers(len(seen))
        yield from _waiting(tx)
        yield from _ahead(tx, now)


def _queue(tx: Transaction, now: datetime) -> Finding:
    due = tx.next_due(now)
    if due is None:
        return ok("queue", "the ledger; nothing waits")
    return ok(
        "queue", "the ledger; something is due now" if due <= now else f"the ledger; next at {due:%Y-%m-%d %H:%M} UTC"
    )


def _workers(seen: int) -> Finding:
    if seen:
        return ok("worker", f"{seen} seen in the last minute")
    return warn("worker", "none seen in the last minute: nothing is sent", "run busos worker (or busos dev)")


def _waiting(tx: Transaction) -> Iterator[Finding]:
    """What waits for a person."""
    from engine.model import RunStatus

    held = sum(n for (_, status), n in tx.counts().items() if status is RunStatus.HELD)
    if held:
        yield warn("runs", f"{held} are held", "see why: busos runs list --status held")
    for (kind, status), n in sorted(tx.outbox_counts().items()):
        if status == "failed":
            yield warn(kind, f"{n} could not be delivered", "look into the logs of the worker for the reason")


def _ahead(tx: Transaction, now: datetime) -> Iterator[Finding]:
    latest = tx.latest_revision()
    if latest is not None and latest.loaded_at is not None and latest.loaded_at > now + LATE:
        said = f"the ledger was last used at {latest.loaded_at:%Y-%m-%d %H:%M} UTC, which is in the future"
        yield fail("clock", said, "set the clock: timedatectl set-ntp true")

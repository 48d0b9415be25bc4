"""What the ledger says of itself: whether it is sound and writable, who works on it, and what waits in it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from engine.errors import BusosError, LedgerUnavailable
from engine.runtime.settings import Settings
from server.cli.advice import command_line
from server.cli.checkup.finding import Finding, fail, ok, warn

if TYPE_CHECKING:
    from engine.runtime.ledger import Absent, Ledger, Transaction

LATE = timedelta(minutes=5)
DATABASE = "database"
_RESTORE = "stop busos, keep a copy of the file, and go back to the last backup"


def ledger_findings(settings: Settings) -> Iterator[Finding]:
    """Everything about the ledger; an absent one is not made."""
    from engine.runtime.ledger import Ledger, there_is_none

    try:
        if (absent := there_is_none(settings.database_url)) is not None:
            yield _absent(absent)
            return
        with Ledger.open(settings.database_url) as ledger:
            yield from _open_findings(ledger)
    except BusosError as error:
        yield _unusable(error)


def _unusable(error: BusosError) -> Finding:
    full = "disk is full" in str(error)
    fix = "free some space" if full else "correct BUSOS_DATABASE_URL, or the rights of the file and its folder"
    return fail(DATABASE, str(error), fix)


def _absent(absent: Absent) -> Finding:
    if absent.can_be_made:
        return ok("database", f"{absent.place} is not there yet; it is made at the first start")
    hint = "correct BUSOS_DATABASE_URL, or this user's rights there"
    return fail("database", f"{absent.place} is not there yet and cannot be made by this user", hint)


def _open_findings(ledger: Ledger) -> Iterator[Finding]:
    from engine.runtime.system import ALIVE

    now = datetime.now(UTC)
    database = _database(ledger, now)
    with ledger.read() as tx:
        yield (database.state == "ok" and _marked(tx, ledger.place)) or database
        yield _due(tx, now)
        seen = tx.workers_seen_since(now - ALIVE)
        yield _workers(len(seen))
        yield from _waiting(tx)
        yield from _ahead(tx, now)
        yield from _shut(tx, now)


def _database(ledger: Ledger, now: datetime) -> Finding:
    """Whether it is sound, and can be written to."""
    if wrong := ledger.check():
        return fail(DATABASE, "; ".join(wrong[:3]), _RESTORE)
    try:
        with ledger.write() as tx:
            tx.put_note("last doctor check", now.isoformat())
    except LedgerUnavailable as error:
        return _unusable(error)
    return ok(DATABASE, f"{ledger.place} is sound")


def _marked(tx: Transaction, place: str) -> Finding | None:
    """A backup, or a ledger that was moved away: busos refuses to work on it."""
    if (mark := tx.mark()) is not None:
        again = "run busos ledger copy again" if mark.moved_from else "run busos restore without a file"
        return fail(DATABASE, mark.told(place), f"correct BUSOS_DATABASE_URL, or {again}")
    return None


def _due(tx: Transaction, now: datetime) -> Finding:
    times = [due for due in (tx.next_due(now, "move"), tx.next_due(now, "post")) if due is not None]
    due = min(times, default=None)
    if due is None:
        return ok("due", "nothing waits")
    return ok("due", "something is due now" if due <= now else f"next at {due:%Y-%m-%d %H:%M} UTC")


def _workers(seen: int) -> Finding:
    if seen:
        return ok("worker", f"{seen} seen in the last minute")
    return warn(
        "worker",
        "none seen in the last minute: nothing is sent",
        f"run {command_line('worker')} (or {command_line('dev')})",
    )


def _waiting(tx: Transaction) -> Iterator[Finding]:
    """What waits for a person."""
    from engine.model import RunStatus

    held = sum(n for (_, status), n in tx.counts().items() if status is RunStatus.HELD)
    if held:
        yield warn("runs", f"{held} are held", f"see why: {command_line('runs', 'list', '--held')}")
    for (kind, status), n in sorted(tx.outbox_counts().items()):
        if status == "failed":
            yield warn(kind, f"{n} could not be delivered", "look into the logs of the worker for the reason")


def _ahead(tx: Transaction, now: datetime) -> Iterator[Finding]:
    latest = tx.latest_revision()
    if latest is not None and latest.loaded_at is not None and latest.loaded_at > now + LATE:
        said = f"the ledger was last used at {latest.loaded_at:%Y-%m-%d %H:%M} UTC, which is in the future"
        yield fail("clock", said, "set the clock: timedatectl set-ntp true")


def _shut(tx: Transaction, now: datetime) -> Iterator[Finding]:
    """Vendors that are left alone just now, and why."""
    from engine.pacing import shut
    from engine.runtime.paces.stores import decoded

    for key, raw in tx.paces().items():
        kept = decoded(raw)
        closed = shut(kept.state, now.timestamp()) if kept else None
        if closed is not None:
            until = datetime.fromtimestamp(closed[0], UTC)
            fix = "mend what it says; busos asks again by itself, and at once when a worker is started"
            yield warn(key.split()[0], f"is left alone until {until:%H:%M:%S} UTC: {closed[1]}", fix)

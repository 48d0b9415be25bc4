"""A whole ledger from one database to another: of the two that are alike afterwards, one is worked on.

A move leaves a mark in the ledger that it comes from; a copy that is taken while busos runs carries the mark itself.
Everything is compared before the target becomes visible: one that differs is not kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.errors import LedgerUnavailable
from engine.runtime.ledger.copying.copy import copied
from engine.runtime.ledger.copying.places import blank, opened, snapshot
from engine.runtime.ledger.copying.sides import Progress, Snapshot
from engine.runtime.ledger.copying.sqlite import in_use
from engine.runtime.ledger.copying.sums import Compared
from engine.runtime.ledger.databases import Database, database_at
from engine.runtime.ledger.ledger import Ledger
from engine.runtime.ledger.restored import MARK, Mark


@dataclass(frozen=True, slots=True)
class Moved:
    """A copy that is whole. ``marked`` says that the source is not worked on any more."""

    compared: Sequence[Compared]
    source: str
    target: str
    marked: bool


def move(source: str, target: str, now: datetime, progress: Progress, *, while_running: bool = False) -> Moved:
    """Copy the ledger at one address to another, where there is none.

    Raises ``LedgerUnavailable`` when there is nothing to copy, when the target has something in it, and when busos
    is at work on the source (unless ``while_running``); ``CopyDiffers`` when the check at the end fails.
    """
    there = database_at(target).place
    with opened(source) as database:
        if database.place == there:
            raise LedgerUnavailable(f"{there} is both: name two different places.")
        database.prepare()
        _refuse_moved(database)
        database.close()  # our own connections would count as somebody at work
        with snapshot(database, alone=not while_running) as before:
            compared = _copied(before, target, now, progress, while_running)
            if not while_running:
                before.leave(MARK, Mark(now, there).text())
        return Moved(compared, database.place, there, marked=not while_running)


def _refuse_moved(database: Database) -> None:
    with Ledger(database).read() as tx:
        mark = tx.mark()
    if mark is not None and mark.moved_to is not None:
        raise LedgerUnavailable(mark.told(database.place))


def _copied(before: Snapshot, target: str, now: datetime, progress: Progress, while_running: bool) -> list[Compared]:
    with blank(target) as after:
        compared = copied(before, after, progress)
        if while_running:
            after.note(MARK, Mark(now).text())
        elif before.used():
            raise LedgerUnavailable(in_use("that was being copied"))
    return compared

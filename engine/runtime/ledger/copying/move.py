"""A whole ledger from one database to another: of the two that are alike afterwards, one is worked on.

A move leaves a mark in the ledger that it comes from; a copy that is taken while busos runs carries the mark itself.
Everything is compared before the target becomes visible: one that differs is not kept.

Two databases cannot be changed at one instant. So the target of a move is born with a mark, the source gets its own,
and only then the target's is taken off: whenever this is killed, at most one of the two can be worked on. The same
move once more deletes such a target, which nobody has ever worked on, and begins anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from engine.errors import LedgerUnavailable
from engine.runtime.ledger.copying.copy import copied
from engine.runtime.ledger.copying.places import blank, mark_at, opened, put_mark, snapshot
from engine.runtime.ledger.copying.sides import Progress, Snapshot
from engine.runtime.ledger.copying.sqlite import in_use
from engine.runtime.ledger.copying.sums import Compared
from engine.runtime.ledger.databases import Database, database_at
from engine.runtime.ledger.databases.sqlite import Sqlite
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
    """Copy the ledger at one address to another, where there is none, or one of a move that was interrupted.

    Raises ``LedgerUnavailable`` when there is nothing to copy, when the target has something in it, and when busos
    is at work on the source (unless ``while_running``); ``CopyDiffers`` when the check at the end fails.
    """
    there = database_at(target).place
    with opened(source) as database:
        if database.place == there:
            raise LedgerUnavailable(f"{there} is both: name two different places.")
        database.prepare()
        here, left = _whence(database), mark_at(target)
        again = left is not None and left.moved_from == here
        if left is not None and left.moved_from is not None and not again:
            raise LedgerUnavailable(left.told(there))
        former = _as_it_was(database, left if again and not while_running else None)
        database.close()  # our own connections would count as somebody at work
        with snapshot(database, alone=not while_running) as before:
            if while_running:
                compared = _copied(before, target, Mark(now), progress, again=again)
            else:
                if again:
                    before.leave(former)  # first: the mark leads to what is deleted now
                compared = _copied(before, target, Mark(now, moved_from=here), progress, alone=True, again=again)
                _hand_over(before, target, Mark(now, there, taken=former.at if former else None), former)
        return Moved(compared, database.place, there, marked=not while_running)


def _whence(database: Database) -> str:
    """A source as its target remembers it, from whatever folder it is named."""
    return str(database.path.resolve()) if isinstance(database, Sqlite) else database.place


def _as_it_was(database: Database, left: Mark | None) -> Mark | None:
    """The mark that the source had before any move, as a copy that was never put to use.

    Refuses one that was moved, unless it is by the very move that left its target behind unfinished, and one that is
    such a target itself.
    """
    with Ledger(database).read() as tx:
        mark = tx.mark()
    if mark is None or (mark.moved_to is None and mark.moved_from is None):
        return mark
    if mark.moved_to is None or left is None or left.at != mark.at:
        raise LedgerUnavailable(mark.told(database.place))
    return Mark(mark.taken) if mark.taken else None


def _copied(
    before: Snapshot, target: str, mark: Mark, progress: Progress, *, alone: bool = False, again: bool = False
) -> list[Compared]:
    with blank(target, again=again) as after:
        compared = copied(before, after, progress)
        after.note(MARK, mark.text())
        if alone and before.used():
            raise LedgerUnavailable(in_use("that was being copied"))
    return compared


def _hand_over(before: Snapshot, target: str, mark: Mark, former: Mark | None) -> None:
    """From here on the target is the one: the source says so first."""
    with _to_be_run_again():
        before.leave(mark)
        if before.used():  # who began before the mark was there has not seen it
            before.leave(former)
            raise LedgerUnavailable("busos was started on the ledger that was being moved: stop it.")
        put_mark(target, former)


@contextmanager
def _to_be_run_again() -> Iterator[None]:
    try:
        yield
    except LedgerUnavailable as error:
        words = f"{error} The move did not come to its end: run it again, with the same two places."
        raise LedgerUnavailable(words) from error

"""A ledger into a file of its own, as it was at one moment, while everything goes on.

The file carries a mark: nothing is worked on before ``restore`` has looked after what was sent since.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from engine.errors import LedgerUnavailable
from engine.runtime.ledger.copying.copy import copied
from engine.runtime.ledger.copying.drafts import Draft, draft
from engine.runtime.ledger.copying.places import opened, refuse_foreign, snapshot
from engine.runtime.ledger.copying.sides import Progress
from engine.runtime.ledger.copying.sqlite import SqliteSnapshot, compact, sound, sqlite_blank
from engine.runtime.ledger.copying.tables import PUT_NOTE
from engine.runtime.ledger.databases import Database
from engine.runtime.ledger.databases.sqlite import Sqlite, plain_connection
from engine.runtime.ledger.restored import MARK, Mark
from engine.runtime.ledger.tables import contacts, runs


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that is whole. ``size`` is in bytes."""

    file: Path
    size: int
    taken: datetime
    contacts: int
    runs: int


def back_up(url: str, file: Path, now: datetime, progress: Progress) -> Backup:
    """Copy the ledger at an address into a private file that is not there yet.

    Raises ``LedgerUnavailable`` when there is no ledger, when the name is taken, and when the copy is not sound.
    """
    with opened(url) as database, draft(file) as new:
        _fill(database, new, progress)
        if wrong := sound(new.path):
            raise LedgerUnavailable(f"The copy of {database.place} is not sound ({wrong[0]}). Nothing was kept.")
        counts = _mark(new.path, now)
        new.publish()
    return Backup(file, file.stat().st_size, now, *counts)


def _fill(database: Database, new: Draft, progress: Progress) -> None:
    if isinstance(database, Sqlite):
        refuse_foreign(database)
        compact(database.path, new.path, progress)
        return
    database.prepare()
    with snapshot(database) as source, sqlite_blank(new) as target:
        copied(source, target, progress)


def _mark(path: Path, now: datetime) -> tuple[int, int]:
    """Say in the copy when it was taken: ``now`` is from before the snapshot, so that nothing falls between.

    How many contacts and runs it has.
    """
    with plain_connection(path) as connection:
        connection.execute(PUT_NOTE, (MARK, Mark(now).text()))
        count = SqliteSnapshot(connection).count
        return count(contacts), count(runs)

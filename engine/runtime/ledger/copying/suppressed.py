"""Who unsubscribed after a backup was taken: the ledger that it replaces knows, as far as it can still be read.

Emails that were sent cannot be taken back, but nobody who said no may be written to because a disk broke.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from engine.model import EMPTY
from engine.runtime.ledger.copying.sums import Batch
from engine.runtime.ledger.copying.tables import AT_ONCE
from engine.runtime.ledger.encoding import instant_or_none, instants
from engine.runtime.ledger.records import Suppression
from engine.runtime.ledger.transaction import Transaction

_CONTACT = "id, email, email_key, data, known, created_at, changed_at"  # the same in every version
_BEFORE_0004 = "suppressed, NULL, NULL, NULL"
_SINCE_0004 = "suppressed, suppressed_at, suppressed_by, left_sequences"
_ADDRESSES = "SELECT key, reason, at, source, left_sequences FROM suppressions ORDER BY key"


def take_over(former: Path, tx: Transaction, now: datetime) -> int | None:
    """Suppress in a restored ledger whoever is suppressed in the file of the former one; how many were not yet.

    None when the former one cannot be read to its end; what was read is kept.
    """
    found = 0
    try:
        with closing(sqlite3.connect(f"{former.resolve().as_uri()}?mode=rw", uri=True)) as connection:
            for batch in _rows(connection, _ask(connection)):
                found += tx.keep_suppressed([_person(row) for row in batch], now)
            if _knows_addresses(connection):
                for batch in _rows(connection, _ADDRESSES):
                    found += tx.keep_suppressed_addresses({row[0]: _suppression(row[1:]) for row in batch}, now)
    except sqlite3.Error:
        return None
    return found


def _ask(connection: sqlite3.Connection) -> str:
    newer = _knows_addresses(connection)
    left = " OR left_sequences IS NOT NULL" if newer else ""
    told = _SINCE_0004 if newer else _BEFORE_0004
    return f"SELECT {_CONTACT}, {told} FROM contacts WHERE suppressed IS NOT NULL{left} ORDER BY rowid"  # noqa: S608 - our own words


def _knows_addresses(connection: sqlite3.Connection) -> bool:
    asked = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'suppressions'"
    return connection.execute(asked).fetchone() is not None


def _person(row: Sequence[Any]) -> tuple[Mapping[str, Any], Suppression]:
    names = _CONTACT.split(", ")
    return dict(zip(names, row[: len(names)], strict=True)), _suppression(row[len(names) :])


def _suppression(row: Sequence[Any]) -> Suppression:
    """What stands in a row; the former ledger may be damaged, and what can be read of it counts."""
    reason, at, source, left = row
    try:
        sequences = instants(left)
    except msgspec.DecodeError:
        sequences = EMPTY
    return Suppression(reason=reason, at=instant_or_none(at), source=source, left=sequences)


def _rows(connection: sqlite3.Connection, asked: str) -> Iterator[Batch]:
    cursor = connection.execute(asked)
    while batch := list(islice(cursor, AT_ONCE)):
        yield batch

"""Who unsubscribed after a backup was taken: the ledger that it replaces knows, as far as it can still be read.

Emails that were sent cannot be taken back, but nobody who said no may be written to because a disk broke.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

from engine.runtime.ledger.copying.sums import Batch
from engine.runtime.ledger.copying.tables import AT_ONCE
from engine.runtime.ledger.transaction import Transaction

_ASK = """
    SELECT id, email, email_key, data, known, suppressed, created_at, changed_at FROM contacts
    WHERE suppressed IS NOT NULL ORDER BY rowid
"""  # the same in every version


def take_over(former: Path, tx: Transaction) -> int | None:
    """Suppress in a restored ledger whoever is suppressed in the file of the former one; how many were not yet.

    None when the former one cannot be read to its end; what was read is kept.
    """
    found = 0
    try:
        for batch in _rows(former):
            found += tx.keep_suppressed(batch)
    except sqlite3.Error:
        return None
    return found


def _rows(former: Path) -> Iterator[Batch]:
    with closing(sqlite3.connect(f"{former.resolve().as_uri()}?mode=rw", uri=True)) as connection:
        cursor = connection.execute(_ASK)
        while batch := list(islice(cursor, AT_ONCE)):
            yield batch

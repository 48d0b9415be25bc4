"""Every row of a ledger into an empty one, and both sides compared afterwards.

Constant memory: rows pass in batches. One moment: all tables are read in one snapshot. No trust: what was read
is hashed while it passes, and what was written is read back and hashed again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Table

from engine.errors import LedgerUnavailable
from engine.runtime.ledger.copying.sides import Blank, Progress, Snapshot
from engine.runtime.ledger.copying.sums import Batch, Compared, Tally
from engine.runtime.ledger.copying.tables import TABLES


def _copy_all(source: Snapshot, target: Blank, progress: Progress) -> list[Compared]:
    """Copy every table, in the order in which they refer to each other; how both sides compare."""
    meter = _Meter(progress)
    meter.begin("copying", sum(map(source.count, TABLES)))
    sent = {table.name: _copy(table, source, target, meter) for table in TABLES}
    target.finish()
    meter.begin("checking", sum(tally.rows for tally in sent.values()))
    compared = [Compared(table.name, sent[table.name], _read_back(table, target, meter)) for table in TABLES]
    progress.end()
    return compared


class CopyDiffers(LedgerUnavailable):
    """The target was not what the source is, and was not kept."""

    def __init__(self, compared: Sequence[Compared]) -> None:
        self.compared = compared
        wrong = ", ".join(one.table for one in compared if not one.same)
        super().__init__(f"The copy differs in {wrong}. Nothing was kept.")


def copied(source: Snapshot, target: Blank, progress: Progress) -> list[Compared]:
    """Copy every table; raises ``CopyDiffers`` when the sides are not alike afterwards."""
    compared = _copy_all(source, target, progress)
    if not all(one.same for one in compared):
        raise CopyDiffers(compared)
    return compared


class _Meter:
    """Rows of all tables, counted on."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._done = 0

    def begin(self, what: str, total: int) -> None:
        self._done = 0
        self._progress.begin(what, total)

    def passing(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        for batch in batches:
            yield batch
            self._done += len(batch)
            self._progress.reached(self._done)


def _copy(table: Table, source: Snapshot, target: Blank, meter: _Meter) -> Tally:
    tally = Tally()
    target.fill(table, meter.passing(tally.passing(target.as_kept(source.batches(table)))))
    return tally


def _read_back(table: Table, target: Blank, meter: _Meter) -> Tally:
    tally = Tally()
    for batch in meter.passing(target.batches(table)):
        tally.add(batch)
    return tally

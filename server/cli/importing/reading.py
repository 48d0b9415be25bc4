"""Rows to payloads: each is checked as the trigger's webhook would check it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import msgspec

from engine.model import Trigger, Vocabulary
from engine.payloads import Payload, PayloadReader
from engine.runtime.arrivals import Arrival
from server.cli.assignments import document
from server.cli.importing.columns import Columns
from server.cli.importing.tables import Row, Table


@dataclass(frozen=True, slots=True)
class Wrong:
    """A row that cannot be taken, and every reason."""

    line: int
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """A table that goes to a trigger.

    A row is known again by what it says: the same values of the same trigger under the same ``label`` are one event,
    however often and from whichever file they come.
    """

    table: Table
    columns: Columns
    trigger: Trigger
    vocabulary: Vocabulary
    label: str
    now: datetime

    def rows(self) -> Iterator[tuple[Row, Arrival | Wrong]]:
        """Every row, as what its webhook would have been."""
        reader = PayloadReader(self.trigger, self.vocabulary, plain=True)
        for row in self.table.rows():
            yield row, self._read(reader, row)

    def _read(self, reader: PayloadReader, row: Row) -> Arrival | Wrong:
        if len(row.cells) != len(self.table.header):
            told = f"it has {_count(len(row.cells))}, and the header has {len(self.table.header)}"
            return Wrong(row.line, (told,))
        texts = {name: row.cells[number] for number, name in self.columns.fields.items() if row.cells[number].strip()}
        body = document(self.vocabulary, texts)
        read = reader.read(body, self.now)
        if not isinstance(read, Payload):
            return Wrong(row.line, tuple(error.message for error in read))
        raw = msgspec.json.encode(body, order="sorted")
        digest = hashlib.sha256(raw).hexdigest()
        key = hashlib.sha256(f"{self.label}\n{self.trigger.name}\n{digest}".encode()).hexdigest()
        return Arrival(trigger=self.trigger.name, payload=read, raw=raw, key=f"csv-{key}", body_hash=digest)


def _count(cells: int) -> str:
    return "1 cell" if cells == 1 else f"{cells} cells"

"""The two sides of a copy, whatever database each is: one is read as it was at one moment, the other is filled."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from sqlalchemy import Table

from engine.runtime.ledger.copying.sums import Batch
from engine.runtime.ledger.restored import Mark


class Progress(Protocol):
    """Who wants to know how far it has come."""

    def begin(self, what: str, total: int, unit: str = "rows") -> None:
        """A part of the work begins, of so many rows (or bytes)."""
        ...

    def reached(self, done: int) -> None:
        """So many of them are done."""
        ...

    def end(self) -> None:
        """The part is over."""
        ...


class Quiet:
    """Nobody wants to know."""

    def begin(self, what: str, total: int, unit: str = "rows") -> None:
        """Say nothing."""

    def reached(self, done: int) -> None:
        """Say nothing."""

    def end(self) -> None:
        """Say nothing."""


class Snapshot(Protocol):
    """A ledger as it was at one moment, however much others write meanwhile."""

    def count(self, table: Table) -> int:
        """How many rows a table has."""
        ...

    def batches(self, table: Table) -> Iterator[Batch]:
        """Its rows, some at a time, in no order."""
        ...

    def used(self) -> bool:
        """Whether busos is at work on the ledger itself."""
        ...

    def leave(self, mark: Mark | None) -> None:
        """Say in the ledger itself, for whoever opens it next, why it is not worked on; None says that it is."""
        ...


class Blank(Protocol):
    """An empty ledger that is filled, and is nobody's business until it is published."""

    def as_kept(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        """Rows as this database can hold them."""
        ...

    def fill(self, table: Table, batches: Iterator[Batch]) -> None:
        """Put rows into a table that has none."""
        ...

    def finish(self) -> None:
        """Make indexes, and let numbers go on where those of the rows end."""
        ...

    def batches(self, table: Table) -> Iterator[Batch]:
        """The rows as they are kept."""
        ...

    def note(self, name: str, value: str) -> None:
        """Keep a value under a name."""
        ...

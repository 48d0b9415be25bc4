"""What a table holds, in two numbers that do not depend on where and in which order it lies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from msgspec.msgpack import Encoder

Batch = Sequence[Sequence[Any]]
_BYTES = 8


@dataclass(slots=True)
class Tally:
    """Rows counted, and the sum of their hashes: a row that is missing, doubled or different changes it."""

    rows: int = 0
    total: int = 0

    def passing(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        """The same batches, counted as they pass."""
        for batch in batches:
            self.add(batch)
            yield batch

    def add(self, batch: Batch) -> None:
        """Count some rows. Values are None, whole numbers, texts and bytes."""
        encode = Encoder().encode
        self.rows += len(batch)
        self.total += sum(int.from_bytes(blake2b(encode(row), digest_size=_BYTES).digest()) for row in batch)

    @property
    def checksum(self) -> str:
        """The sum as people compare it."""
        return f"{self.total % (1 << 8 * _BYTES):016x}"


@dataclass(frozen=True, slots=True)
class Compared:
    """A table on both sides."""

    table: str
    source: Tally
    target: Tally

    @property
    def same(self) -> bool:
        """Whether both sides hold the same rows."""
        return self.source.rows == self.target.rows and self.source.checksum == self.target.checksum

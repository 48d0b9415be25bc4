"""The ledger: the one memory of busos. Everything else may be killed at any instant."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from sqlalchemy import Engine

from engine.errors import LedgerUnavailable
from engine.runtime.ledger.connection import BUSY_MILLISECONDS, file_of, open_engine, plain_connection
from engine.runtime.ledger.faults import told_apart
from engine.runtime.ledger.migrations import bring_up_to_date
from engine.runtime.ledger.transaction import Transaction


class Ledger:
    """An open ledger, for any number of threads; ``open`` it once for each process.

    Writers of one process queue here, because a lock is handed on at once where SQLite would have them
    sleep and try again; only other processes are waited for in the database.
    """

    def __init__(self, path: Path, writer: Engine) -> None:
        self.path = path
        self._writer = writer
        self._quick_writer = open_engine(path, "quick")
        self._reader = open_engine(path, "reading")
        self._turn = threading.Lock()
        self._file = _identity(path)

    @classmethod
    def open(cls, url: str) -> Self:
        """Open ``sqlite:///PATH``, making or migrating the file as needed.

        Raises ``LedgerTooNew`` for a file of a newer busos, ``LedgerUnavailable`` when it cannot be used,
        ``SettingsError`` for an address that is not one of ours.
        """
        path = file_of(url)
        writer = open_engine(path, "durable")
        try:
            with told_apart(str(path)):
                bring_up_to_date(writer, path)
        except BaseException:
            writer.dispose()
            raise
        return cls(path, writer)

    def close(self) -> None:
        """Close every connection; the ledger can be opened again."""
        self._reader.dispose()
        self._quick_writer.dispose()
        self._writer.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[Transaction]:
        """A transaction that is on disk when the block ends, and leaves no trace when the block raises.

        ``durable=False`` does not wait for the disk. Others see the result all the same, and a killed
        process loses nothing; a power cut may take it back, whole. That is enough for claims and signs of
        life, because it takes back the worker as well. What is durable later makes it durable too.
        """
        engine = self._writer if durable else self._quick_writer
        if not self._turn.acquire(timeout=2 * BUSY_MILLISECONDS / 1000):
            raise LedgerUnavailable(
                f"The ledger {self.path} is busy: others write without a pause. Nothing was written."
            )
        try:
            self._still_there()
            with told_apart(str(self.path)), engine.begin() as connection:
                yield Transaction(connection)
        finally:
            self._turn.release()

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """The ledger as it is at this moment; writing through it fails."""
        self._still_there()
        with told_apart(str(self.path)), self._reader.begin() as connection:
            yield Transaction(connection)

    def _still_there(self) -> None:
        """SQLite itself would go on writing to a file that has no name any more, and all of it would be lost."""
        if _identity(self.path) != self._file:
            raise LedgerUnavailable(
                f"The ledger {self.path} was moved, deleted or replaced while in use. "
                "Put it back, or restart to use what is there now. Nothing was written."
            )

    def size(self) -> int:
        """Bytes on disk, what waits in the write-ahead log included."""
        files = (self.path, self.path.with_name(f"{self.path.name}-wal"))
        return sum(file.stat().st_size for file in files if file.exists())

    def check(self) -> list[str]:
        """What is wrong with the file, a sentence each; nothing when it is sound. Reads all of it."""
        try:
            with plain_connection(self.path) as connection:
                found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
                return found or [_orphan(*row) for row in connection.execute("PRAGMA foreign_key_check")]
        except LedgerUnavailable as error:
            return [str(error)]


def _identity(path: Path) -> tuple[int, int] | None:
    """What stays the same of a file as long as it is the same file; None when it is gone."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _orphan(table: str, row_id: int | None, parent: str, _: int) -> str:
    return f"Row {row_id} of {table} refers to a row of {parent} that is missing."

"""A ledger in one file: SQLite, an engine for each purpose, and the file itself made safely.

SQLite has one writer at a time. A transaction that begins by reading and then writes fails at once when
another wrote in between, however patient it is set to be; so every writer begins with BEGIN IMMEDIATE.
Writers of one process queue here, because a lock is handed on at once where SQLite would have them sleep and
try again; for other processes they look again each millisecond, where SQLite would sleep up to a hundred.

WAL is a property of the file: it is switched on once, when the file is made and under a lock, because
several processes that switch a new file at the same moment fail with "database is locked".
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Literal, Self

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL

from engine.errors import LedgerUnavailable, SettingsError
from engine.runtime.ledger import migrations
from engine.runtime.ledger.databases import advice
from engine.runtime.ledger.databases.folder_lock import folder_locked
from engine.runtime.ledger.databases.sqlite_errors import sentence

BUSY_MILLISECONDS = 5_000
LOOK_AGAIN = 0.001
"""Seconds between looks whether another process has ended its write: a look costs a hundredth of that."""
_OLDEST = (3, 35, 0)  # RETURNING
_PRAGMAS = {
    "durable": ("synchronous = FULL", "foreign_keys = ON", "busy_timeout = 0"),
    "quick": ("synchronous = NORMAL", "foreign_keys = ON", "busy_timeout = 0"),
    "reading": ("query_only = ON",),
}
Purpose = Literal["durable", "quick", "reading"]


class Sqlite:
    """A file. ``prepare`` it before anything is read or written."""

    apart = False

    def __init__(self, path: Path) -> None:
        self.path = path
        self.place = str(path)
        self._durable = _engine(path, "durable")
        self._quick = _engine(path, "quick")
        self._reader = _engine(path, "reading")
        self._turn = threading.Lock()
        self._file: tuple[int, int] | None = None

    @classmethod
    def at(cls, url: URL) -> Self:
        """The file of an ``sqlite:///`` address."""
        if not url.database or url.database == ":memory:":
            raise SettingsError(advice("names no file, and a ledger in memory would forget everybody"))
        return cls(Path(url.database))

    def exists(self) -> bool:
        """Whether there is a file."""
        return self.path.exists()

    def can_be_made(self) -> bool:
        """Whether its folder may be written."""
        return os.access(self.path.parent, os.W_OK)

    def prepare(self) -> None:
        """Make the file or migrate it, unless it is as this version wants it; a copy of an older one stays beside it.

        A file that is up to date is recognised without a lock, and Alembic is not even imported for it.
        """
        if not (self.exists() and self.version() == migrations.HEAD and self._is_wal()):
            with folder_locked(self.path):
                self._make()
        self._file = _identity(self.path)

    def _make(self) -> None:
        _switch_to_wal(self.path)
        found = self.version()
        if found == migrations.HEAD:
            return  # another process was first, or the file is a copy that had lost its WAL mode
        if found is not None:
            self._keep_copy(found)
        with self._durable.begin() as connection:
            migrations.upgrade(connection)

    def version(self) -> str | None:
        """The version of the file: None for one that is new. Refuses what is not ours or newer than we are."""
        with plain_connection(self.path) as connection:
            tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            row = connection.execute(migrations.ASK_VERSION).fetchone() if migrations.TABLE in tables else None
        return migrations.judged(tables, row[0] if row else None, f"The file {self.path}", "file")

    def _is_wal(self) -> bool:
        with plain_connection(self.path) as connection:
            return bool(connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal")

    def _keep_copy(self, version: str) -> None:
        """The file as it was, beside it, before anything changes."""
        copy = self.path.with_name(f"{self.path.name}.before-{migrations.HEAD}-was-{version}")
        copy.unlink(missing_ok=True)  # left by a migration that did not come to its end
        with plain_connection(self.path) as connection:
            connection.execute("VACUUM INTO ?", (str(copy),))

    @contextmanager
    def writing(self, *, durable: bool) -> Iterator[Connection]:
        """The only write transaction of this process."""
        if not self._turn.acquire(timeout=2 * BUSY_MILLISECONDS / 1000):
            raise LedgerUnavailable(
                f"The ledger {self.path} is busy: others write without a pause. Nothing was written."
            )
        try:
            self._still_there()
            with (self._durable if durable else self._quick).begin() as connection:
                yield connection
        finally:
            self._turn.release()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A snapshot that blocks no writer."""
        self._still_there()
        with self._reader.begin() as connection:
            yield connection

    def _still_there(self) -> None:
        """SQLite itself would go on writing to a file that has no name any more, and all of it would be lost."""
        if _identity(self.path) != self._file:
            raise LedgerUnavailable(
                f"The ledger {self.path} was moved, deleted or replaced while in use. "
                "Put it back, or restart to use what is there now. Nothing was written."
            )

    def sentence(self, error: BaseException | None) -> str | None:
        """By SQLite's name of the error."""
        return sentence(error, self.place)

    def passes(self, error: BaseException | None) -> bool:
        """Never: writers wait for each other before they begin, and longer than any of them should take."""
        return False

    def scrub(self) -> None:
        """Write the file anew without its free pages, and empty the write-ahead log.

        While somebody else reads, the log cannot be emptied; a search of the files tells whether it mattered.
        """
        with plain_connection(self.path) as connection:
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def files(self) -> list[Path]:
        """The file, its write-ahead log and the index of that."""
        names = (self.path.name, f"{self.path.name}-wal", f"{self.path.name}-shm")
        return [path for name in names if (path := self.path.with_name(name)).exists()]

    def size(self) -> int:
        """Bytes on disk, what waits in the write-ahead log included."""
        files = (self.path, self.path.with_name(f"{self.path.name}-wal"))
        return sum(file.stat().st_size for file in files if file.exists())

    def check(self) -> list[str]:
        """Every page, every index, and every row that refers to another."""
        with plain_connection(self.path) as connection:
            found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
            return found or [_orphan(*row) for row in connection.execute("PRAGMA foreign_key_check")]

    def close(self) -> None:
        """Close every connection."""
        for engine in (self._reader, self._quick, self._durable):
            engine.dispose()


def _engine(path: Path, purpose: Purpose) -> Engine:
    """An engine whose connections only read, or write: durably, or so that only a power cut can undo it."""
    reads = purpose == "reading"
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        connect_args={"timeout": BUSY_MILLISECONDS / 1000},
        pool_size=8,
        max_overflow=-1,
    )
    pragmas = _PRAGMAS[purpose]

    @event.listens_for(engine, "connect")
    def _settle_in(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # sqlite3 must not begin transactions of its own
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        if reads or not _begun_writing(connection):
            connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return engine


def _begun_writing(connection: Connection) -> bool:
    """Begin as soon as no other process writes; whether it came to that. If not, the next try tells why."""
    driver: Any = connection.connection.driver_connection
    end = time.monotonic() + BUSY_MILLISECONDS / 1000
    while time.monotonic() < end:
        try:
            driver.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                return False
        else:
            return True
        time.sleep(LOOK_AGAIN)
    return False


def _switch_to_wal(path: Path) -> None:
    """Make the file when it is missing, and switch it to WAL; the caller holds the folder."""
    if sqlite3.sqlite_version_info < _OLDEST:
        raise SettingsError(
            f"This Python brings SQLite {sqlite3.sqlite_version}, and the ledger needs 3.35 or newer: update Python."
        )
    with suppress(OSError):  # it is there and keeps its rights, or SQLite says why it cannot be made
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))  # it will hold people's addresses
    with plain_connection(path) as connection:
        connection.execute("PRAGMA journal_mode = WAL")


@contextmanager
def plain_connection(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection of its own, for what cannot be done inside a transaction."""
    try:
        with closing(sqlite3.connect(path, timeout=BUSY_MILLISECONDS / 1000, isolation_level=None)) as connection:
            yield connection
    except sqlite3.Error as error:
        words = sentence(error, str(path))
        if words is None:
            raise
        raise LedgerUnavailable(words) from error


def _identity(path: Path) -> tuple[int, int] | None:
    """What stays the same of a file as long as it is the same file; None when it is gone."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _orphan(table: str, row_id: int | None, parent: str, _: int) -> str:
    return f"Row {row_id} of {table} refers to a row of {parent} that is missing."

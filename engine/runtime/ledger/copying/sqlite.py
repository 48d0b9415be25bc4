"""SQLite as a side of a copy: a read transaction on one file, or a fresh file that is filled without indexes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Table
from sqlalchemy.engine import URL

from engine.errors import LedgerUnavailable
from engine.runtime.ledger.copying.drafts import Draft
from engine.runtime.ledger.copying.sides import Progress
from engine.runtime.ledger.copying.sums import Batch
from engine.runtime.ledger.copying.tables import AT_ONCE, DROP_NOTE, PUT_NOTE, columns, counted, select
from engine.runtime.ledger.databases.sqlite import BUSY_MILLISECONDS, plain_connection
from engine.runtime.ledger.databases.sqlite_errors import sentence
from engine.runtime.ledger.ledger import Ledger
from engine.runtime.ledger.restored import MARK, Mark

# Nobody else has the file and a killed copy is made anew, so that nothing needs a journal; the draft is put on the
# disk as a whole before it gets its name.
_ALL_OR_NOTHING = ("journal_mode = OFF", "synchronous = OFF", "locking_mode = EXCLUSIVE", "cache_size = -16384")
_LOCK = ("PRAGMA locking_mode = EXCLUSIVE", "BEGIN EXCLUSIVE")
_OF_WRITING = ("SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_FSYNC", "SQLITE_IOERR_TRUNCATE")
_OFTEN = 20_000  # steps of SQLite's machine between two looks at how far it is: some milliseconds
_PRIMARY = 0xFF  # of an error's number: its kind without the details
_INDEXES = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name"


class SqliteSnapshot:
    """A file as it was when its read transaction began: in WAL mode neither side waits for the other."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def count(self, table: Table) -> int:
        """How many rows a table has."""
        return int(self._connection.execute(counted(table)).fetchone()[0])

    def batches(self, table: Table) -> Iterator[Batch]:
        """Its rows, some at a time."""
        return _batches(self._connection, table)

    def used(self) -> bool:
        """It is locked for us, or it does not matter."""
        return False

    def leave(self, mark: Mark | None) -> None:
        """Say it in the file, which stays locked: what is read afterwards is what was read before."""
        if self._connection.in_transaction:
            self._connection.execute("COMMIT")
        if mark is None:
            self._connection.execute(DROP_NOTE, (MARK,))
        else:
            self._connection.execute(PUT_NOTE, (MARK, mark.text()))


class SqliteBlank:
    """A draft with the ledger's tables, filled by one connection that has it for itself."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._indexes: list[str] = []
        for name, sql in connection.execute(_INDEXES).fetchall():
            self._indexes.append(sql)
            connection.execute(f'DROP INDEX "{name}"')

    def as_kept(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        """Rows as they are: SQLite holds anything."""
        return batches

    def fill(self, table: Table, batches: Iterator[Batch]) -> None:
        """Put rows into a table that has none."""
        marks = ", ".join("?" for _ in table.columns)
        insert = f'INSERT INTO "{table.name}" ({columns(table)}) VALUES ({marks})'  # noqa: S608 - our own names
        for batch in batches:
            self._connection.execute("BEGIN")
            self._connection.executemany(insert, batch)
            self._connection.execute("COMMIT")

    def finish(self) -> None:
        """Make the indexes: all rows at once is several times faster than one by one. Numbers go on by themselves."""
        for sql in self._indexes:
            self._connection.execute(sql)

    def batches(self, table: Table) -> Iterator[Batch]:
        """The rows as they are kept."""
        return _batches(self._connection, table)

    def note(self, name: str, value: str) -> None:
        """Keep a value under a name."""
        self._connection.execute(PUT_NOTE, (name, value))


@contextmanager
def sqlite_snapshot(path: Path) -> Iterator[SqliteSnapshot]:
    """The ledger in a file as it is now: a read transaction begins at its first read."""
    with plain_connection(path) as connection:
        connection.execute("PRAGMA query_only = ON")
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM sqlite_master")
        yield SqliteSnapshot(connection)


@contextmanager
def sqlite_alone(path: Path) -> Iterator[SqliteSnapshot]:
    """The same, and nobody else can begin anything until the end of the block."""
    with _impatient(path) as connection:
        if not _went_well(connection, path, *_LOCK):
            raise LedgerUnavailable(in_use(str(path)))
        yield SqliteSnapshot(connection)


def in_use(place: str) -> str:
    """What to do when busos runs."""
    return f"The ledger {place} is in use: stop busos (dev, serve and every worker) first. Nothing was changed."


@contextmanager
def sqlite_blank(draft: Draft) -> Iterator[SqliteBlank]:
    """An empty ledger in a draft; whoever opens the block publishes the draft behind it."""
    Ledger.open(address(draft.path)).close()
    with plain_connection(draft.path) as connection:
        for pragma in _ALL_OR_NOTHING:
            connection.execute(f"PRAGMA {pragma}")
        yield SqliteBlank(connection)


def compact(source: Path, target: Path, progress: Progress) -> None:
    """Write the whole of a ledger into an empty file, as it is at this moment, while others write to it.

    Several times faster than row by row, and what was deleted is not in the copy.
    """
    with closing(sqlite3.connect(source, timeout=BUSY_MILLISECONDS / 1000, isolation_level=None)) as connection:
        try:
            pages, size = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
            progress.begin("copying", pages * size, "bytes")
            connection.set_progress_handler(lambda: progress.reached(target.stat().st_size), _OFTEN)
            connection.execute("VACUUM INTO ?", (str(target),))
            progress.end()
        except sqlite3.Error as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
                raise KeyboardInterrupt from None  # raised inside SQLite, by Ctrl-C, and swallowed there
            words = sentence(error, str(target if error.sqlite_errorname.startswith(_OF_WRITING) else source))
            if words is None:
                raise
            raise LedgerUnavailable(words) from error


def address(path: Path) -> str:
    """The address of a file."""
    return URL.create("sqlite", database=str(path)).render_as_string()


def sound(path: Path) -> list[str]:
    """What is wrong with a file that nobody writes; nothing when it is whole."""
    with plain_connection(path) as connection:
        return [str(row[0]) for row in connection.execute("PRAGMA integrity_check(5)") if row[0] != "ok"]


@contextmanager
def alone_with(path: Path) -> Iterator[bool]:
    """Whether no other connection has a ledger's file open; if so, none can begin anything inside the block.

    SQLite gives the exclusive lock of a WAL file only to whoever is the only one that has it open.
    """
    with _impatient(path) as connection:
        yield _went_well(connection, path, *_LOCK)


@contextmanager
def as_one_file(path: Path) -> Iterator[bool]:
    """The same; inside the block the file has no log beside it, unless it is too damaged to merge the log into it.

    Without a log, because a log is found by its name: it must not be found by the next file of that name.
    """
    with _impatient(path) as connection:
        yield _went_well(connection, path, "PRAGMA journal_mode = DELETE", *_LOCK)


@contextmanager
def _impatient(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
        try:
            yield connection
        except sqlite3.Error as error:
            raise LedgerUnavailable(sentence(error, str(path)) or str(error)) from error


def _went_well(connection: sqlite3.Connection, path: Path, *steps: str) -> bool:
    """Whether nobody was in the way of these steps."""
    try:
        for step in steps:
            connection.execute(step).fetchall()
    except sqlite3.Error as error:
        if error.sqlite_errorcode & _PRIMARY in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return False
        if error.sqlite_errorcode & _PRIMARY not in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            raise LedgerUnavailable(sentence(error, str(path)) or str(error)) from error
    return True  # too damaged for anybody to work on it


def _batches(connection: sqlite3.Connection, table: Table) -> Iterator[Batch]:
    cursor = connection.execute(select(table))
    while batch := cursor.fetchmany(AT_ONCE):
        yield batch

"""How the ledger's file is opened: an engine for writers, one for readers, and the file itself made safely.

SQLite has one writer at a time. A transaction that begins by reading and then writes fails at once when
another wrote in between, however patient it is set to be; so every writer begins with BEGIN IMMEDIATE.
WAL is a property of the file: it is switched on once, when the file is made and under a lock, because
several processes that switch a new file at the same moment fail with "database is locked".
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from engine.errors import LedgerUnavailable, SettingsError
from engine.runtime.ledger.faults import sentence

BUSY_MILLISECONDS = 5_000
_PATIENCE = 60.0  # seconds to wait for another process that makes or migrates the file
_OLDEST = (3, 35, 0)  # RETURNING


def file_of(url: str) -> Path:
    """The file of an ``sqlite:///`` address."""
    try:
        parts = make_url(url)
    except ArgumentError as error:
        raise SettingsError(_advice("is not the address of a database")) from error
    if parts.get_backend_name() != "sqlite":
        raise SettingsError(_advice(f"asks for {parts.get_backend_name()}, which this version cannot use"))
    if not parts.database or parts.database == ":memory:":
        raise SettingsError(_advice("names no file, and a ledger in memory would forget everybody"))
    return Path(parts.database)


def _advice(found: str) -> str:
    return f"BUSOS_DATABASE_URL {found}: write sqlite:///busos.db, or sqlite:////folder/busos.db for a full path."


_PRAGMAS = {
    "durable": ("synchronous = FULL", "foreign_keys = ON"),
    "quick": ("synchronous = NORMAL", "foreign_keys = ON"),
    "reading": ("query_only = ON",),
}


def open_engine(path: Path, purpose: Literal["durable", "quick", "reading"]) -> Engine:
    """An engine whose connections only read, or write: durably, or so that only a power cut can undo it."""
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        connect_args={"timeout": BUSY_MILLISECONDS / 1000},
        pool_size=8,
        max_overflow=-1,
    )
    pragmas = _PRAGMAS[purpose]
    begin = "BEGIN" if purpose == "reading" else "BEGIN IMMEDIATE"

    @event.listens_for(engine, "connect")
    def _settle_in(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # sqlite3 must not begin transactions of its own
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


@contextmanager
def making(path: Path) -> Iterator[None]:
    """Only one process at a time makes or migrates a file of this folder.

    The lock is on the folder, so that no lock file is left behind; never on the database file itself,
    because closing that would drop the locks that SQLite holds on it.
    """
    try:
        folder = os.open(path.parent, os.O_RDONLY)
    except OSError as error:
        raise LedgerUnavailable(
            f"The ledger {path} cannot be opened: the folder {path.parent} is missing or closed to this user. "
            "Create it, or correct BUSOS_DATABASE_URL."
        ) from error
    try:
        _lock(folder, path)
        yield
    finally:
        os.close(folder)


def _lock(folder: int, path: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > deadline:
                raise LedgerUnavailable(
                    f"The ledger {path} is being made or migrated by another process for more than "
                    f"{_PATIENCE:.0f} seconds. Look for a process that hangs, then try again."
                ) from error
            time.sleep(0.01)
        else:
            return


def make_file(path: Path) -> None:
    """Make the file when it is missing, and switch it to WAL; the caller holds ``making``."""
    if sqlite3.sqlite_version_info < _OLDEST:
        raise SettingsError(
            f"This Python brings SQLite {sqlite3.sqlite_version}, and the ledger needs 3.35 or newer: update Python."
        )
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

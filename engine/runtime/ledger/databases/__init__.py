"""The databases that a ledger can live in: one file for each, behind one Protocol.

What differs between them is here: how a connection is opened and a transaction begun, who waits for whom, how
the tables are made, what can be said of the whole. Statements are elsewhere, and the same for all.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from engine.errors import SettingsError


class Database(Protocol):
    """One database, open for any number of threads once it is prepared.

    ``place`` are the words for it in what people read: never a password. ``apart`` says that it is a server of its
    own, which may crash and forget what was not on disk while we live on.
    """

    place: str
    apart: bool

    def exists(self) -> bool:
        """Whether a ledger is there already; looking makes nothing."""
        ...

    def can_be_made(self) -> bool:
        """Whether this user may make one there."""
        ...

    def prepare(self) -> None:
        """Make the tables, or bring them to this version: one process at a time, all of it or nothing."""
        ...

    def writing(self, *, durable: bool) -> AbstractContextManager[Connection]:
        """A transaction that is committed when the block ends, on disk if ``durable``."""
        ...

    def reading(self) -> AbstractContextManager[Connection]:
        """A transaction that sees one moment, and cannot write."""
        ...

    def sentence(self, error: BaseException | None) -> str | None:
        """What to tell the operator about a driver's error; None where it is a mistake of ours."""
        ...

    def passes(self, error: BaseException | None) -> bool:
        """Whether a driver's error is over when the same transaction is tried again: others were in the way."""
        ...

    def size(self) -> int:
        """Bytes on disk."""
        ...

    def check(self) -> list[str]:
        """What is wrong with it, a sentence each. Reads all of it."""
        ...

    def scrub(self) -> None:
        """Let go of what deleted rows left behind, as far as this database can."""
        ...

    def files(self) -> list[Path]:
        """The files that it is in, where this process can read them."""
        ...

    def close(self) -> None:
        """Close every connection; they are opened again when they are wanted."""
        ...


def database_at(url: str) -> Database:
    """The database at an address; nothing is opened yet. Raises ``SettingsError`` for one that is not ours."""
    try:
        parts = make_url(url)
    except (ArgumentError, ValueError) as error:  # the latter for a port that is no number
        raise SettingsError(advice("is not the address of a database")) from error
    match parts.get_backend_name():
        case "sqlite":
            from engine.runtime.ledger.databases.sqlite import Sqlite  # noqa: PLC0415 - only the one that is used

            return Sqlite.at(parts)
        case "postgresql" | "postgres":
            if find_spec("psycopg") is None:
                raise SettingsError("BUSOS_DATABASE_URL asks for postgresql: pip install 'busos[postgres]' first.")
            from engine.runtime.ledger.databases.postgres import Postgres  # noqa: PLC0415 - as above

            return Postgres.at(parts)
        case other:
            raise SettingsError(advice(f"asks for {other}, which this version cannot use"))


def advice(found: str) -> str:
    """What to write instead of an address that cannot be used. The address itself may hold a password."""
    return (
        f"BUSOS_DATABASE_URL {found}: write sqlite:///busos.db, or sqlite:////folder/busos.db for a full path, "
        "or postgresql://user:password@host/busos."
    )

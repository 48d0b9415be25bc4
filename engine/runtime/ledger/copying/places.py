"""A ledger at an address, as the commands that copy it find it: there or not, at rest or in use, full or empty."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from engine.errors import LedgerError, LedgerUnavailable, SettingsError
from engine.runtime.ledger.copying.drafts import draft
from engine.runtime.ledger.copying.sides import Blank, Snapshot
from engine.runtime.ledger.copying.sqlite import as_one_file, in_use, sqlite_alone, sqlite_blank, sqlite_snapshot
from engine.runtime.ledger.copying.tables import ASK_NOTE
from engine.runtime.ledger.databases import Database, database_at
from engine.runtime.ledger.databases.folder_lock import folder_locked
from engine.runtime.ledger.databases.sqlite import Sqlite, plain_connection
from engine.runtime.ledger.faults import told_apart
from engine.runtime.ledger.ledger import Ledger
from engine.runtime.ledger.restored import MARK, Mark, read_mark


@contextmanager
def opened(url: str) -> Iterator[Database]:
    """A ledger that is there; looking makes nothing."""
    with closed_after(url) as database:
        if not database.exists():
            raise LedgerUnavailable(f"There is no ledger {database.place}: correct the address.")
        yield database


@contextmanager
def closed_after(url: str) -> Iterator[Database]:
    """The database at an address, whatever is there."""
    database = database_at(url)
    try:
        with told_apart(database):
            yield database
    finally:
        database.close()


@contextmanager
def snapshot(database: Database, *, alone: bool = False) -> Iterator[Snapshot]:
    """A ledger as it is now; ``alone`` refuses one that is in use, and keeps it from being used in the block."""
    if isinstance(database, Sqlite):
        with (sqlite_alone if alone else sqlite_snapshot)(database.path) as found:
            yield found
        return
    from engine.runtime.ledger.copying.postgres import postgres_snapshot  # noqa: PLC0415 - only where it is used
    from engine.runtime.ledger.databases.postgres import Postgres  # noqa: PLC0415 - as above

    if not isinstance(database, Postgres):
        raise SettingsError(f"{database.place} is no database that can be copied")
    with postgres_snapshot(database) as side:
        if alone and side.used():
            raise LedgerUnavailable(in_use(database.place))
        yield side


@contextmanager
def blank(url: str, *, again: bool = False) -> Iterator[Blank]:
    """A new ledger at an address that has none, filled in the block: with an exception nothing of it remains.

    ``again`` says that there is one from a move that did not come to its end: it is deleted first.
    """
    with closed_after(url) as database:
        if isinstance(database, Sqlite):
            if again:
                _delete(database.path)
            with draft(database.path) as new:
                with sqlite_blank(new) as side:
                    yield side
                new.publish()
            return
        from engine.runtime.ledger.copying.postgres import emptied  # noqa: PLC0415 - only where it is used

        with emptied(database, whatever_it_has=again) as tables:
            yield tables


def _delete(path: Path) -> None:
    with folder_locked(path), as_one_file(path) as alone:
        if not alone:
            raise LedgerUnavailable(in_use(str(path)))
        path.unlink()


def mark_at(url: str) -> Mark | None:
    """The mark of the ledger at an address; None too where there is no ledger, or something that is not ours."""
    with suppress(LedgerError), closed_after(url) as database:
        if not database.exists():
            return None
        if not isinstance(database, Sqlite):
            with Ledger(database).read() as tx:
                return tx.mark()
        if database.version() is not None:
            with plain_connection(database.path) as connection:
                row = connection.execute(ASK_NOTE, (MARK,)).fetchone()
            return read_mark(row[0]) if row else None
    return None


def put_mark(url: str, mark: Mark | None) -> None:
    """Say in the ledger at an address why it is not worked on; None says that it is."""
    with opened(url) as database:
        database.prepare()
        with Ledger(database).write() as tx:
            tx.put_mark(mark)


def refuse_foreign(database: Sqlite) -> None:
    """A file must be a ledger of ours, of whatever version we know."""
    if database.version() is None:
        raise LedgerUnavailable(f"The file {database.place} is empty: there is no ledger in it.")

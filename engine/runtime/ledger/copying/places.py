"""A ledger at an address, as the commands that copy it find it: there or not, at rest or in use, full or empty."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from engine.errors import LedgerUnavailable, SettingsError
from engine.runtime.ledger.copying.drafts import draft
from engine.runtime.ledger.copying.sides import Blank, Snapshot
from engine.runtime.ledger.copying.sqlite import in_use, sqlite_alone, sqlite_blank, sqlite_snapshot
from engine.runtime.ledger.databases import Database, database_at
from engine.runtime.ledger.databases.sqlite import Sqlite
from engine.runtime.ledger.faults import told_apart


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
def blank(url: str) -> Iterator[Blank]:
    """A new ledger at an address that has none, filled in the block: with an exception nothing of it remains."""
    with closed_after(url) as database:
        if isinstance(database, Sqlite):
            with draft(database.path) as new:
                with sqlite_blank(new) as side:
                    yield side
                new.publish()
            return
        from engine.runtime.ledger.copying.postgres import emptied  # noqa: PLC0415 - only where it is used

        with emptied(database) as tables:
            yield tables


def refuse_foreign(database: Sqlite) -> None:
    """A file must be a ledger of ours, of whatever version we know."""
    if database.version() is None:
        raise LedgerUnavailable(f"The file {database.place} is empty: there is no ledger in it.")

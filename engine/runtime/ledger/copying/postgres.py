"""Postgres as a side of a copy: a read-only snapshot, or tables that are filled by COPY in one transaction.

A copy that is interrupted is rolled back by the server: what was empty is empty again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from time import monotonic, sleep
from typing import Any

import psycopg
from sqlalchemy import Connection, Table

from engine.errors import LedgerUnavailable, SettingsError
from engine.runtime.ledger.copying.sqlite import in_use
from engine.runtime.ledger.copying.sums import Batch
from engine.runtime.ledger.copying.tables import AT_ONCE, TABLES, TRACES, columns, counted, named, select
from engine.runtime.ledger.databases import Database
from engine.runtime.ledger.databases.postgres import Postgres
from engine.runtime.ledger.restored import Held, Mark
from engine.runtime.ledger.transaction import Transaction

# A copy takes as long as it takes.
_PATIENT = "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0"
_OTHERS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'busos' AND pid <> ALL(%s)
"""
_NOTICE = 2.0  # seconds
_NUMBERS = "SELECT setval(pg_get_serial_sequence(%s, %s), (SELECT max({column}) FROM {table}))"
_PUT_NOTE = "INSERT INTO notes (name, value) VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
_KEPT = "\ufffd"  # what stands for U+0000, which Postgres cannot hold (``databases.postgres_text``)


class PostgresSide:
    """What both sides can do on their connection."""

    def __init__(self, database: Postgres, connection: Connection) -> None:
        self._database = database
        self._connection = connection
        self._driver: psycopg.Connection[Any] = _driver(connection)
        self._ours = [self._driver.info.backend_pid]
        connection.exec_driver_sql(_PATIENT)

    def count(self, table: Table) -> int:
        """How many rows a table has."""
        return int(self._connection.exec_driver_sql(counted(table)).scalar() or 0)

    def batches(self, table: Table) -> Iterator[Batch]:
        """Its rows, some at a time: the server keeps the rest."""
        with self._told(table), self._driver.cursor(name="copy") as cursor:
            cursor.execute(select(table).encode())
            while batch := cursor.fetchmany(AT_ONCE):
                yield batch

    def used(self) -> bool:
        """Whether another process of busos is connected to the database now.

        The server takes a moment to notice that one has ended.
        """
        until = monotonic() + _NOTICE
        while self._others():
            if monotonic() > until:
                return True
            sleep(0.05)
        return False

    def _others(self) -> bool:
        self._connection.exec_driver_sql("SELECT pg_stat_clear_snapshot()")
        return bool(self._connection.exec_driver_sql(_OTHERS, (self._ours,)).scalar())

    def leave(self, mark: Mark | None) -> None:
        """Say it in the ledger, by a transaction of its own: this one only reads."""
        with self._database.writing(durable=True) as connection:
            Transaction(connection).put_mark(mark)
            self._ours.append(_driver(connection).info.backend_pid)

    def filled(self) -> str | None:
        """A table that has rows about people, or None."""
        asked = " UNION ALL ".join(
            f"SELECT '{table.name}' WHERE EXISTS (SELECT 1 FROM {named(table)})"  # noqa: S608 - our own tables
            for table in TABLES
            if table.name not in TRACES
        )
        found = self._connection.exec_driver_sql(asked).scalar()
        return None if found is None else str(found)

    @contextmanager
    def _told(self, table: Table) -> Iterator[None]:
        """Errors of the driver itself, as sentences."""
        try:
            yield
        except psycopg.Error as error:
            words = self._database.sentence(error)
            if words is None and error.diag.message_primary:
                words = f"A row of {table.name} does not fit into {self._database.place}: {error.diag.message_primary}."
            if words is None:
                raise
            raise LedgerUnavailable(words) from error


class PostgresBlank(PostgresSide):
    """The tables of a ledger in which nothing has happened yet, locked until all of it is there."""

    def fill(self, table: Table, batches: Iterator[Batch]) -> None:
        """Put rows into a table that has none."""
        copy = f"COPY {named(table)} ({columns(table)}) FROM STDIN".encode()
        with self._told(table), self._driver.cursor() as cursor, cursor.copy(copy) as stream:
            for batch in batches:
                for row in batch:
                    stream.write_row(row)

    def as_kept(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        """Rows as this database can hold them."""
        for batch in batches:
            yield [_storable(row) for row in batch]

    def finish(self) -> None:
        """Let numbers go on where those of the rows end, and tell the planner what is there now."""
        for table in TABLES:
            column = table.autoincrement_column
            if column is not None:
                statement = _NUMBERS.format(column=f'"{column.name}"', table=named(table))
                self._connection.exec_driver_sql(statement, (table.name, column.name))
            self._connection.exec_driver_sql(f"ANALYZE {named(table)}")

    def note(self, name: str, value: str) -> None:
        """Keep a value under a name."""
        self._connection.exec_driver_sql(_PUT_NOTE, (name, value))

    def put_to_use(self, now: datetime) -> Held:
        """Make an old copy that was filled in fit to be worked on."""
        return self.transaction.put_to_use(now)

    @property
    def transaction(self) -> Transaction:
        """Every statement, in the transaction of the copy."""
        return Transaction(self._connection)

    def clear(self) -> None:
        """Delete every row of every table."""
        self._connection.exec_driver_sql(f"TRUNCATE {', '.join(map(named, TABLES))}")


@contextmanager
def postgres_snapshot(database: Postgres) -> Iterator[PostgresSide]:
    """The ledger as it is now."""
    with database.reading() as connection:
        yield PostgresSide(database, connection)


@contextmanager
def postgres_blank(database: Postgres) -> Iterator[PostgresBlank]:
    """The tables, for this transaction alone, committed when the block ends."""
    with database.writing(durable=True) as connection:
        connection.exec_driver_sql(f"LOCK TABLE {', '.join(map(named, TABLES))} IN ACCESS EXCLUSIVE MODE")
        yield PostgresBlank(database, connection)


def _driver(connection: Connection) -> psycopg.Connection[Any]:
    found: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]
    return found


def _storable(row: Any) -> Any:
    if any(type(value) is str and "\x00" in value for value in row):
        return [value.replace("\x00", _KEPT) if isinstance(value, str) else value for value in row]
    return row


@contextmanager
def emptied(database: Database, *, whatever_it_has: bool = False) -> Iterator[PostgresBlank]:
    """The tables of a ledger in which nothing has happened; refuses one in use, and one that is about people."""
    if not isinstance(database, Postgres):
        raise SettingsError(f"{database.place} is no database that can be filled")
    database.prepare()
    with postgres_blank(database) as side:
        if side.used():
            raise LedgerUnavailable(in_use(database.place))
        if not whatever_it_has and (table := side.filled()):
            raise LedgerUnavailable(
                f"The ledger {database.place} is not empty: it has {table}. Name an empty database. "
                "Nothing was changed."
            )
        side.clear()
        yield side

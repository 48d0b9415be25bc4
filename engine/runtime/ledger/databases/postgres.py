"""A ledger in a Postgres database: many writers at once, on many hosts.

Each transaction begins with one message that says all it needs (BEGIN and SET LOCAL), so that nothing depends on
what a session was told before: not after a failover, and not behind a pooler. Its length is bounded on every side:
how long it waits for a row, how long a statement takes, how long it may sleep. A process that is stopped with rows
in its hands loses its connection, and the rows are free.

Writers work under READ COMMITTED and lock what they decide on; readers see one moment.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Self

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, ExceptionContext
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from engine.errors import LedgerUnavailable
from engine.runtime.ledger import migrations
from engine.runtime.ledger.databases.patience import pauses
from engine.runtime.ledger.databases.postgres_check import faults
from engine.runtime.ledger.databases.postgres_commit import COUNTING_SINCE, commit_surely
from engine.runtime.ledger.databases.postgres_errors import passes, sentence
from engine.runtime.ledger.databases.postgres_text import TextDumper

POOL = 10
"""Connections that one process keeps; it may open as many again for a moment."""
PATIENCE = 10.0
"""Seconds to wait for a free connection of the pool."""
AWAY = 2.0
"""Seconds to wait for a server that is away, before it is said to be so."""
RECYCLE = 600
"""Seconds that a connection lives: what the server has planned for it while the ledger was small is forgotten."""
_OLDEST = 13  # pg_xact_status; the oldest that its makers still mend
_KEEPALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 20_000}
_BOUNDS = (
    "SET LOCAL lock_timeout = '10s'; SET LOCAL statement_timeout = '30s'; "
    "SET LOCAL idle_in_transaction_session_timeout = '30s'"
)
# Every statement has its index. While its statistics are stale the server would rather read a whole table now and
# then; with these it does as SQLite does, whatever it knows: it walks indexes. (Its compiler of plans would take
# longer than any of them.)
_PLANS = "; ".join(
    f"SET LOCAL {name} = off"
    for name in ("enable_seqscan", "enable_bitmapscan", "enable_hashjoin", "enable_mergejoin", "jit")
)
_WRITE = f"BEGIN ISOLATION LEVEL READ COMMITTED; {_BOUNDS}; {_PLANS}"
_READ = f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = '60s'; {_PLANS}"
_WHOLE = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0"
_MAKE = "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = '60s'; SET LOCAL statement_timeout = 0"

_ASK_SERVER = f"""
    SELECT current_setting('server_version_num')::int / 10000, current_setting('server_encoding'),
        (SELECT system_identifier FROM pg_control_system())::text || '/' || oid,
        current_setting('synchronous_commit'), ({COUNTING_SINCE})
    FROM pg_database WHERE datname = current_database()
"""  # noqa: S608 - our own words
# Tables of ours, or of somebody else; those that an extension brought are nobody's.
_TABLES = """
    SELECT c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') AND NOT EXISTS (
        SELECT 1 FROM pg_depend AS d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
    )
"""
_LOCK = "SELECT pg_advisory_xact_lock(hashtext('busos: make or migrate'), hashtext(current_schema()))"


class Postgres:
    """A database of a server. ``prepare`` it before anything is read or written."""

    apart = True

    def __init__(self, url: URL) -> None:
        self.place = _place(url)
        self._engine = _engine(url)
        self._durable = self._engine.execution_options(begin=_WRITE)
        self._quick = self._engine.execution_options(begin=f"{_WRITE}; SET LOCAL synchronous_commit = off")
        self._reader = self._engine.execution_options(begin=_READ)
        self._whole = self._engine.execution_options(begin=_WHOLE)
        self._maker = self._engine.execution_options(begin=_MAKE)
        self._identity: str | None = None
        event.listen(self._engine, "connect", self._meet)

    @classmethod
    def at(cls, url: URL) -> Self:
        """The database of a ``postgresql://`` address."""
        return cls(url)

    def exists(self) -> bool:
        """Whether the schema has tables of ours."""
        with self._begun(self._reader) as connection:
            return self._version(connection) is not None

    def can_be_made(self) -> bool:
        """Whether this user may create tables there."""
        with self._begun(self._reader) as connection:
            asked = "SELECT has_schema_privilege(current_schema(), 'CREATE')"
            return bool(connection.exec_driver_sql(asked).scalar())

    def prepare(self) -> None:
        """Make the tables or migrate them, unless they are as this version wants them."""
        with self._begun(self._reader) as connection:
            self._identity = connection.info["identity"]
            if connection.info["synchronous_commit"] == "off":
                self._durable = self._engine.execution_options(begin=f"{_WRITE}; SET LOCAL synchronous_commit = on")
            found = self._version(connection)
        if found != migrations.HEAD:
            with self._begun(self._maker) as connection:
                self._make(connection)

    def _make(self, connection: Connection) -> None:
        """All of it or nothing: here tables are made within a transaction."""
        try:
            connection.exec_driver_sql(_LOCK)
        except DBAPIError as error:
            if isinstance(error.orig, psycopg.errors.LockNotAvailable):
                raise LedgerUnavailable(
                    f"The ledger {self.place} is being made or migrated by another process for more than a minute. "
                    "Look for a process that hangs, then try again."
                ) from error
            raise
        if self._version(connection) != migrations.HEAD:  # another process may have been first
            migrations.upgrade(connection)
        connection.commit()

    def _version(self, connection: Connection) -> str | None:
        """The version of the tables: None where there are none. Refuses what is not ours or newer than we are."""
        tables = set(connection.exec_driver_sql(_TABLES).scalars())
        asked = connection.exec_driver_sql(migrations.ASK_VERSION).scalar() if migrations.TABLE in tables else None
        return migrations.judged(tables, asked, f"The database {self.place}", "database")

    @contextmanager
    def writing(self, *, durable: bool) -> Iterator[Connection]:
        """One of many write transactions: what it decides on, it has to lock."""
        with self._begun(self._durable if durable else self._quick) as connection:
            yield connection
            commit_surely(connection, self._reader, self.place)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A snapshot."""
        with self._begun(self._reader) as connection:
            yield connection
            connection.commit()  # not rolled back: the driver would forget the statements that it has prepared

    @contextmanager
    def _begun(self, engine: Engine) -> Iterator[Connection]:
        """A connection in a transaction, rolled back unless it was committed."""
        with self._begin(engine) as connection:
            yield connection

    def _begin(self, engine: Engine) -> Connection:
        """Nothing has happened yet, so nothing is lost by another try.

        A connection of the pool may have died since it was used, with all the others: BEGIN finds out. A server that
        restarts is back soon.
        """
        words, until = "", monotonic() + AWAY
        for pause in (0.0, *pauses()):
            try:
                return _in_transaction(engine)
            except DBAPIError as error:
                if not self.passes(error.orig):
                    raise
                words = self.sentence(error.orig) or str(error.orig)
            if monotonic() > until:
                break  # it does not refuse us, it does not answer at all
            sleep(pause)
        raise LedgerUnavailable(words)

    def _meet(self, connection: psycopg.Connection[Any], record: ConnectionPoolEntry) -> None:
        """Get to know the server behind a new connection."""
        connection.adapters.register_dumper(str, TextDumper)
        try:
            version, encoding, identity, commit, since = connection.execute(_ASK_SERVER).fetchall()[0]
            self._judge(version, encoding, identity)
        except BaseException:
            connection.close()
            raise
        record.info.update({"identity": identity, "synchronous_commit": commit, "counting since": since})

    def _judge(self, version: int, encoding: str, identity: str) -> None:
        if version < _OLDEST:
            raise LedgerUnavailable(
                f"The server of {self.place} is PostgreSQL {version}, and the ledger needs {_OLDEST} or newer: "
                "upgrade it."
            )
        if encoding != "UTF8":
            raise LedgerUnavailable(
                f"The database {self.place} keeps texts as {encoding}, and the ledger needs UTF8: create it anew with "
                "createdb --encoding UTF8 --template template0."
            )
        if self._identity not in (None, identity):
            raise LedgerUnavailable(
                f"The ledger {self.place} was replaced while in use: another database answers at this address. "
                "Put it back, or restart to use what is there now. Nothing was written."
            )

    def sentence(self, error: BaseException | None) -> str | None:
        """By the server's code of the error, or the words of a connection that did not come about."""
        return sentence(error, self.place)

    def passes(self, error: BaseException | None) -> bool:
        """Deadlocks, rows that two added at once, connections that were lost before COMMIT."""
        return passes(error)

    def scrub(self) -> None:
        """Free the room of deleted rows. The server writes over it in time, and its log and backups are its own."""
        with self._begun(self._reader) as connection:
            tables = connection.exec_driver_sql(_TABLES).scalars().all()
        with closing(self._engine.raw_connection()) as raw:  # no transaction: VACUUM cannot run in one
            raw.cursor().execute(f"VACUUM {', '.join(tables)}")

    def files(self) -> list[Path]:
        """None that this process could read."""
        return []

    def size(self) -> int:
        """Bytes of all tables, their indexes and what they keep apart."""
        with self._begun(self._reader) as connection:
            asked = f"SELECT sum(pg_total_relation_size(t.relname::regclass)) FROM ({_TABLES}) AS t"  # noqa: S608
            return int(connection.exec_driver_sql(asked).scalar() or 0)

    def check(self) -> list[str]:
        """Reads every row of every table, and looks for rows that refer to one that is missing.

        Postgres has no check of a whole database in SQL; where its extension amcheck is installed, indexes are
        compared with their tables too.
        """
        with self._begun(self._whole) as connection:
            return list(faults(connection))

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()


def _in_transaction(engine: Engine) -> Connection:
    connection = engine.connect()
    try:
        connection.begin()
    except BaseException:
        connection.close()
        raise
    return connection


def _place(url: URL) -> str:
    """The address without the password, and without options, which may hold another."""
    hosts = url.query.get("host", ())
    named = url.host or ",".join([hosts] if isinstance(hosts, str) else hosts)
    named = named.rpartition("@")[2]  # before it: the rest of a password in which @ was not written %40
    user = f"{url.username}@" if url.username else ""
    return f"postgresql://{user}{named}{f':{url.port}' if url.port else ''}/{url.database or ''}"


def _engine(url: URL) -> Engine:
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        connect_args={"autocommit": True, "application_name": "busos", "connect_timeout": 5, **_KEEPALIVE},
        pool_size=POOL,
        max_overflow=POOL,
        pool_timeout=PATIENCE,
        pool_recycle=RECYCLE,
        pool_use_lifo=True,
        use_native_hstore=False,
        hide_parameters=True,  # errors are logged, and values are people's
    )

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options()["begin"])

    @event.listens_for(engine, "handle_error")
    def _after_failover(context: ExceptionContext) -> None:
        """A server that became a standby stays one: the next connection may find the new primary."""
        if isinstance(context.original_exception, psycopg.errors.ReadOnlySqlTransaction):
            context.is_disconnect = True

    return engine

"""Ledgers for the benchmarks: where they are made, how they are filled quickly, and how large their tables are.

A ledger is SQLite in a folder, or with ``--database postgresql://…`` a scratch database on that server, made for
one measurement and dropped after it.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from engine.model import Contact, Run, RunStatus
from engine.runtime.clock import Ids
from engine.runtime.ledger import Ledger

AT_ONCE = 10_000
FAR = timedelta(days=400)
DAY = timedelta(days=1)


@contextlib.contextmanager
def scratch(server: str | None, folder: Path, name: str = "busos") -> Iterator[str]:
    """The URL of a new ledger; on a server it is dropped at the end."""
    if server is None:
        yield f"sqlite:///{folder / name}.db"
        return
    import psycopg  # noqa: PLC0415 - only where it is asked for

    database = f"busos_bench_{os.getpid()}_{name}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{database}"')
        try:
            yield urlunsplit(urlsplit(server)._replace(path=f"/{database}"))
        finally:
            connection.execute(f'DROP DATABASE "{database}" WITH (FORCE)')


def fill(
    ledger: Ledger, count: int, now: datetime, *, program: str, step: str, due: Callable[[int], datetime] | None = None
) -> list[str]:
    """Add contacts who wait a day before a step; their addresses, in order.

    ``due`` says when each one's wait is over. Without it the wait is over, and yet nobody looks until they are poked.
    """
    ids, addresses = Ids(), []
    for start in range(0, count, AT_ONCE):
        numbers = range(start, min(start + AT_ONCE, count))
        contacts = [_contact(ids.new(now)) for _ in numbers]
        moments = [due(number) if due else now + FAR for number in numbers]
        since = [moment - DAY if due else now - 2 * DAY for moment in moments]
        runs = [
            _run(ids.new(now), one.id, begun, moment, program, step)
            for one, begun, moment in zip(contacts, since, moments, strict=True)
        ]
        with ledger.write() as tx:
            tx.put_contacts(contacts, now)
            tx.add_runs(runs, "benchmark")
        addresses += [one.email for one in contacts]
    return addresses


def _contact(contact_id: str) -> Contact:
    email = f"ada.{contact_id}@example.com"
    values = {"email": email, "first_name": "Ada", "business_name": "Lovelace & Company", "red_systems": 3}
    return Contact(id=contact_id, email=email, values=values)


def _run(run_id: str, contact_id: str, since: datetime, due: datetime, program: str, step: str) -> Run:
    return Run(
        id=run_id,
        program=program,
        contact_id=contact_id,
        status=RunStatus.WAITING,
        step=step,
        since=since,
        due_at=due,
        started_at=since,
    )


def ask(url: str, sql: str) -> Sequence[Sequence[object]]:
    """Rows of a ledger, read past the product."""
    if url.startswith("sqlite"):
        with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"), timeout=10)) as connection:
            return connection.execute(sql).fetchall()
    import psycopg  # noqa: PLC0415 - as above

    with psycopg.connect(url) as connection:
        return connection.execute(sql.encode()).fetchall()


_SQLITE_SIZES = """
    SELECT m.tbl_name, sum(s.pgsize) FROM dbstat AS s JOIN sqlite_master AS m ON m.name = s.name GROUP BY 1
"""
_POSTGRES_SIZES = "SELECT relname, pg_total_relation_size(relid) FROM pg_stat_user_tables"


def sizes(url: str) -> Mapping[str, int]:
    """Bytes on disk of each table with its indexes."""
    if url.startswith("sqlite"):
        ask(url, "PRAGMA wal_checkpoint(TRUNCATE)")
        return {str(name): int(str(size)) for name, size in ask(url, _SQLITE_SIZES)}
    return {str(name): int(str(size)) for name, size in ask(url, _POSTGRES_SIZES)}

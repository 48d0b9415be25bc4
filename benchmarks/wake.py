"""Wake-ups per second: contacts that all fall due at one instant, beside the bare limit of the database.

    python benchmarks/wake.py [--contacts N] [--rounds N] [--processes N] [--threads N] [--database postgresql://…]

Ours: everybody stands before an email, and ``busos worker`` runs and waits. From the instant at which all fall due, the
clock runs until every run has ended: claimed, decided, the email rendered and stored under its key, handed to a mailer
that answers at once, settled. ``first`` is when the ledger says that the first email was accepted. Baseline: as many
bare rows claimed and settled in batches of 100 by plain SQL, durably, by as many hands as there are processes. Every
round measures both and gives a ratio; the medians are printed at the end.
"""

from __future__ import annotations

import argparse
import contextlib
import sqlite3
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.ledgers import ask, fill, scratch
from benchmarks.processes import busos, running, write
from engine.runtime.ledger import Ledger

FILE = """
version: 1
email: {from: Sang Le <sang@example.com>}
contact:
  email: {type: email}
  first_name: {type: text, default: there}
  business_name: {type: text}
  red_systems: {type: whole number, max: 8}
triggers: {enter: {requires: [email], then: [{start: course}]}}
sequences: {course: {steps: [{wait: 1 day}, {email: hello}]}}
"""
TEMPLATE = "---\nsubject: Hello {{ first_name }}\n---\nHello {{ first_name }}, this is the email that was due.\n"
BATCH = 100
FILLED = 3_000
"""Contacts a second that are put into a ledger at the least."""
QUIET = 120.0
"""Seconds after which a round is given up."""


@dataclass(frozen=True)
class Round:
    """Seconds until the first email was accepted and until all runs had ended; processor time; the bare limit."""

    count: int
    first: float
    took: float
    cpu: float
    limit: float

    @property
    def rate(self) -> float:
        """Wake-ups a second."""
        return self.count / self.took

    @property
    def told(self) -> str:
        """In words."""
        return (
            f"all {self.count:,} within {self.took:.1f} s, the first after {self.first:.2f} s: "
            f"{self.rate:,.0f} wake-ups/s, {self.cpu / self.count * 1e3:.3f} ms of processor time each   "
            f"bare {self.limit:,.0f}/s   ratio {self.rate / self.limit:.2f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--contacts", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--processes", type=int, default=1, help="of busos worker")
    parser.add_argument("--threads", type=int, default=2, help="of each process")
    parser.add_argument(
        "--database", help="a PostgreSQL server instead of SQLite, such as postgresql://127.0.0.1/postgres"
    )
    options = parser.parse_args()
    rounds = []
    for number in range(options.rounds):
        rounds.append(measured(options.contacts, options.processes, options.threads, options.database))
        print(f"round {number + 1}: {rounds[-1].told}", flush=True)
    names = ("first", "took", "cpu", "limit")
    median = Round(options.contacts, *(statistics.median(getattr(one, name) for one in rounds) for name in names))
    print(f"medians: {median.told}")


def measured(count: int, processes: int, threads: int, server: str | None) -> Round:
    """The bare limit, then ours."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with scratch(server, folder, "bare") as url:
            limit = count / bare(url, count, processes)
        with scratch(server, folder) as url:
            return ours(folder, url, count, processes, threads, limit)


# -- Ours -------------------------------------------------------------------------------------


def ours(folder: Path, url: str, count: int, processes: int, threads: int, limit: float) -> Round:
    """Let everybody fall due while workers wait."""
    write(folder, FILE, {"hello": TEMPLATE})
    now = datetime.now(UTC)
    due = now + timedelta(seconds=15 + count / FILLED)
    words = ("--threads", str(threads), "--processes", str(processes))
    with Ledger.open(url) as ledger:
        fill(ledger, count, now, program="course", step="hello", due=lambda _number: due)
        with running(busos(folder, "worker", *words, BUSOS_DATABASE_URL=url)) as (worker,):
            while worker.log.read_bytes().count(b"working") < processes:
                time.sleep(0.05)
            before = worker.cpu_seconds()
            if datetime.now(UTC) > due - timedelta(seconds=1):
                raise SystemExit("it took too long to put everybody in: ask for fewer contacts")
            time.sleep((due - datetime.now(UTC)).total_seconds())
            until_all_ended(ledger)
            took, cpu = (datetime.now(UTC) - due).total_seconds(), worker.cpu_seconds() - before
    accepted, first = ask(url, "SELECT count(*), min(accepted_at) FROM emails WHERE status = 'accepted'")[0]
    if accepted != count:
        raise SystemExit(f"{accepted} emails were accepted, of {count}")
    return Round(count, int(str(first)) / 1000 - due.timestamp(), took, cpu, limit)


def until_all_ended(ledger: Ledger) -> None:
    """Nobody wants to be looked at any more; asking costs two looks into an index."""
    end = time.monotonic() + QUIET
    while time.monotonic() < end:
        now = datetime.now(UTC)
        with ledger.read() as tx:
            if tx.next_due(now, "move") is None and tx.next_due(now, "post") is None:
                return
        time.sleep(0.05)
    raise SystemExit(f"not everybody was through within {QUIET:.0f} s")


# -- The limit --------------------------------------------------------------------------------

_TABLE = "CREATE TABLE bare (id INTEGER PRIMARY KEY, due INTEGER, version INTEGER DEFAULT 0, body TEXT)"
_INDEX = "CREATE INDEX bare_due ON bare (due) WHERE due IS NOT NULL"
_CLAIM = """
    UPDATE bare SET due = 9, version = version + 1 WHERE id IN (
        SELECT id FROM bare WHERE due <= 1 ORDER BY due LIMIT {batch} {lock}
    ) RETURNING id, version
"""


def bare(url: str, count: int, hands: int) -> float:
    """Seconds to claim and settle rows by plain SQL."""
    rows = [(number, "x" * 100) for number in range(count)]
    with opened(url) as connection, transaction(connection):
        connection.execute(_TABLE)
        connection.execute(_INDEX)
        connection.cursor().executemany(marked(url, "INSERT INTO bare (id, due, body) VALUES (?, 1, ?)"), rows)
    threads = [threading.Thread(target=settle_all, args=(url,)) for _ in range(hands)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - began


def settle_all(url: str) -> None:
    """Claim a batch, settle it, and so on until none is left."""
    claim = _CLAIM.format(batch=BATCH, lock="" if url.startswith("sqlite") else "FOR UPDATE SKIP LOCKED")
    settle = marked(url, "UPDATE bare SET due = NULL WHERE id = ? AND version = ?")
    with opened(url) as connection:
        while True:
            with transaction(connection):
                rows = connection.execute(claim).fetchall()
            if not rows:
                return
            with transaction(connection):
                connection.cursor().executemany(settle, rows)


def opened(url: str) -> contextlib.closing[Any]:
    """A connection of the database's own driver."""
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"), timeout=60)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        return contextlib.closing(connection)
    import psycopg  # noqa: PLC0415 - only where it is asked for

    return contextlib.closing(psycopg.connect(url, autocommit=True))


def transaction(connection: Any) -> contextlib.AbstractContextManager[Any]:
    """A block that is on disk when it ends."""
    return connection if isinstance(connection, sqlite3.Connection) else connection.transaction()


def marked(url: str, sql: str) -> str:
    """The statement with the driver's marks for values."""
    return sql if url.startswith("sqlite") else sql.replace("?", "%s")


if __name__ == "__main__":
    main()

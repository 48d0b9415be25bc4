"""Wake-ups per second: contacts that all fall due at one instant, beside the bare limit of SQLite.

    python benchmarks/wake.py [--contacts N] [--rounds N]

Ours: every contact stands before an email; the workers of one process claim, decide, render, store under a
key, hand over to a mailer that answers at once, and settle. Baseline: the same rows claimed and settled in
batches of 100 by plain SQL (WAL, synchronous=FULL) and nothing else. Every round gives a ratio.
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from engine.model import Contact, Run, RunStatus
from engine.runtime.ledger import Ledger
from engine.runtime.settings import Settings
from engine.runtime.wiring import build

FILE = """
version: 1
email: {from: Sang Le <sang@example.com>}
contact:
  email: {type: email}
  first_name: {type: text, default: there}
triggers: {enter: {requires: [email], then: [{start: course}]}}
sequences: {course: {steps: [{wait: 1 day}, {email: hello}]}}
"""
TEMPLATE = "---\nsubject: Hello {{ first_name }}\n---\nHello {{ first_name }}, this is the email that was due.\n"
BATCH = 100


def bare(folder: Path, count: int) -> float:
    """Seconds to claim and settle all rows by plain SQL."""
    connection = sqlite3.connect(folder / "bare.db", isolation_level=None)
    connection.executescript(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
        "CREATE TABLE runs (id INTEGER PRIMARY KEY, due INTEGER, lease INTEGER, version INTEGER DEFAULT 0, body TEXT);"
        "CREATE INDEX due ON runs (due) WHERE due IS NOT NULL;"
    )
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO runs (id, due, body) VALUES (?, 1, ?)", [(n, "x" * 100) for n in range(count)])
    connection.execute("COMMIT")
    begun = time.perf_counter()
    while True:
        connection.execute("BEGIN IMMEDIATE")
        rows = connection.execute(
            "UPDATE runs SET due = 9, version = version + 1 WHERE id IN "
            f"(SELECT id FROM runs WHERE due <= 1 ORDER BY due LIMIT {BATCH}) RETURNING id, version"
        ).fetchall()
        connection.execute("COMMIT")
        if not rows:
            return time.perf_counter() - begun
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("UPDATE runs SET due = NULL WHERE id = ? AND version = ?", rows)
        connection.execute("COMMIT")


def prepared(folder: Path, count: int) -> Settings:
    """A ledger in which everybody is due."""
    (folder / "templates").mkdir()
    (folder / "templates" / "hello.md").write_text(TEMPLATE)
    (folder / "sequences.yaml").write_text(FILE)
    url = f"sqlite:///{folder / 'busos.db'}"
    due = datetime.now(UTC) - timedelta(days=1, minutes=1)
    with Ledger.open(url) as ledger:
        for start in range(0, count, 5_000):
            numbers = range(start, min(start + 5_000, count))
            with ledger.write() as tx:
                tx.put_contacts([_contact(number) for number in numbers], due)
                tx.add_runs([_run(number, due) for number in numbers], "benchmark")
    return Settings(file=folder / "sequences.yaml", database_url=url)


def _contact(number: int) -> Contact:
    email = f"ada+{number}@example.com"
    return Contact(id=f"c{number:09}", email=email, values={"email": email, "first_name": "Ada"})


def _run(number: int, since: datetime) -> Run:
    return Run(
        id=f"r{number:09}",
        program="course",
        contact_id=f"c{number:09}",
        status=RunStatus.WAITING,
        step="hello",
        since=since,
        due_at=since + timedelta(days=1),
        started_at=since,
    )


def ours(folder: Path, count: int) -> tuple[float, float]:
    """Seconds until the first was handed over, and until all of them have ended."""
    system = build(prepared(folder, count), works=True, make_key=True)
    begun, first = time.perf_counter(), 0.0
    system.start()
    try:
        while True:
            with system.ledger.read() as tx:
                accepted = tx.email_counts().get("accepted", 0)
            if accepted and not first:
                first = time.perf_counter() - begun
            if accepted >= count:
                return first, time.perf_counter() - begun
            time.sleep(0.02 if not first else 0.2)
    finally:
        system.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--contacts", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    rounds = []
    for number in range(options.rounds):
        with tempfile.TemporaryDirectory() as folder:
            limit = options.contacts / bare(Path(folder), options.contacts)
        with tempfile.TemporaryDirectory() as folder:
            first, took = ours(Path(folder), options.contacts)
        found = options.contacts / took
        rounds.append((found / limit, found, limit, first))
        print(
            f"round {number + 1}: busos {found:,.0f} wake-ups/s, first after {first:.2f} s   "
            f"bare SQLite {limit:,.0f}/s   ratio {found / limit:.2f}",
            flush=True,
        )
    ratio, found, limit, first = sorted(rounds)[len(rounds) // 2]
    print(
        f"median: {found:,.0f} wake-ups/s (decided, rendered, stored, handed over, settled), "
        f"first after {first:.2f} s, {ratio:.0%} of the bare limit of {limit:,.0f}/s"
    )


if __name__ == "__main__":
    main()

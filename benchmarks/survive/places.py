"""Where the ledger is, read from outside by SQL; here the questions, and SQLite in the trial's folder."""

from __future__ import annotations

import contextlib
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.survive.evidence import RunRow

Row = Sequence[Any]
AWAY: tuple[type[Exception], ...] = (OSError, ValueError, sqlite3.Error)
"""What asking a database may raise while it is away."""
with contextlib.suppress(ImportError):
    AWAY += (import_module("psycopg").Error,)

LIVE = "('ready', 'waiting', 'sending', 'held')"
RUNS = "SELECT r.id, c.email, r.program, r.status, r.reason FROM runs AS r JOIN contacts AS c ON c.id = r.contact_id"
LIMBO = f"""
    SELECT r.id, r.program, r.status FROM runs AS r WHERE
        (r.status IN {LIVE} AND (r.due_at IS NULL OR r.ended_at IS NOT NULL))
        OR (r.status IN {LIVE} AND r.paused_at IS NULL AND r.wake_at IS NULL)
        OR (r.status NOT IN {LIVE} AND (r.ended_at IS NULL OR r.wake_at IS NOT NULL OR r.lease_until IS NOT NULL))
"""
RECORDED = """
    SELECT c.email, e.step, e.accepted_at FROM emails AS e
    JOIN runs AS r ON r.id = e.run_id JOIN contacts AS c ON c.id = r.contact_id WHERE e.accepted_at IS NOT NULL
"""
ENTERED = """
    SELECT c.email, min(r.started_at) FROM runs AS r JOIN contacts AS c ON c.id = r.contact_id
    WHERE r.program = 'nurture' GROUP BY c.email
"""
IN_HAND = """
    SELECT w.id FROM runs AS r JOIN workers AS w ON w.number = r.lease_by
    WHERE r.lease_until IS NOT NULL AND r.status = 'sending'
"""
ORPHANS = {
    "runs without a contact": "SELECT count(*) FROM runs WHERE contact_id NOT IN (SELECT id FROM contacts)",
    "story of no run": "SELECT count(*) FROM story WHERE run_id NOT IN (SELECT id FROM runs)",
    "emails of no run": "SELECT count(*) FROM emails WHERE run_id NOT IN (SELECT id FROM runs)",
    "emails without their text": "SELECT count(*) FROM emails WHERE number NOT IN (SELECT number FROM messages)",
    "events of nobody": "SELECT count(*) FROM events WHERE contact_id NOT IN (SELECT id FROM contacts)",
    "ended runs in somebody's hands": f"SELECT count(*) FROM runs WHERE status NOT IN {LIVE} AND lease_by IS NOT NULL",
}


class Place(ABC):
    """A ledger, as whoever does not trust the product looks at it."""

    url: str

    @abstractmethod
    def rows(self, sql: str) -> list[Row]:
        """The answer to a question, or an OSError or database error while the database is away."""

    @abstractmethod
    def broken(self) -> list[str]:
        """What the database itself finds wrong with its files."""

    @abstractmethod
    def close(self) -> None:
        """Leave nothing behind."""

    def runs(self) -> tuple[RunRow, ...]:
        """Every run."""
        return tuple(RunRow(*row) for row in self.rows(RUNS))

    def limbo(self) -> list[str]:
        """Runs with neither a due time nor an end."""
        return [f"{row[0]}: {row[1]} {row[2]}" for row in self.rows(LIMBO)]

    def errands(self) -> int:
        """How many errands (page updates, alerts) are not done."""
        return int(self.rows("SELECT count(*) FROM outbox WHERE status = 'pending'")[0][0])

    def open_runs(self) -> list[tuple[str, str]]:
        """Who has a run that has not ended, and its status."""
        return [(row[1], row[3]) for row in self.rows(f"{RUNS} WHERE r.status IN {LIVE}")]

    def senders(self) -> set[int]:
        """The processes that have an email in hand. A worker's name is its host, its process, and more."""
        return {int(str(row[0]).split()[1]) for row in self.rows(IN_HAND)}

    def events(self) -> frozenset[str]:
        """The ids of all events."""
        return frozenset(str(row[0]) for row in self.rows("SELECT id FROM events"))

    def recorded(self) -> dict[tuple[str, int], float]:
        """When each step of everybody was recorded as accepted, in seconds since 1970."""
        numbered = [(row[0], str(row[1]).rpartition("_")[2], row[2]) for row in self.rows(RECORDED)]
        return {(email, int(step)): at / 1000 for email, step, at in numbered if step.isdigit()}

    def entered(self) -> dict[str, float]:
        """When each contact entered the sequence."""
        return {row[0]: row[1] / 1000 for row in self.rows(ENTERED)}

    def problems(self) -> list[str]:
        """Everything that is wrong with it."""
        orphans = [f"{count} {what}" for what, sql in ORPHANS.items() if (count := int(self.rows(sql)[0][0]))]
        return [*self.broken(), *orphans]


class SqlitePlace(Place):
    """A file."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.url = f"sqlite:///{file}"

    def rows(self, sql: str) -> list[Row]:
        """The answer of the file, opened for reading only."""
        with contextlib.closing(sqlite3.connect(f"file:{self.file}?mode=ro", uri=True, timeout=10)) as connection:
            return connection.execute(sql).fetchall()

    def broken(self) -> list[str]:
        """What SQLite's own checks say."""
        said = [str(row[0]) for row in self.rows("PRAGMA integrity_check")]
        strange = [f"foreign key: {row}" for row in self.rows("PRAGMA foreign_key_check")]
        return [line for line in said if line != "ok"] + strange

    def close(self) -> None:
        """The file goes with its folder."""

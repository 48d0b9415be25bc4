"""Rules that every ledger keeps at every moment, asked of one: rows that break one are a mistake or a damage.

A run that lives has a time at which somebody looks at it, unless it is paused; one that is over has none. What is to
be sent is stored. What refers to something finds it. Numbers are given once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.runtime.ledger.encoding import millis
from engine.runtime.ledger.run_rows import LIVE
from engine.runtime.ledger.session import Session, Statement
from engine.runtime.ledger.tables import metadata

# ruff: noqa: S608 - the only words put into SQL here are our own

LATE = timedelta(minutes=10)
"""A run that wanted to be looked at so long ago, and is in nobody's hands, is stuck while somebody works."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule, the rows that break it, and what to say of them."""

    name: str
    broken_by: Statement
    words: str


def _count(rows: str) -> Statement:
    return Statement(f"SELECT count(*) FROM {rows}")


RULES = (
    Rule("runs awake", _count(f"runs WHERE status IN {LIVE} AND paused_at IS NULL AND wake_at IS NULL"),
         "runs that live and are not paused, but nobody will ever look at them"),
    Rule("runs paused", _count(f"runs WHERE status IN {LIVE} AND paused_at IS NOT NULL AND wake_at IS NOT NULL"),
         "paused runs that would be looked at all the same"),
    Rule("runs over", _count(f"runs WHERE status NOT IN {LIVE} AND (wake_at IS NOT NULL OR ended_at IS NULL)"),
         "runs that are over, but not at rest"),
    Rule("runs sending", _count("""
             runs AS r WHERE r.status = 'sending' AND NOT EXISTS (
                 SELECT 1 FROM emails AS e WHERE e.run_id = r.id AND e.step = r.step)
         """), "runs that are to send an email that is not stored"),
    Rule("emails", _count("emails AS e WHERE NOT EXISTS (SELECT 1 FROM messages AS m WHERE m.number = e.number)"),
         "emails that have lost their text"),
    Rule("events", _count("""
             events AS e WHERE e.contact_id <> '' AND NOT EXISTS (SELECT 1 FROM contacts AS c WHERE c.id = e.contact_id)
         """), "webhooks about a contact that is missing"),
    Rule("revisions", _count("runs AS r WHERE NOT EXISTS (SELECT 1 FROM revisions AS v WHERE v.number = r.revision)"),
         "runs begun under a version of the file that is missing"),
)  # fmt: skip

_STUCK = _count("runs WHERE wake_at <= :late AND status <> 'sending'")
_KILLERS = _count(f"runs WHERE claims > 3 AND status IN {LIVE}")


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule, and how many rows break it."""

    rule: str
    rows: int
    words: str


class Soundness(Session):
    """Questions about all rows at once: each reads a table or two from end to end."""

    def broken_rules(self) -> Iterator[Broken]:
        """Every rule, with the number of rows that break it: none of them, in a sound ledger."""
        for rule in RULES:
            yield Broken(rule.name, int(self._all(rule.broken_by)[0][0]), rule.words)
        yield from self._numbers()

    def stuck_runs(self, now: datetime) -> int:
        """Runs that somebody should have looked at long ago, and nobody has in hand."""
        return int(self._all(_STUCK, late=millis(now - LATE))[0][0])

    def often_claimed(self) -> int:
        """Runs that were taken again and again since they were last written down: whoever takes them dies."""
        return int(self._all(_KILLERS)[0][0])

    def table_counts(self) -> dict[str, int]:
        """How many rows each table has."""
        names = [table.name for table in metadata.sorted_tables]
        return {name: int(self._all(_count(f'"{name}"'))[0][0]) for name in names}

    def _numbers(self) -> Iterator[Broken]:
        """SQLite counts on from the rows; Postgres by itself, and a copy by hand may have left its counters behind."""
        if self.connection.dialect.name != "postgresql":
            return
        for table in metadata.sorted_tables:
            if table.autoincrement_column is None:
                continue
            counter, column = (
                self._counter(table.name, table.autoincrement_column.name),
                table.autoincrement_column.name,
            )
            behind = f'"{table.name}" WHERE "{column}" > (SELECT last_value FROM {counter})'
            rows = int(self._all(_count(behind))[0][0])
            yield Broken(f"numbers of {table.name}", rows, "rows with a number that would be given again")

    def _counter(self, table: str, column: str) -> str:
        return str(
            self._all(Statement("SELECT pg_get_serial_sequence(:table, :column)"), table=table, column=column)[0][0]
        )

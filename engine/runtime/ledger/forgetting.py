"""What may be deleted, and nothing else: every statement says itself that it touches only runs that have ended.

Of a person's ended run the row stays, because "never again" and "again after 90 days" are decided by it: without
it, the next webhook would send the same emails to the same person. What happened in it goes: its story, its
emails, and the webhooks that nothing else is about. The run of a trigger decides nothing later and goes as a whole.
Contacts stay, because who has unsubscribed must not be forgotten.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Self

from engine.model import TRIGGER_PREFIX
from engine.runtime.ledger.encoding import millis
from engine.runtime.ledger.session import Lookup, Statement
from engine.runtime.ledger.suppressions import Suppressions

# ruff: noqa: S608 - the only words put into SQL here are our own

STUB = "its story was deleted: it ended long ago"
"""The reason of a run of which only the row is left."""

_ENDED = "status IN ('finished', 'stopped', 'failed') AND ended_at < :before"
_NEEDED = "(status NOT IN ('finished', 'stopped', 'failed') OR ended_at IS NULL OR ended_at >= :before)"
_OF_TRIGGER = f"substr(program, 1, {len(TRIGGER_PREFIX)}) = '{TRIGGER_PREFIX}'"
_THESE = f"SELECT id FROM runs WHERE id IN :keys AND {_ENDED}"
_RUNS = Statement(f"""
    SELECT r.id FROM runs AS r WHERE r.id > :after AND {_ENDED} AND (
        {_OF_TRIGGER}
        OR EXISTS (SELECT 1 FROM story AS s WHERE s.run_id = r.id)
        OR EXISTS (SELECT 1 FROM emails AS e WHERE e.run_id = r.id)
    ) ORDER BY r.id LIMIT :limit
""")
_OWNERS = Lookup("SELECT DISTINCT contact_id FROM runs WHERE id IN :keys")
_MESSAGES = Lookup(f"DELETE FROM messages WHERE number IN (SELECT number FROM emails WHERE run_id IN ({_THESE}))")
_DELIVERIES = Lookup(
    f"DELETE FROM deliveries WHERE provider_id IN (SELECT provider_id FROM emails WHERE run_id IN ({_THESE}))"
)
_EMAILS = Lookup(f"DELETE FROM emails WHERE run_id IN ({_THESE})")
_STORY = Lookup(f"DELETE FROM story WHERE run_id IN ({_THESE})")
_TRIGGERS = Lookup(f"DELETE FROM runs WHERE id IN :keys AND {_ENDED} AND {_OF_TRIGGER}")
_STUBS = Lookup(f"""
    UPDATE runs SET step = NULL, event_id = NULL, segment = NULL, given = NULL, elsewhere = NULL, reason = '{STUB}'
    WHERE id IN :keys AND {_ENDED}
""")
# An event is told by the runs that it began; they are runs of its contact, whose runs have an index.
_UNUSED = f"""
    e.accepted_at < :before AND NOT EXISTS (
        SELECT 1 FROM runs AS r WHERE r.contact_id = e.contact_id AND r.event_id = e.id AND {_NEEDED}
    )
"""
_EVENTS = Statement(f"SELECT e.id FROM events AS e WHERE e.id > :after AND {_UNUSED} ORDER BY e.id LIMIT :limit")
_FORGET_EVENTS = Lookup(
    f"DELETE FROM events WHERE id IN (SELECT e.id FROM events AS e WHERE e.id IN :keys AND {_UNUSED})"
)
_OLD_ERRANDS = "SELECT id FROM outbox WHERE status = 'done' AND done_at < :before"
_ERRANDS = Statement(
    f"DELETE FROM outbox WHERE status = 'done' AND id IN ({_OLD_ERRANDS} ORDER BY done_at LIMIT :limit)"
)
_WORKERS = Statement("DELETE FROM workers WHERE seen_at < :before")

_COUNT_ERRANDS = Statement(f"SELECT count(*) FROM ({_OLD_ERRANDS}) AS old")
_COUNT_WORKERS = Statement("SELECT count(*) FROM workers WHERE seen_at < :before")
_COUNT_EVENTS = Statement(f"SELECT count(*) FROM events AS e WHERE {_UNUSED}")
_COUNT_RUNS = Statement(f"""
    SELECT count(*), coalesce(sum(story), 0), coalesce(sum(emails), 0) FROM (
        SELECT r.program, (SELECT count(*) FROM story AS s WHERE s.run_id = r.id) AS story,
            (SELECT count(*) FROM emails AS e WHERE e.run_id = r.id) AS emails
        FROM runs AS r WHERE {_ENDED}
    ) AS old WHERE story > 0 OR emails > 0 OR {_OF_TRIGGER}
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """How much was deleted, or would be. ``runs`` counts those whose story goes."""

    runs: int = 0
    lines: int = 0
    emails: int = 0
    events: int = 0
    errands: int = 0
    workers: int = 0

    def __add__(self, other: Self) -> Self:
        """Both together."""
        names = [member.name for member in fields(self)]
        return type(self)(**{name: getattr(self, name) + getattr(other, name) for name in names})


class Forgetting(Suppressions):
    """Statements that delete."""

    def ended_runs(self, before: datetime, after: str, limit: int) -> list[str]:
        """Ids of runs that ended before a moment and have something to forget, from the one behind ``after`` on."""
        return [row[0] for row in self._all(_RUNS, before=millis(before), after=after, limit=limit)]

    def forget_runs(self, ids: Sequence[str], before: datetime) -> Forgotten:
        """Delete what happened in these runs, where they ended before the moment; the others stay as they are."""
        at = millis(before)
        self.lock_contacts(row[0] for row in self._lookup(_OWNERS, ids))  # so that nobody tries one of them again now
        self._touch(_MESSAGES, ids, before=at)
        self._touch(_DELIVERIES, ids, before=at)
        emails = self._touch(_EMAILS, ids, before=at)
        lines = self._touch(_STORY, ids, before=at)
        self._touch(_TRIGGERS, ids, before=at)
        self._touch(_STUBS, ids, before=at)
        return Forgotten(runs=len(ids), lines=lines, emails=emails)

    def unused_events(self, before: datetime, after: str, limit: int) -> list[str]:
        """Ids of webhooks accepted before a moment, whose runs have all ended before it, from behind ``after`` on."""
        return [row[0] for row in self._all(_EVENTS, before=millis(before), after=after, limit=limit)]

    def forget_events(self, ids: Sequence[str], before: datetime) -> Forgotten:
        """Delete these webhooks, where all that they began is over since before the moment."""
        return Forgotten(events=self._touch(_FORGET_EVENTS, ids, before=millis(before)))

    def forget_errands(self, done_before: datetime, limit: int) -> Forgotten:
        """Delete alerts and page updates that were done before a moment."""
        return Forgotten(errands=self._do(_ERRANDS, before=millis(done_before), limit=limit))

    def forget_workers(self, before: datetime) -> Forgotten:
        """Delete processes without a sign of life since a moment."""
        return Forgotten(workers=self._do(_WORKERS, before=millis(before)))

    def forgettable(self, runs: datetime | None, errands: datetime, workers: datetime) -> Forgotten:
        """What would be deleted: runs that ended, errands done, and workers last seen before these moments."""
        found = Forgotten(
            errands=self._count(_COUNT_ERRANDS, before=millis(errands)),
            workers=self._count(_COUNT_WORKERS, before=millis(workers)),
        )
        if runs is None:
            return found
        at = millis(runs)
        row = self._all(_COUNT_RUNS, before=at)[0]
        events = self._count(_COUNT_EVENTS, before=at)
        return found + Forgotten(runs=row[0], lines=int(row[1]), emails=int(row[2]), events=events)

    def _count(self, statement: Statement, **values: int) -> int:
        return int(self._all(statement, **values)[0][0])

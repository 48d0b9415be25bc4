"""What was accepted: every webhook that was answered with a 202, and the key that makes a repeat harmless."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from engine.runtime.ledger.encoding import instant, json_object, json_text, millis
from engine.runtime.ledger.records import Pair, StoredEvent
from engine.runtime.ledger.revisions import Revisions
from engine.runtime.ledger.session import Lookup, Row, Statement

# "key IN …" alone tells SQLite that its index holds all the answers; with "key IS NOT NULL" beside it, it reads
# every event of the trigger as soon as the list is long.
_SELECT = """
    SELECT e.id, e.trigger, e.contact_id, e.email, e.payload, e.accepted_at,
        (SELECT hash FROM revisions WHERE number = e.revision), e.key, e.body_hash, e.segment
    FROM events AS e
"""
_BY_ID = Statement(f"{_SELECT} WHERE e.id = :id")
_BY_KEY = Lookup(f"{_SELECT} WHERE e.trigger = :trigger AND e.key IN :keys")
_ADD = Statement(
    """
    INSERT INTO events (id, trigger, key, body_hash, payload, contact_id, email, segment, accepted_at, revision)
    VALUES (:id, :trigger, :key, :body_hash, :payload, :contact_id, :email, :segment, :accepted_at, :revision)
""",
    together=True,
)


def select_events(where: str) -> str:
    """SQL for the events of which this is true, as ``event_of`` reads them."""
    return f"{_SELECT} WHERE {where}"


def event_of(row: Row) -> StoredEvent:
    """An event as it is stored."""
    return StoredEvent(
        id=row[0],
        trigger=row[1],
        contact_id=row[2],
        email=row[3],
        payload=json_object(row[4]),
        accepted_at=instant(row[5]),
        revision=row[6],
        key=row[7],
        body_hash=row[8],
        segment=row[9],
    )


class Events(Revisions):
    """Statements about events."""

    def events_by_key(self, pairs: Iterable[Pair]) -> dict[Pair, StoredEvent]:
        """Events by (trigger, idempotency key); a pair that was never seen is left out."""
        keys: dict[str, list[str]] = {}
        for trigger, key in set(pairs):
            keys.setdefault(trigger, []).append(key)
        return {
            (trigger, row[7]): event_of(row)
            for trigger, wanted in keys.items()
            for row in self._lookup(_BY_KEY, wanted, trigger=trigger)
        }

    def add_events(self, events: Sequence[StoredEvent]) -> None:
        """Store events. A (trigger, key) that is there already fails: look with ``events_by_key`` first.

        They go in by key, so that two who add the same keys do not deadlock.
        """
        numbers = self._revision_numbers({event.revision for event in events})
        self._many(
            _ADD,
            [
                {
                    "id": event.id,
                    "trigger": event.trigger,
                    "key": event.key,
                    "body_hash": event.body_hash,
                    "payload": json_text(event.payload),
                    "contact_id": event.contact_id,
                    "email": event.email,
                    "segment": event.segment,
                    "accepted_at": millis(event.accepted_at),
                    "revision": numbers[event.revision],
                }
                for event in sorted(events, key=lambda event: (event.trigger, event.key or ""))
            ],
        )

    def event(self, event_id: str) -> StoredEvent | None:
        """One event, or None."""
        row = self._first(_BY_ID, id=event_id)
        return event_of(row) if row else None

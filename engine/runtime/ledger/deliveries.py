"""What the provider told of emails: kept as it came, and found by the email when somebody looks.

Nothing is written into stories here. An event may come before our own record of the email, twice, or before another
that happened earlier; since each is kept by the id of its message and joined when it is read, none of that matters.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from engine.runtime.ledger.encoding import instant, millis
from engine.runtime.ledger.records import DeliveryEvent
from engine.runtime.ledger.session import Lookup, Session, Statement

_KEEP = Statement("""
    INSERT INTO deliveries (id, kind, provider_id, at, received_at, detail)
    VALUES (:id, :kind, :provider_id, :at, :received_at, :detail) ON CONFLICT (id) DO NOTHING
""")
_OF_EMAILS = Lookup("""
    SELECT id, kind, at, provider_id, detail FROM deliveries WHERE provider_id IN :keys ORDER BY at, id
""")
_WHOSE = Lookup("SELECT provider_id, run_id, step, contact_id FROM emails WHERE provider_id IN :keys")
_FORGET = Lookup("DELETE FROM deliveries WHERE provider_id IN :keys")
_ORPHANS = Statement("""
    DELETE FROM deliveries WHERE id IN (
        SELECT d.id FROM deliveries AS d WHERE d.received_at < :before AND NOT EXISTS (
            SELECT 1 FROM emails AS e WHERE e.provider_id = d.provider_id
        ) ORDER BY d.received_at LIMIT :limit
    )
""")


class Deliveries(Session):
    """Statements about what became of emails behind the provider."""

    def keep_delivery(self, event: DeliveryEvent, now: datetime) -> bool:
        """Keep an event; whether it is new."""
        row = {
            "id": event.id,
            "kind": event.kind,
            "provider_id": event.provider_id,
            "at": millis(event.at),
            "received_at": millis(now),
            "detail": event.detail,
        }
        return self._do(_KEEP, **row) > 0

    def deliveries(self, provider_ids: Iterable[str]) -> list[DeliveryEvent]:
        """What was told of these emails, by its own time."""
        return [
            DeliveryEvent(id=row[0], kind=row[1], at=instant(row[2]), provider_id=row[3], detail=row[4])
            for row in self._lookup(_OF_EMAILS, list(provider_ids))
        ]

    def email_of_provider(self, provider_id: str) -> tuple[str, str, str] | None:
        """The run, the step and the contact of the email that the provider knows by this id."""
        rows = self._lookup(_WHOSE, [provider_id])
        return (rows[0][1], rows[0][2], rows[0][3]) if rows else None

    def forget_deliveries(self, provider_ids: Iterable[str]) -> int:
        """Delete what was told of these emails."""
        return self._touch(_FORGET, list(provider_ids))

    def forget_orphans(self, before: datetime, limit: int) -> int:
        """Delete what came before a moment and is about no email of ours any more, or never was."""
        return self._do(_ORPHANS, before=millis(before), limit=limit)

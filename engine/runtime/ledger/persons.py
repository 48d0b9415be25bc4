"""What is about one person beyond their runs: read from end to end, since it is asked for once in a long while."""

from __future__ import annotations

from datetime import datetime

from engine.runtime.ledger.encoding import instant
from engine.runtime.ledger.events import Events, event_of, select_events
from engine.runtime.ledger.outbox import item_of, select_errands
from engine.runtime.ledger.records import OutboxItem, StoredEvent
from engine.runtime.ledger.session import Statement

_EVENTS = Statement(select_events("e.contact_id = :contact_id ORDER BY e.id"))
_PAGES = Statement(select_errands("kind = 'mirror' AND target = :contact_id ORDER BY id"))
_OTHERS = Statement(select_errands("kind <> 'mirror' ORDER BY id"))
_TIMES = Statement("SELECT created_at, changed_at FROM contacts WHERE id = :contact_id")


class Persons(Events):
    """Statements about one person."""

    def events_of(self, contact_id: str) -> list[StoredEvent]:
        """Every webhook about a contact, oldest first."""
        return [event_of(row) for row in self._all(_EVENTS, contact_id=contact_id)]

    def page_updates_of(self, contact_id: str) -> list[OutboxItem]:
        """Every errand to the contact's page, oldest first."""
        return [item_of(row) for row in self._all(_PAGES, contact_id=contact_id)]

    def alerts_and_calls(self) -> list[OutboxItem]:
        """Every one there is, oldest first: no column tells whom it is about."""
        return [item_of(row) for row in self._all(_OTHERS)]

    def times_of(self, contact_id: str) -> tuple[datetime, datetime]:
        """When a contact, who is there, was made and last changed."""
        created, changed = self._all(_TIMES, contact_id=contact_id)[0]
        return instant(created), instant(changed)

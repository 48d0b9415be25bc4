"""The paces of vendors, shared by all workers: a text under a name, changed by one at a time."""

from __future__ import annotations

from datetime import datetime

from engine.runtime.ledger.encoding import instant, millis
from engine.runtime.ledger.session import Session, Statement

# Writing first takes the row's lock on every database; what it returns is then nobody else's to change.
_LOCK = Statement("UPDATE paces SET changed_at = changed_at WHERE name = :name RETURNING state, changed_at")
_MAKE = Statement("""
    INSERT INTO paces (name, state, changed_at) VALUES (:name, '', 0) ON CONFLICT (name) DO NOTHING
""")
_PUT = Statement("UPDATE paces SET state = :state, changed_at = :now WHERE name = :name")
_ALL = Statement("SELECT name, state FROM paces ORDER BY name")
_READ = Statement("SELECT state, changed_at FROM paces WHERE name = :name")


class Paces(Session):
    """Statements about what is known of vendors' limits and outages."""

    def pace(self, name: str) -> tuple[str, datetime] | None:
        """What is kept under a name, and since when."""
        row = self._first(_READ, name=name)
        return (row[0], instant(row[1])) if row else None

    def paces(self) -> dict[str, str]:
        """All that is kept, by name."""
        return {row[0]: row[1] for row in self._all(_ALL)}

    def lock_pace(self, name: str) -> tuple[str, datetime]:
        """What is kept under a name (or an empty text); nobody else changes it before this transaction ends."""
        rows = self._all(_LOCK, name=name)
        if not rows:
            self._do(_MAKE, name=name)
            rows = self._all(_LOCK, name=name)
        return rows[0][0], instant(rows[0][1])

    def put_pace(self, name: str, state: str, now: datetime) -> None:
        """Keep this under the name; the caller holds it by ``lock_pace``."""
        self._do(_PUT, name=name, state=state, now=millis(now))

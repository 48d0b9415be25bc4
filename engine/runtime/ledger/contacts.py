"""The people: looked up by address or id, many at a time, and changed by patches that do not undo each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection

from engine.model import Contact
from engine.runtime.ledger.encoding import (
    instant_or_none,
    instants,
    instants_text,
    json_object,
    json_text,
    millis,
    millis_or_none,
)
from engine.runtime.ledger.records import Patch, email_key
from engine.runtime.ledger.session import Lookup, Row, Session, Statement

_COLUMNS = "id, email, data, known, suppressed, heard, left_sequences, replied_at"
_BY_EMAIL = Lookup(f"SELECT {_COLUMNS} FROM contacts WHERE email_key IN :keys")  # noqa: S608 - our own words
_BY_ID = Lookup(f"SELECT {_COLUMNS} FROM contacts WHERE id IN :keys")  # noqa: S608 - our own words
# A lock that lets others refer to the row. Locks are taken in the order of the rows that come out of the sort.
_LOCK = Lookup("SELECT id FROM contacts WHERE id IN :keys ORDER BY id FOR NO KEY UPDATE")
_LOCK_BY_EMAIL = Lookup("SELECT id FROM contacts WHERE email_key IN :keys ORDER BY id FOR NO KEY UPDATE")

_PUT = Statement(
    """
    INSERT INTO contacts (id, email, email_key, data, known, suppressed, created_at, changed_at, heard,
        left_sequences, replied_at)
    VALUES (:id, :email, :email_key, :data, :known, :suppressed, :now, :now, :heard, :left_sequences, :replied_at)
    ON CONFLICT (id) DO UPDATE SET email = excluded.email, email_key = excluded.email_key, data = excluded.data,
        known = excluded.known, suppressed = excluded.suppressed, changed_at = excluded.changed_at,
        heard = excluded.heard, left_sequences = excluded.left_sequences, replied_at = excluded.replied_at
""",
    together=True,
)
_WRITE = Statement("UPDATE contacts SET data = :data, changed_at = :now WHERE id = :id", together=True)
_REPLIED = Statement("""
    UPDATE contacts SET replied_at = :at WHERE id = :id AND (replied_at IS NULL OR replied_at < :at)
""")


def _contact(row: Row) -> Contact:
    return Contact(
        id=row[0],
        email=row[1],
        values=json_object(row[2]),
        known=bool(row[3]),
        suppressed=row[4],
        heard=instants(row[5]),
        left=instants(row[6]),
        replied=instant_or_none(row[7]),
    )


def _row(contact: Contact, now: int) -> dict[str, Any]:
    return {
        "id": contact.id,
        "email": contact.email,
        "email_key": email_key(contact.email),
        "data": json_text(contact.values),
        "known": int(contact.known),
        "suppressed": contact.suppressed,
        "heard": instants_text(contact.heard),
        "left_sequences": instants_text(contact.left),
        "replied_at": millis_or_none(contact.replied),
        "now": now,
    }


def _patched(contact: Contact, patch: Patch) -> Contact:
    values = {**contact.values, **patch}
    return contact.evolve(values={name: value for name, value in values.items() if value is not None})


class Contacts(Session):
    """Statements about contacts."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._locked: set[str] = set()

    def lock_contacts(self, ids: Iterable[str]) -> None:
        """Nobody else changes these contacts, or takes a run of theirs, before this transaction ends.

        A transaction that writes calls it first, before it reads what it decides on: so whatever happens to one
        person happens one after the other, and two transactions with the same people cannot wait for each other.
        A database with one writer needs no lock.
        """
        if self._many_write:
            wanted = set(ids) - self._locked
            self._locked |= {row[0] for row in self._lookup(_LOCK, list(wanted))}

    def lock_addresses(self, emails: Iterable[str]) -> None:
        """The same for the contacts who have these addresses."""
        if self._many_write:
            keys = {email_key(email) for email in emails}
            self._locked |= {row[0] for row in self._lookup(_LOCK_BY_EMAIL, list(keys))}

    def contacts_by_email(self, emails: Iterable[str]) -> dict[str, Contact]:
        """Contacts by ``email_key``; an address that nobody has is left out."""
        keys = list({email_key(email) for email in emails})
        found = map(_contact, self._lookup(_BY_EMAIL, keys))
        return {email_key(contact.email): contact for contact in found}

    def contacts(self, ids: Iterable[str]) -> dict[str, Contact]:
        """Contacts by id."""
        return {row[0]: _contact(row) for row in self._lookup(_BY_ID, list(set(ids)))}

    def put_contacts(self, contacts: Sequence[Contact], now: datetime) -> None:
        """Create contacts, or write them whole over what was there.

        Those that are there are locked; new ones go in by address, so that two who add the same do not deadlock.
        """
        rows = {contact.id: _row(contact, millis(now)) for contact in contacts}
        self._many(_PUT, sorted(rows.values(), key=itemgetter("email_key")))

    def merge_values(self, patches: Sequence[tuple[str, Patch]], now: datetime) -> dict[str, Contact]:
        """Lay patches over contacts' values, in order; None takes a value away. The contacts as they are then."""
        ids = {contact_id for contact_id, _ in patches}
        self.lock_contacts(ids)
        merged = self.contacts(ids)
        for contact_id, patch in patches:
            if contact_id in merged:
                merged[contact_id] = _patched(merged[contact_id], patch)
        at = millis(now)
        self._many(_WRITE, [{"id": c.id, "data": json_text(c.values), "now": at} for c in merged.values()])
        return merged

    def replied(self, contact_id: str, at: datetime) -> None:
        """They wrote to us; the latest time counts."""
        self.lock_contacts([contact_id])
        self._do(_REPLIED, id=contact_id, at=millis(at))

"""Who may not be written to: a suppression stands in exactly one place, and whoever looks there knows all of it.

Where a contact has the address, it stands on the contact, because every decision reads the contact anyway: a second
place to look could be forgotten once, and one email too many is what this is against. Only an address that no contact
has (it bounced before anybody came with it, was imported as a list, or its owner was erased) stands in a table; when
a contact with it is made, the row goes over to the contact in that transaction. ``engine.runtime.suppressions`` says
under which keys an address may stand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from engine.runtime.ledger.contacts import Contacts
from engine.runtime.ledger.encoding import instant_or_none, instants, instants_text, millis, millis_or_none
from engine.runtime.ledger.records import Suppressed, Suppression
from engine.runtime.ledger.session import Lookup, Row, Statement

_OF_CONTACT = "suppressed, suppressed_at, suppressed_by, left_sequences"
_CONTACTS = Lookup(f"SELECT id, {_OF_CONTACT} FROM contacts WHERE id IN :keys")  # noqa: S608 - our own words
_PUT_CONTACT = Statement("""
    UPDATE contacts SET suppressed = :reason, suppressed_at = :at, suppressed_by = :source,
        left_sequences = :left_sequences, changed_at = :now
    WHERE id = :id
""")
_ADDRESSES = Lookup("SELECT key, reason, at, source, left_sequences FROM suppressions WHERE key IN :keys")
_PUT_ADDRESS = Statement("""
    INSERT INTO suppressions (key, reason, at, source, left_sequences)
    VALUES (:key, :reason, :at, :source, :left_sequences)
    ON CONFLICT (key) DO UPDATE SET reason = excluded.reason, at = excluded.at, source = excluded.source,
        left_sequences = excluded.left_sequences
""")
_FORGET_ADDRESSES = Lookup("DELETE FROM suppressions WHERE key IN :keys")
_ALL_CONTACTS = Statement(f"""
    SELECT email_key, {_OF_CONTACT}, id FROM contacts
    WHERE (suppressed IS NOT NULL OR left_sequences IS NOT NULL) AND email_key > :after ORDER BY email_key LIMIT :limit
""")  # noqa: S608 - our own words
_ALL_ADDRESSES = Statement("""
    SELECT key, reason, at, source, left_sequences FROM suppressions WHERE key > :after ORDER BY key LIMIT :limit
""")
_GATE = "hashtext('busos: suppressions'), hashtext(current_schema())"
_ENTER = Statement("SELECT 1", postgresql=f"SELECT pg_advisory_xact_lock_shared({_GATE})")
_SHUT = Statement("SELECT 1", postgresql=f"SELECT pg_advisory_xact_lock({_GATE})")

Change = Callable[[Suppression], Suppression]


def _suppression(reason: str | None, at: int | None, source: str | None, left: str | None) -> Suppression:
    return Suppression(reason=reason, at=instant_or_none(at), source=source, left=instants(left))


def _row(suppression: Suppression) -> dict[str, Any]:
    return {
        "reason": suppression.reason,
        "at": millis_or_none(suppression.at),
        "source": suppression.source,
        "left_sequences": instants_text(suppression.left),
    }


def _address(row: Row) -> Suppressed:
    return Suppressed(row[0], _suppression(*row[1:5]))


class Suppressions(Contacts):
    """Statements about who may not be written to."""

    # Contacts

    def suppress(self, contact_ids: Iterable[str], reason: str, now: datetime, source: str = "busos") -> None:
        """No marketing email goes there any more; a first reason is kept (``Suppression.with_reason``)."""
        self.change_suppressions(contact_ids, lambda one: one.with_reason(reason, now, source), now)

    def change_suppressions(self, contact_ids: Iterable[str], change: Change, now: datetime) -> dict[str, Suppression]:
        """Change what stands against contacts; by id, what does so now. Unknown ids are left out."""
        wanted = list(contact_ids)
        self.lock_contacts(wanted)
        before = self.suppressions_of(wanted)
        after = {contact_id: change(one) for contact_id, one in before.items()}
        rows = [
            {**_row(one), "id": contact_id, "now": millis(now)}
            for contact_id, one in after.items()
            if one != before[contact_id]
        ]
        self._many(_PUT_CONTACT, rows)
        return after

    def suppressions_of(self, contact_ids: Iterable[str]) -> dict[str, Suppression]:
        """What stands against contacts, by id, with when and by what."""
        return {row[0]: _suppression(*row[1:]) for row in self._lookup(_CONTACTS, list(contact_ids))}

    def suppressed_among(self, contact_ids: Iterable[str]) -> set[str]:
        """Those of these contacts that are suppressed."""
        return {contact_id for contact_id, one in self.suppressions_of(contact_ids).items() if one.reason}

    # Addresses

    def suppress_address(self, key: str, suppression: Suppression) -> None:
        """Keep a suppression of an address that no contact has, beside what stands against it already.

        Whoever writes it has seen after ``shut_suppressions`` that there is no such contact, or takes the contact
        away in this very transaction.
        """
        known = self.suppressed_addresses([key]).get(key, Suppression())
        self._many(_PUT_ADDRESS, [{**_row(known.joined(suppression)), "key": key}])

    def suppressed_addresses(self, keys: Iterable[str]) -> dict[str, Suppression]:
        """What stands against addresses that no contact has, by key."""
        found = map(_address, self._lookup(_ADDRESSES, list(set(keys))))
        return {one.key: one.suppression for one in found}

    def put_address(self, key: str, suppression: Suppression) -> None:
        """Write what stands against an address over what was there; nothing does away with the row."""
        if suppression:
            self._many(_PUT_ADDRESS, [{**_row(suppression), "key": key}])
        else:
            self._touch(_FORGET_ADDRESSES, [key])

    def shut_suppressions(self) -> None:
        """Nobody makes a contact before this transaction ends: what is not there now will not be.

        Look for the contact again afterwards. A database with one writer needs no lock.
        """
        if self._many_write:
            self._all(_SHUT)

    def take_over_suppressions(self, keys: Mapping[str, Sequence[str]], now: datetime) -> dict[str, Suppression]:
        """What stands against the addresses of contacts that this transaction makes goes over to the contacts.

        ``keys`` are those under which each address may stand, by the id of its contact. By id, what was taken over.
        """
        if not keys:
            return {}
        if self._many_write:
            self._all(_ENTER)
        found = self.suppressed_addresses(key for several in keys.values() for key in several)
        taken = {
            contact: _joined(found, several)
            for contact, several in keys.items()
            if not found.keys().isdisjoint(several)
        }
        for contact, suppression in taken.items():
            self.change_suppressions([contact], suppression.joined, now)
        self._touch(_FORGET_ADDRESSES, list(found))
        return taken

    # All of it

    def list_suppressions(self, *, after: tuple[str, str] = ("", ""), limit: int = 500) -> list[Suppressed]:
        """Everybody, contacts first, each by address; ``after`` are the last keys of the page before, of both."""
        contacts = [
            Suppressed(row[0], _suppression(*row[1:5]), row[5])
            for row in self._all(_ALL_CONTACTS, after=after[0], limit=limit)
        ]
        left = limit - len(contacts)
        return contacts + [_address(row) for row in self._all(_ALL_ADDRESSES, after=after[1], limit=left)]


def _joined(found: Mapping[str, Suppression], keys: Sequence[str]) -> Suppression:
    both = Suppression()
    for key in keys:
        both = both.joined(found.get(key, Suppression()))
    return both

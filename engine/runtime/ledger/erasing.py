"""Takes a person out of every table, and looks for them in every column afterwards.

Unlike ``forgetting``, it leaves no row: what holds somebody back from being written to again is kept by the list of
suppressions, under a hash.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress

from sqlalchemy import inspect

from engine.runtime.ledger.contacts import Contacts
from engine.runtime.ledger.encoding import message_from
from engine.runtime.ledger.records import email_key
from engine.runtime.ledger.session import Lookup, Statement

# ruff: noqa: S608 - the only words put into SQL here are our own

AT_ONCE = 500
_OF_THEM = "run_id IN (SELECT id FROM runs WHERE contact_id = :contact_id)"
_EMAILS = f"SELECT number FROM emails WHERE {_OF_THEM} OR to_key = :to_key"
_BODIES = Statement(f"SELECT body FROM messages WHERE number IN ({_EMAILS})")
_FLYING = Lookup("SELECT id FROM outbox WHERE id IN :keys AND status = 'pending' AND lease_by IS NOT NULL")
_COMPANY = Statement(f"""
    SELECT e.batch FROM emails AS e JOIN runs AS r ON r.id = e.run_id
    WHERE e.status = 'asked' AND r.status = 'sending' AND r.contact_id <> :contact_id AND e.batch IN (
        SELECT batch FROM emails WHERE status = 'asked' AND batch IS NOT NULL AND ({_OF_THEM} OR to_key = :to_key)
    )
""")
_ERRANDS = Lookup("DELETE FROM outbox WHERE id IN :keys")
_ROWS = tuple(
    (table, Statement(sql))
    for table, sql in (
        ("messages", f"DELETE FROM messages WHERE number IN ({_EMAILS})"),
        ("emails", f"DELETE FROM emails WHERE number IN ({_EMAILS})"),
        ("story", f"DELETE FROM story WHERE {_OF_THEM}"),
        ("runs", "DELETE FROM runs WHERE contact_id = :contact_id"),
        ("events", "DELETE FROM events WHERE contact_id = :contact_id"),
        ("mirror", "DELETE FROM mirror WHERE contact_id = :contact_id"),
        ("contacts", "DELETE FROM contacts WHERE id = :contact_id"),
    )
)
_BODIES_AFTER = Statement("SELECT number, body FROM messages WHERE number > :after ORDER BY number LIMIT :limit")
_PLAIN = re.compile(r"[\x21-\x7e]+")


class Erasing(Contacts):
    """Statements that erase somebody."""

    def in_flight(self, contact_id: str, address: str, errands: Sequence[str]) -> bool:
        """Whether something about them is being told to the outside, or in one request with others' emails."""
        if self._lookup(_FLYING, errands):
            return True
        return self._first(_COMPANY, contact_id=contact_id, to_key=email_key(address)) is not None

    def bodies_of(self, contact_id: str, address: str) -> list[bytes]:
        """Their emails as they are stored: what to look for in freed pages."""
        return [bytes(row[0]) for row in self._all(_BODIES, contact_id=contact_id, to_key=email_key(address))]

    def erase(self, contact_id: str, address: str, errands: Sequence[str]) -> dict[str, int]:
        """Delete every row about a contact who is locked, and these errands; how many, by table."""
        found = {"outbox": self._touch(_ERRANDS, errands)}
        for table, statement in _ROWS:
            values = {"contact_id": contact_id, "to_key": email_key(address)}
            found[table] = self._do(statement, **{name: values[name] for name in values if f":{name}" in statement.sql})
        return found

    def columns(self) -> list[tuple[str, str]]:
        """Every column of every table there is, ours or not."""
        looker = inspect(self.connection)
        return [(table, one["name"]) for table in sorted(looker.get_table_names()) for one in looker.get_columns(table)]

    def holding(self, column: tuple[str, str], needle: str) -> Iterator[str]:
        """Texts of a column in which the longest plain part of a needle stands, in whatever capitals."""
        part = max(_PLAIN.findall(needle), key=len, default="").lower()
        for sign in "!%_":
            part = part.replace(sign, f"!{sign}")
        table, name = column
        text = f'CAST("{name}" AS TEXT)'
        asked = Statement(f"SELECT {text} FROM \"{table}\" WHERE lower({text}) LIKE :part ESCAPE '!'")
        yield from (row[0] for row in self._all(asked, part=f"%{part}%"))

    def stored_messages(self) -> Iterator[str]:
        """Every stored email as text: it is packed, so that no search in SQL would find anything in it."""
        after = -1
        while rows := self._all(_BODIES_AFTER, after=after, limit=AT_ONCE):
            after = rows[-1][0]
            yield from (_unpacked(bytes(row[1])) for row in rows)


def _unpacked(body: bytes) -> str:
    with suppress(Exception):  # what cannot be read as an email is searched as it is
        return repr(message_from(body))
    return body.decode("latin-1")

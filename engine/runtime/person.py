"""Everything that the ledger knows of one person, gathered from wherever it stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from engine.model import Contact, Entry
from engine.runtime.calling import id_of_call
from engine.runtime.ledger import (
    EmailRecord,
    MirrorRecord,
    OutboxItem,
    StoredEvent,
    Suppression,
    Transaction,
    email_key,
)
from engine.runtime.ledger.control import Standing
from engine.runtime.ledger.encoding import millis
from engine.runtime.mentions import Mentions


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A contact with all that is about them; each list is in the order in which it came about.

    ``errands`` are updates of their page and alerts that name their address, ``calls`` those that their runs made.
    """

    contact: Contact
    suppression: Suppression
    created_at: datetime
    changed_at: datetime
    events: Sequence[StoredEvent]
    runs: Sequence[Standing]
    stories: Mapping[str, Sequence[Entry]]
    emails: Sequence[EmailRecord]
    errands: Sequence[OutboxItem]
    calls: Sequence[OutboxItem]
    page: MirrorRecord | None


def person_at(tx: Transaction, address: str) -> Person | None:
    """Who has an address, with everything about them; None when nobody has it."""
    contact = tx.contacts_by_email([address]).get(email_key(address))
    if contact is None:
        return None
    runs = tx.standings_of(contact.id)
    stories = {one.run.id: tx.story(one.run.id) for one in runs}
    created, changed = tx.times_of(contact.id)
    others = tx.alerts_and_calls()
    return Person(
        contact=contact,
        suppression=tx.suppressions_of([contact.id])[contact.id],
        created_at=created,
        changed_at=changed,
        events=tx.events_of(contact.id),
        runs=runs,
        stories=stories,
        emails=_emails(tx, runs, contact.email),
        errands=[*tx.page_updates_of(contact.id), *_naming(others, contact.email)],
        calls=_calls(others, runs, stories),
        page=tx.mirrored([contact.id]).get(contact.id),
    )


def _emails(tx: Transaction, runs: Sequence[Standing], address: str) -> list[EmailRecord]:
    """Of their runs, and to their address: who changed it has had emails at another."""
    of_runs = [email for one in runs for email in tx.emails_of_run(one.run.id)]
    both = {email.number: email for email in (*of_runs, *tx.emails_to(address))}
    return [both[number] for number in sorted(both)]


def _naming(errands: Iterable[OutboxItem], address: str) -> list[OutboxItem]:
    names = Mentions(address)
    return [one for one in errands if one.kind == "alert" and names(msgspec.json.encode(one.payload).decode())]


def _calls(
    errands: Iterable[OutboxItem], runs: Sequence[Standing], stories: Mapping[str, Sequence[Entry]]
) -> list[OutboxItem]:
    """Calls of these runs. One that is over keeps the answer and not its run, but its id is made of it."""
    steps = {(one.run.id, step) for one in runs for step in _steps(one, stories[one.run.id])}
    return [
        one
        for one in errands
        if one.kind == "call" and any(one.id == id_of_call(*step, millis(one.created_at)) for step in steps)
    ]


def _steps(standing: Standing, story: Sequence[Entry]) -> set[str | None]:
    return {standing.run.step, *(entry.step for entry in story)}

"""What a webhook does to a contact, decided before the answer: values, segment, and the run that follows.

A trigger's ``then:`` is a program like any other, and an accepted event is a run of it: one mechanism
moves, retries, explains and shows everything that happens to a contact.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from engine.model import (
    Contact,
    Program,
    Run,
    RunStatus,
    Trigger,
    UnknownContact,
    Values,
    Vocabulary,
)
from engine.scene import segment_of, with_segment


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """The contact as the event leaves it, the event's run, and whether the contact's other runs should look."""

    contact: Contact
    run: Run
    changed: bool


def receive(
    trigger: Trigger,
    vocabulary: Vocabulary,
    values: Values,
    contact: Contact | None,
    *,
    email: str,
    event_id: str,
    contact_id: str,
    now: datetime,
) -> Intake:
    """Apply a checked payload. ``contact`` is who has this address now, None for nobody.

    ``event_id`` names the run, ``contact_id`` a contact that has to be made.
    """
    found = contact or Contact(id=contact_id, email=email, known=False)
    known = found.known or trigger.unknown_contact is UnknownContact.CREATE
    updated = found.evolve(values=with_segment(vocabulary, {**found.values, **values}, now), known=known)
    run = Run(
        id=event_id,
        program=trigger.program.name,
        contact_id=found.id,
        status=RunStatus.READY,
        step=trigger.program.first,
        since=now,
        due_at=now,
        started_at=now,
        event_id=event_id,
        segment=_segment(vocabulary, updated.values),
    )
    return Intake(contact=updated, run=run, changed=updated != contact)


def start_directly(program: Program, contact: Contact, *, run_id: str, now: datetime) -> Run:
    """A run of a program that no trigger started, for ``simulate`` and the shell."""
    return Run(
        id=run_id,
        program=program.name,
        contact_id=contact.id,
        status=RunStatus.READY,
        step=program.first,
        since=now,
        due_at=now,
        started_at=now,
        segment=segment_of(program.vocabulary, contact.values, now).segment,
    )


def _segment(vocabulary: Vocabulary, values: Values) -> str | None:
    found = values.get(vocabulary.segment_field) if vocabulary.segment_field else None
    return found if isinstance(found, str) else None

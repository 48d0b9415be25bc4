"""What a webhook does to a contact, decided before the answer: values, segment, and the run that follows.

A trigger's ``then:`` is a program like any other, and an accepted event is a run of it: one mechanism
moves, retries, explains and shows everything that happens to a contact.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.enrolment import begun, own_values
from engine.model import (
    EMPTY,
    Contact,
    Program,
    Run,
    RunStatus,
    Trigger,
    UnknownContact,
    Values,
    Vocabulary,
)
from engine.scene import with_segment

_MILLISECOND = timedelta(milliseconds=1)  # the ledger keeps no less


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """The contact as the event leaves it, the event's run, and whether the contact's other runs should look.

    ``told`` is the segment that follows from what the event brought, and from nothing else: its sender may be anybody
    who knows an address, and is not told what is known of it.
    """

    contact: Contact
    run: Run
    changed: bool
    told: str | None


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
    heard = _heard(found.heard, trigger.name, now) if trigger.awaited else found.heard
    known = found.known or trigger.unknown_contact is UnknownContact.CREATE
    updated = found.evolve(values=with_segment(vocabulary, {**found.values, **values}, now), known=known, heard=heard)
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
        given=_brought(values) if trigger.keeps else EMPTY,
    )
    told = _segment(vocabulary, with_segment(vocabulary, values, now))
    return Intake(contact=updated, run=run, changed=updated != contact, told=told)


def _heard(before: Mapping[str, datetime], name: str, now: datetime) -> Mapping[str, datetime]:
    """What the contact has heard, with this trigger: later than the last time, however fast they come."""
    at, last = now.replace(microsecond=now.microsecond // 1000 * 1000), before.get(name)
    return {**before, name: at if last is None or at > last else last + _MILLISECOND}


def start_directly(program: Program, contact: Contact, *, run_id: str, now: datetime) -> Run:
    """A run of a program that no trigger started, for ``simulate`` and the shell."""
    return begun(program, contact, run_id=run_id, now=now, given=own_values(program, contact.values))


def _brought(values: Values) -> Values:
    """What a call brought, but for the address: that is the contact's."""
    return {name: value for name, value in values.items() if name != "email"}


def _segment(vocabulary: Vocabulary, values: Values) -> str | None:
    found = values.get(vocabulary.segment_field) if vocabulary.segment_field else None
    return found if isinstance(found, str) else None

"""One person as a JSON document: its shape is told in ``docs/people.md``, and a test compares the two."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from server.cli.stories import iso, story_json

if TYPE_CHECKING:
    from engine.runtime.ledger import EmailRecord, OutboxItem, StoredEvent, Suppression
    from engine.runtime.ledger.control import Standing
    from engine.runtime.person import Person


def document(person: Person, zone: ZoneInfo, now: datetime) -> dict[str, Any]:
    """Everything, with times in a zone."""
    contact, page = person.contact, person.page
    return {
        "exported_at": iso(now, zone),
        "email": contact.email,
        "contact": {
            "id": contact.id,
            "known": contact.known,
            "created_at": iso(person.created_at, zone),
            "changed_at": iso(person.changed_at, zone),
            "values": dict(contact.values),
            "heard": _moments(contact.heard, zone),
            "replied_at": _moment(contact.replied, zone),
        },
        "suppression": _suppression(person.suppression, zone) if person.suppression else None,
        "events": [_event(one, zone) for one in person.events],
        "runs": [_run(one, person, zone) for one in person.runs],
        "emails": [_email(one, zone) for one in person.emails],
        "errands": [_errand(one, zone) for one in person.errands],
        "calls": [_errand(one, zone) for one in person.calls],
        "mirror": page and {"page_id": page.page_id, "shown": dict(page.shown), "seen_at": iso(page.seen_at, zone)},
        "pending": _pending(person),
    }


def _suppression(suppression: Suppression, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "reason": suppression.reason,
        "at": _moment(suppression.at, zone),
        "source": suppression.source,
        "left": _moments(suppression.left, zone),
    }


def _event(event: StoredEvent, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "id": event.id,
        "trigger": event.trigger,
        "accepted_at": iso(event.accepted_at, zone),
        "email": event.email,
        "key": event.key,
        "segment": event.segment,
        "revision": event.revision,
        "payload": dict(event.payload),
    }


def _run(standing: Standing, person: Person, zone: ZoneInfo) -> dict[str, Any]:
    run = standing.run
    return {
        "id": run.id,
        "sequence": run.program,
        "key": run.key,
        "segment": run.segment,
        "outcome": run.status.value,
        "step": run.step,
        "reason": run.reason,
        "event": run.event_id,
        "given": dict(run.given),
        "started_at": iso(run.started_at, zone),
        "due_at": _moment(run.due_at, zone),
        "paused_at": _moment(standing.paused_at if standing.paused else None, zone),
        "ended_at": _moment(run.ended_at, zone),
        "story": story_json(person.stories[run.id], zone, real=True),
    }


def _email(email: EmailRecord, zone: ZoneInfo) -> dict[str, Any]:
    message = email.message
    return {
        "key": email.key,
        "run": email.run_id,
        "step": email.step,
        "template": message.template,
        "from": message.sender,
        "to": message.to,
        "reply_to": message.reply_to,
        "subject": message.subject,
        "html": message.html,
        "text": message.text,
        "headers": dict(message.headers),
        "mailer": email.mailer,
        "delivery": email.status,
        "provider_id": email.provider_id,
        "attempts": email.attempts,
        "first_tried_at": _moment(email.first_tried_at, zone),
        "tried_at": _moment(email.tried_at, zone),
        "accepted_at": _moment(email.accepted_at, zone),
        "error": email.error,
    }


def _errand(item: OutboxItem, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "id": item.id,
        "kind": item.kind,
        "status": item.status,
        "payload": dict(item.payload),
        "attempts": item.attempts,
        "error": item.error,
        "created_at": iso(item.created_at, zone),
        "done_at": _moment(item.done_at, zone),
    }


def _pending(person: Person) -> dict[str, list[str]]:
    """The ids of what is still to happen."""
    errands = [*person.errands, *person.calls]
    return {
        "runs": [one.run.id for one in person.runs if not one.run.status.ended],
        "emails": [one.key for one in person.emails if one.status == "asked"],
        "errands": [one.id for one in errands if one.status == "pending"],
    }


def _moments(moments: Mapping[str, datetime], zone: ZoneInfo) -> dict[str, str]:
    return {name: iso(at, zone) for name, at in moments.items()}


def _moment(moment: datetime | None, zone: ZoneInfo) -> str | None:
    return iso(moment, zone) if moment else None

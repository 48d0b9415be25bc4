"""Calendly: invitees of scheduled events.

Source: developer.calendly.com, "Webhook signatures" (``Calendly-Webhook-Signature: t=…,v1=…``, HMAC-SHA256 in
hexadecimal over ``t.body``; three minutes are recommended as tolerance) and "Webhook payload" (``event``,
``created_at``, ``payload`` with the invitee, its ``scheduled_event`` and ``questions_and_answers``). There is no id of
the event: a delivery is known again by its event, its moment and the invitee's ``uri``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.model import Field
from engine.providers.kind import Headers, inside, joined, refusal_of_stamped, text

NAME = "calendly"
TITLE = "Calendly"
SETTING = "BUSOS_CALENDLY_SECRET"
HEADER = "Calendly-Webhook-Signature"
EVENTS = ("invitee.created", "invitee.canceled", "invitee_no_show.created", "invitee_no_show.deleted")
TOLERANCE = 180
FIELDS: Mapping[str, Sequence[str]] = {
    "email": ("payload.email",),
    "name": ("payload.name",),
    "first_name": ("payload.first_name",),
    "last_name": ("payload.last_name",),
    "timezone": ("payload.timezone",),
    "phone": ("payload.text_reminder_number",),
    "appointment_time": ("payload.scheduled_event.start_time",),
    "appointment_end": ("payload.scheduled_event.end_time",),
    "appointment_id": ("payload.scheduled_event.uri",),
    "appointment_title": ("payload.scheduled_event.name",),
    "appointment_link": ("payload.scheduled_event.location.join_url",),
    "cancel_link": ("payload.cancel_url",),
    "reschedule_link": ("payload.reschedule_url",),
    "cancellation_reason": ("payload.cancellation.reason",),
}


def refusal(headers: Headers, body: bytes, secret: str, now: float) -> str | None:
    """A stamped signature, three minutes old at most."""
    return refusal_of_stamped(headers.get(HEADER.lower().encode(), b""), HEADER, body, secret, now, TOLERANCE)


def places(field: Field) -> Sequence[str]:
    """By the field's name."""
    return FIELDS.get(field.name, ())


def event(payload: Mapping[str, Any]) -> str | None:
    """``event``."""
    return text(payload.get("event"))


def key(payload: Mapping[str, Any]) -> str | None:
    """The event, when it happened, and the invitee."""
    return joined(event(payload), payload.get("created_at"), inside(payload, "payload", "uri"))

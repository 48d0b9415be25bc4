"""Cal.com: bookings.

Source: cal.com/docs, "Webhooks" (payload with ``triggerEvent``, ``createdAt`` and ``payload``; the header
``X-Cal-Signature-256`` is the HMAC-SHA256 of the raw body in hexadecimal). It carries no time and no id of the event,
so a delivery is known again by its event, its moment and the booking's ``uid``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.model import Field
from engine.providers.kind import MISFIT, Headers, digest, inside, joined, same, text

NAME = "cal.com"
TITLE = "Cal.com"
SETTING = "BUSOS_CAL_COM_SECRET"
HEADER = "X-Cal-Signature-256"
EVENTS = (
    "BOOKING_CREATED",
    "BOOKING_RESCHEDULED",
    "BOOKING_CANCELLED",
    "BOOKING_REQUESTED",
    "BOOKING_REJECTED",
    "BOOKING_PAID",
    "BOOKING_NO_SHOW_UPDATED",
    "MEETING_STARTED",
    "MEETING_ENDED",
    "FORM_SUBMITTED",
)
FIELDS: Mapping[str, Sequence[str]] = {
    "email": ("payload.attendees[0].email", "payload.responses.email.value"),
    "name": ("payload.attendees[0].name", "payload.responses.name.value"),
    "first_name": ("payload.attendees[0].firstName", "payload.responses.name.value.firstName"),
    "last_name": ("payload.attendees[0].lastName", "payload.responses.name.value.lastName"),
    "timezone": ("payload.attendees[0].timeZone",),
    "phone": ("payload.attendees[0].phoneNumber", "payload.responses.attendeePhoneNumber.value"),
    "appointment_time": ("payload.startTime",),
    "appointment_end": ("payload.endTime",),
    "appointment_id": ("payload.uid",),
    "appointment_title": ("payload.title",),
    "appointment_link": ("payload.metadata.videoCallUrl",),
    "cancellation_reason": ("payload.cancellationReason",),
}


def refusal(headers: Headers, body: bytes, secret: str, now: float) -> str | None:
    """The digest in hexadecimal, over the body alone."""
    given = headers.get(HEADER.lower().encode(), b"")
    return None if same(given.strip(), digest(secret, body).hex().encode()) else MISFIT


def places(field: Field) -> Sequence[str]:
    """By the field's name."""
    return FIELDS.get(field.name, ())


def event(payload: Mapping[str, Any]) -> str | None:
    """``triggerEvent``."""
    return text(payload.get("triggerEvent"))


def key(payload: Mapping[str, Any]) -> str | None:
    """The event, when it happened, and the booking."""
    return joined(event(payload), payload.get("createdAt"), inside(payload, "payload", "uid"))

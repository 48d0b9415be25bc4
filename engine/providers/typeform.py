"""Typeform: answers to a form.

Source: typeform.com/developers, "Secure your webhooks" (``Typeform-Signature: sha256=`` and the base64 of the
HMAC-SHA256 over the body) and "Example payload" (``event_id``, ``event_type``, ``form_response`` with ``answers``, each
with the ``ref`` of its question, and ``hidden``). A ``ref`` can be set in the form: give it the name of a field.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from engine.model import Field, FieldType
from engine.providers.kind import MISFIT, Headers, digest, same, text

NAME = "typeform"
TITLE = "Typeform"
SETTING = "BUSOS_TYPEFORM_SECRET"
HEADER = "Typeform-Signature"
EVENTS = ("form_response", "form_response_partial")
FIELDS: Mapping[str, Sequence[str]] = {
    "email": ("form_response.answers[type=email].email",),
    "phone": ("form_response.answers[type=phone_number].phone_number",),
    "submitted_at": ("form_response.submitted_at",),
    "form_id": ("form_response.form_id",),
    "response_id": ("form_response.token",),
    "score": ("form_response.calculated.score",),
}
_VALUES: Mapping[FieldType, str] = {
    **dict.fromkeys(FieldType, "text"),
    FieldType.EMAIL: "email",
    FieldType.WHOLE: "number",
    FieldType.NUMBER: "number",
    FieldType.CHECKBOX: "boolean",
    FieldType.CHOICE: "choice.label",
    FieldType.DATE: "date",
    FieldType.PHONE: "phone_number",
    FieldType.LINK: "url",
    FieldType.LIST: "choices.labels",
}


def refusal(headers: Headers, body: bytes, secret: str, now: float) -> str | None:
    """The digest in base64, over the body alone."""
    given = headers.get(HEADER.lower().encode(), b"")
    return None if same(given.strip(), b"sha256=" + base64.b64encode(digest(secret, body))) else MISFIT


def places(field: Field) -> Sequence[str]:
    """The answer to the question with that ref, a hidden field of that name, then what every form has."""
    answer = f"form_response.answers[field.ref={field.name}].{_VALUES[field.type]}"
    return (answer, f"form_response.hidden.{field.name}", *FIELDS.get(field.name, ()))


def event(payload: Mapping[str, Any]) -> str | None:
    """``event_type``."""
    return text(payload.get("event_type"))


def key(payload: Mapping[str, Any]) -> str | None:
    """The event's own id."""
    return text(payload.get("event_id"))

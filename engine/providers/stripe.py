"""Stripe: payments, customers and subscriptions.

Source: docs.stripe.com, "Receive Stripe events in your webhook endpoint" (``Stripe-Signature: t=…,v1=…``, HMAC-SHA256
in hexadecimal over ``t.body``, a tolerance of five minutes, an event may come more than once under the same ``id``)
and "The Event object" (``id``, ``type``, ``data.object``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.model import Field
from engine.providers.kind import Headers, refusal_of_stamped, text

NAME = "stripe"
TITLE = "Stripe"
SETTING = "BUSOS_STRIPE_SECRET"
HEADER = "Stripe-Signature"
EVENTS = (
    "checkout.session.completed",
    "checkout.session.expired",
    "customer.created",
    "customer.deleted",
    "customer.updated",
    "customer.subscription.created",
    "customer.subscription.deleted",
    "customer.subscription.trial_will_end",
    "customer.subscription.updated",
    "charge.failed",
    "charge.refunded",
    "charge.succeeded",
    "invoice.paid",
    "invoice.payment_failed",
    "payment_intent.payment_failed",
    "payment_intent.succeeded",
)
TOLERANCE = 300
_OBJECT = "data.object"
FIELDS: Mapping[str, Sequence[str]] = {
    "email": tuple(
        f"{_OBJECT}.{place}"
        for place in (
            "customer_details.email",
            "customer_email",
            "billing_details.email",
            "receipt_email",
            "email",
        )
    ),
    "name": tuple(
        f"{_OBJECT}.{place}" for place in ("customer_details.name", "customer_name", "billing_details.name", "name")
    ),
    "phone": tuple(
        f"{_OBJECT}.{place}" for place in ("customer_details.phone", "customer_phone", "billing_details.phone", "phone")
    ),
    "amount": tuple(f"{_OBJECT}.{place}" for place in ("amount_total", "amount_paid", "amount")),
    "currency": (f"{_OBJECT}.currency",),
    "payment_id": (f"{_OBJECT}.id",),
    "customer_id": (f"{_OBJECT}.customer",),
    "payment_status": (f"{_OBJECT}.payment_status", f"{_OBJECT}.status"),
}


def refusal(headers: Headers, body: bytes, secret: str, now: float) -> str | None:
    """A stamped signature, five minutes old at most."""
    return refusal_of_stamped(headers.get(HEADER.lower().encode(), b""), HEADER, body, secret, now, TOLERANCE)


def places(field: Field) -> Sequence[str]:
    """By the field's name; what the shop has put into ``metadata`` under that name comes after."""
    return (*FIELDS.get(field.name, ()), f"{_OBJECT}.metadata.{field.name}")


def event(payload: Mapping[str, Any]) -> str | None:
    """``type``."""
    return text(payload.get("type"))


def key(payload: Mapping[str, Any]) -> str | None:
    """The event's own id."""
    return text(payload.get("id"))

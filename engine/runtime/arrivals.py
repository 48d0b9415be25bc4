"""What passes between the webhook server and the ledger: an arrival goes in, a receipt comes back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from engine.errors import BusosError
from engine.payloads import Payload


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One payload that a trigger takes, read and checked, on its way to disk.

    ``raw`` is the body as canonical JSON (sorted keys, no spaces). ``key`` is the sender's idempotency key, if any,
    and ``body_hash`` the SHA-256 of ``raw`` in hexadecimal: it tells a retry from another event under the same key.
    """

    trigger: str
    payload: Payload
    raw: bytes
    key: str | None
    body_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The event is on disk. ``replayed`` says that it was already there under the same key."""

    event_id: str
    email: str
    segment: str | None
    accepted_at: datetime
    replayed: bool = False


class KeyReused(BusosError):
    """The idempotency key was used before, with another body. Nothing was written."""


class TriggerGone(BusosError):
    """The file was saved without this trigger between the check of the payload and its writing. Nothing was written."""

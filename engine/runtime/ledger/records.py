"""What the ledger hands out and takes in, beside the nouns of ``engine.model``: frozen rows with names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from engine.model import EMPTY, Contact, Run, TemplateText, Value, Values
from engine.ports import Message

EmailStatus = Literal["asked", "accepted", "refused"]
OutboxKind = Literal["mirror", "alert"]
OutboxStatus = Literal["pending", "done", "failed"]
Pair = tuple[str, str]
Lease = tuple[str, int]  # the id of a row and the version that its claim gave it
Patch = Mapping[str, Value]


def email_key(email: str) -> str:
    """Under what an address is looked up: the same for every way of writing its capitals."""
    return email.strip().casefold()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """A webhook that was accepted, judged by the file whose hash is ``revision``.

    ``key`` is the caller's idempotency key; ``body_hash`` tells whether a repeat really is one.
    """

    id: str
    trigger: str
    contact_id: str
    email: str
    payload: Mapping[str, Any]
    accepted_at: datetime
    revision: str
    key: str | None = None
    body_hash: str | None = None
    segment: str | None = None


@dataclass(frozen=True, slots=True)
class Claimed:
    """A run that is ours until its lease runs out, with the contact as it is now."""

    run: Run
    contact: Contact


@dataclass(frozen=True, slots=True)
class ListedRun:
    """A run in a list, with the address of its contact."""

    run: Run
    email: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailRecord:
    """One email of one run and step: what was rendered, and what became of it.

    ``number`` counts emails in the order in which they were stored; the ledger gives it.
    """

    run_id: str
    step: str
    key: str
    contact_id: str
    mailer: str
    message: Message
    status: EmailStatus = "asked"
    attempts: int = 0
    first_tried_at: datetime | None = None
    tried_at: datetime | None = None
    accepted_at: datetime | None = None
    provider_id: str | None = None
    error: str | None = None
    number: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailResult:
    """What a try came to. ``asked`` with an error means that it will be tried again."""

    run_id: str
    step: str
    status: EmailStatus
    provider_id: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxItem:
    """Something to tell the outside that no run waits for.

    ``target`` is what it is about (a contact): while one is pending, another for the same target is merged
    into it. ``attempts`` counts the tries, the one in hand included. ``version`` fences the lease.
    """

    id: str
    kind: OutboxKind
    payload: Mapping[str, Any]
    due_at: datetime
    created_at: datetime
    target: str | None = None
    status: OutboxStatus = "pending"
    attempts: int = 0
    error: str | None = None
    done_at: datetime | None = None
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxResult:
    """What a claimed item came to; ``retry`` needs ``due_at``."""

    id: str
    version: int
    outcome: Literal["done", "retry", "failed"]
    due_at: datetime | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorRecord:
    """The page of a contact, and the values that we last wrote to it or read from it."""

    contact_id: str
    page_id: str
    shown: Values = field(default_factory=lambda: EMPTY)
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Revision:
    """A version of sequences.yaml that has run."""

    hash: str
    text: str
    loaded_at: datetime | None


@dataclass(frozen=True, slots=True)
class CachedTemplate:
    """A template as it was when it was last fetched."""

    template: TemplateText
    fetched_at: datetime


@dataclass(frozen=True, slots=True)
class Worker:
    """A process that has shown a sign of life."""

    id: str
    kind: str
    started_at: datetime
    seen_at: datetime

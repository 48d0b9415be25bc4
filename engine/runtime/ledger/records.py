"""What the ledger hands out and takes in, beside the nouns of ``engine.model``: frozen rows with names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from engine.model import EMPTY, UNSUBSCRIBED, Contact, Noun, Run, TemplateText, Value, Values
from engine.ports import Message

EmailStatus = Literal["asked", "accepted", "refused"]
OutboxKind = Literal["mirror", "alert", "call"]
ClaimKind = Literal["move", "post"]
OutboxStatus = Literal["pending", "done", "failed"]
Pair = tuple[str, str]
Lease = tuple[str, int]  # the id of a row and the version that its claim gave it
Patch = Mapping[str, Value]


def email_key(email: str) -> str:
    """Under what an address is looked up: the same for every way of writing its capitals."""
    return email.strip().casefold()


EVERYTHING = "*"
"""Stands among left sequences while a weightier reason hides that they unsubscribed from all; no sequence has it."""


class Suppression(Noun, frozen=True, kw_only=True):
    """What stands against writing to an address.

    ``reason`` is unsubscribed, bounced, complained or somebody's own words, None where they only left sequences
    (``left``, and when). ``at`` and ``source`` tell when and by what the reason (else the last leaving) came; both are
    None for what was noted before busos kept them.
    """

    reason: str | None = None
    at: datetime | None = None
    source: str | None = None
    left: Mapping[str, datetime] = EMPTY

    def __bool__(self) -> bool:
        """Whether anything stands against it."""
        return bool(self.reason or self.left)

    def with_reason(self, reason: str, at: datetime | None, source: str | None) -> Suppression:
        """With a further reason. The first one stands, but unsubscribing gives way: it leaves transactional email.

        It is not forgotten: when the weightier reason is lifted, it stands again.
        """
        new = Suppression(reason=reason, at=at, source=source, left=self.left)
        if self.reason is None:
            return new
        if UNSUBSCRIBED not in {self.reason, reason} or self.reason == reason:
            return self
        weightier, quiet = (self, new) if reason == UNSUBSCRIBED else (new, self)
        since = quiet.at or weightier.at
        hidden = {EVERYTHING: since} if since is not None else {}
        return weightier.evolve(left={**hidden, **self.left})

    def without_reason(self) -> Suppression:
        """After the reason was lifted: what they unsubscribed from still stands."""
        left = {name: at for name, at in self.left.items() if name != EVERYTHING}
        if self.reason != UNSUBSCRIBED and (since := self.left.get(EVERYTHING)):
            return self.evolve(reason=UNSUBSCRIBED, at=since, left=left)
        return Suppression(at=self.at, source=self.source, left=left) if left else Suppression()

    def leaving(self, sequence: str, at: datetime, source: str) -> Suppression:
        """After they unsubscribed from one sequence; the first time counts."""
        told = {} if self.reason else {"at": at, "source": source}
        return self if sequence in self.left else self.evolve(left={**self.left, sequence: at}, **told)

    def coming_back(self, sequence: str) -> Suppression:
        """After they took back that they left one sequence."""
        left = {name: at for name, at in self.left.items() if name != sequence}
        return self.evolve(left=left) if left or self.reason else Suppression()

    def joined(self, other: Suppression) -> Suppression:
        """Both: nothing that stands against it is lost."""
        both = self.with_reason(other.reason, other.at, other.source) if other.reason else self
        return both.evolve(at=both.at or other.at, source=both.source or other.source, left={**other.left, **both.left})


@dataclass(frozen=True, slots=True)
class Suppressed:
    """An address in the list: ``key`` is under what it stands, ``contact_id`` whose it is, None for nobody's."""

    key: str
    suppression: Suppression
    contact_id: str | None = None


class DeliveryEvent(Noun, frozen=True, kw_only=True):
    """What the provider told of an email. ``id`` is that of its message, ``at`` its own time, ``detail`` its words.

    ``kind`` is delivered, bounced and the like; ``provider_id`` is None for what is about no email.
    """

    id: str
    kind: str
    at: datetime
    provider_id: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """A webhook that was accepted, judged by the file whose hash is ``revision``.

    ``key`` is the caller's idempotency key; ``body_hash`` tells whether a repeat really is one
    (None without a key: then there are no repeats).
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


class Claimed(Noun, frozen=True):
    """A run that is ours until its lease runs out, with the contact as it is now.

    ``claims`` counts this claim and those before it that were never settled: whoever made them died with it.
    """

    run: Run
    contact: Contact
    claims: int = 1


@dataclass(frozen=True, slots=True)
class ListedRun:
    """A run in a list, with the address of its contact; ``paused_at`` is set while it is paused."""

    run: Run
    email: str
    paused_at: datetime | None = None


class EmailRecord(Noun, frozen=True, kw_only=True):
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
    batch: str | None = None


class EmailResult(Noun, frozen=True, kw_only=True):
    """What a try came to. ``asked`` with an error means that it will be tried again.

    ``attempts`` is how many tries count by now; None leaves the count as it is.
    """

    run_id: str
    step: str
    status: EmailStatus
    provider_id: str | None = None
    error: str | None = None
    attempts: int | None = None


class BatchResult(Noun, frozen=True, kw_only=True):
    """What became known of emails that went out in one request.

    ``results`` are of any of them, whoever has their runs in hand. ``leaves`` were surely not taken, and are no longer
    of the batch: always, or with ``leases`` only where all its runs still are as these claims gave them, since
    whoever claimed one of them afterwards may have sent it.
    """

    batch: str
    results: tuple[EmailResult, ...] = ()
    leaves: tuple[Pair, ...] = ()
    leases: tuple[Lease, ...] | None = None


class OutboxItem(Noun, frozen=True, kw_only=True):
    """Something to tell the outside, apart from the runs; only for a call does one wait.

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
    """What a claimed item came to; ``retry`` needs ``due_at``. A ``payload`` takes the place of the item's."""

    id: str
    version: int
    outcome: Literal["done", "retry", "failed"]
    due_at: datetime | None = None
    error: str | None = None
    payload: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorRecord:
    """The page of a contact, and the values that we last wrote to it or read from it."""

    contact_id: str
    page_id: str
    shown: Values = field(default_factory=lambda: EMPTY)
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Revision:
    """A version of sequences.yaml that has run; ``commit`` is the one of git that holds it, where there is one."""

    hash: str
    text: str
    loaded_at: datetime | None
    commit: str | None = None


@dataclass(frozen=True, slots=True)
class Stamp:
    """By which version of the file something was decided: its hash, and the commit of git that holds it.

    No version decided what the provider told of an email.
    """

    revision: str | None
    commit: str | None


@dataclass(frozen=True, slots=True)
class CachedTemplate:
    """A template as it was when it was last fetched."""

    template: TemplateText
    fetched_at: datetime


@dataclass(frozen=True, slots=True)
class Worker:
    """A process that has shown a sign of life; its leases carry its ``number``."""

    number: int
    id: str
    kind: str
    started_at: datetime
    seen_at: datetime

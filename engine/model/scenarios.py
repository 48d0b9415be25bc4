"""Tests as the author writes them: what happens to one contact, and what is expected to follow."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from engine.model.runs import RunStatus
from engine.model.values import Value, Values


@dataclass(frozen=True, slots=True, kw_only=True)
class Fires:
    """A trigger fires with these values."""

    trigger: str
    values: Values
    at: datetime
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Writes:
    """Somebody writes values into the contact elsewhere."""

    values: Values
    at: datetime
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaves:
    """The contact unsubscribes, or the mailbox sends an email back."""

    reason: Literal["unsubscribed", "bounced"]
    at: datetime
    line: int


Occasion = Fires | Writes | Leaves


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedEmail:
    """One email of the list, by its template. What is None may be anything."""

    template: str
    at: datetime | None = None
    subject: str | None = None
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectEmails:
    """These emails in this order, and no other."""

    emails: tuple[ExpectedEmail, ...]
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectAlerts:
    """So many alerts; or as many as there are texts, each containing its text."""

    count: int
    texts: tuple[str, ...] = ()
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectSegment:
    """The segment of the run (of the contact, where nothing was started); None is none."""

    segment: str | None
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectStop:
    """Some run of a sequence is stopped for this reason."""

    reason: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectHold:
    """Some run is held in the end, for a reason that contains this text."""

    reason: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectEnd:
    """How the last run of a sequence stands in the end; without a name, of the sequence that began first."""

    sequence: str | None
    status: RunStatus
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectSaved:
    """What the contact's field holds in the end; None is unknown."""

    field: str
    value: Value
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectStart:
    """Whether a run of the sequence began."""

    sequence: str
    begun: bool
    line: int


Expectation = (
    ExpectEmails | ExpectAlerts | ExpectSegment | ExpectStop | ExpectHold | ExpectEnd | ExpectSaved | ExpectStart
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One test: who the contact is, what happens when, and what is expected.

    ``sequence`` is what the contact is put into at ``at``; None where the first of ``occasions`` is a trigger that
    fires then. ``values`` are known before (None: nobody has heard of the contact). ``zone`` is the one of its times.
    """

    name: str
    at: datetime
    email: str
    values: Values | None
    sequence: str | None
    occasions: tuple[Occasion, ...]
    expectations: tuple[Expectation, ...]
    zone: ZoneInfo
    testing: bool = False
    file: str = ""
    line: int = 0


def same_reason(one: str, other: str) -> bool:
    """Whether two texts give one reason: spaces aside, and ``==`` is ``=``, as ``busos fmt`` writes it."""
    return _plainly(one) == _plainly(other)


def _plainly(reason: str) -> list[str]:
    return reason.replace("==", " = ").split()

"""The nouns of busos: what a file compiles to, what a run is, what comes in and what goes out.

Everything here is frozen data without behaviour beyond ``evolve``. Values of a contact are plain
JSON values: text, numbers, true/false, lists of text; a date is ``2025-11-12`` and a datetime is
``2025-11-12T15:00:00Z`` (UTC, whole seconds), so that they sort as text and mean the same everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from engine.steps.kind import Verb

Datum = str | int | float | bool | list[str]
Value = Datum | None
Values = Mapping[str, Value]

EMPTY: Mapping[str, Any] = MappingProxyType({})
TRIGGER_PREFIX = "trigger "


# -- Contact fields ---------------------------------------------------------------------------


class FieldType(StrEnum):
    """What a contact field may hold."""

    TEXT = "text"
    EMAIL = "email"
    WHOLE = "whole number"
    NUMBER = "number"
    CHECKBOX = "checkbox"
    CHOICE = "choice"
    DATE = "date"
    DATETIME = "datetime"
    PHONE = "phone"
    LINK = "link"
    LIST = "list"
    SEGMENT = "segment"
    TIMEZONE = "timezone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A declared contact field. ``default`` is said while the value is unknown and never saved."""

    name: str
    type: FieldType
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    max_length: int = 500
    default: Value = None
    notion: str | None = None
    private: bool = False


# -- Time -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Duration:
    """A length of time in words: calendar days keep the clock time, seconds are exact.

    ``text`` is what the author wrote. Days are added first, then seconds.
    """

    text: str
    days: int = 0
    business_days: int = 0
    seconds: int = 0


@dataclass(frozen=True, slots=True)
class After:
    """A gap that lasts a duration: ``24 hours``."""

    duration: Duration


@dataclass(frozen=True, slots=True)
class OnWeekday:
    """Until the next such weekday (0 is Monday), at a clock time or at 00:00."""

    weekday: int
    at: time | None = None


@dataclass(frozen=True, slots=True)
class AtClock:
    """Until the next time that the clock shows this."""

    at: time


@dataclass(frozen=True, slots=True)
class OnDate:
    """Until a calendar date, at a clock time or at 00:00."""

    day: date
    at: time | None = None


@dataclass(frozen=True, slots=True)
class Around:
    """Until a moment told by a date or datetime field, or a duration before or after it."""

    field: str
    offset: Duration | None = None
    before: bool = False


Until = After | OnWeekday | AtClock | OnDate | Around


class IfPast(StrEnum):
    """What to do when the moment waited for has gone by before the wait began."""

    SKIP = "skip next email"
    GO_ON = "go_on"
    STOP = "stop"


class IfUnknown(StrEnum):
    """What to do when the field that tells the moment has no value."""

    HOLD = "hold"
    GO_ON = "go_on"
    STOP = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """The gap before a step. In testing mode ``testing`` replaces ``until``."""

    text: str
    until: Until
    testing: Duration
    if_past: IfPast = IfPast.SKIP
    if_unknown: IfUnknown = IfUnknown.HOLD
    when: Condition | None = None
    line: int = 0


# -- Conditions -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Constant:
    """A value written in the file, already of the type of the field it is compared with."""

    value: Datum


@dataclass(frozen=True, slots=True)
class FieldValue:
    """The value of another field."""

    field: str


@dataclass(frozen=True, slots=True)
class Moment:
    """``now`` (day_only false) or ``today``, moved by a duration: sign -1 is ``ago``, +1 ``from now``."""

    day_only: bool = False
    offset: Duration | None = None
    sign: Literal[-1, 1] = 1


Operand = Constant | FieldValue | Moment
Comparison = Literal["=", "!=", "<", "<=", ">", ">="]


@dataclass(frozen=True, slots=True)
class Compare:
    """``red_systems >= 2``. ``type`` is the field's, so that dates compare as dates."""

    field: str
    type: FieldType
    op: Comparison
    operand: Operand


@dataclass(frozen=True, slots=True)
class Among:
    """``segment in [CRITICAL, URGENT]``."""

    field: str
    type: FieldType
    operands: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Contains:
    """``interests contains pricing``: an item of a list, or a part of a text."""

    field: str
    type: FieldType
    operand: Operand


@dataclass(frozen=True, slots=True)
class Known:
    """``signup_date is known`` / ``is unknown``; a default does not make a value known."""

    field: str
    known: bool


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    test: Test


@dataclass(frozen=True, slots=True)
class All:
    """``and``."""

    tests: tuple[Test, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """``or``."""

    tests: tuple[Test, ...]


Test = Compare | Among | Contains | Known | Not | All | AnyOf


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A checked condition, with the text the author wrote and the fields it reads."""

    text: str
    test: Test
    fields: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentRule:
    """One line of ``segments:``; a rule without a condition is ``otherwise``."""

    name: str
    condition: Condition | None
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """What every program of a file shares: its fields, its segments, its clock."""

    fields: Mapping[str, Field]
    segments: tuple[SegmentRule, ...]
    zone: ZoneInfo
    segment_field: str | None = None
    zone_field: str | None = None


# -- Programs ---------------------------------------------------------------------------------


class IfItFails(StrEnum):
    """What a run does when a step was refused for good."""

    HOLD = "hold"
    GO_ON = "go_on"
    STOP = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step of a flat program: what it does, the waits before it, and the step that follows.

    ``position`` is the email's place among the emails of its sequence, from 1.
    """

    id: str
    kind: str
    verb: Verb
    gap: tuple[Wait, ...] = ()
    when: Condition | None = None
    then: str | None = None
    if_it_fails: IfItFails = IfItFails.HOLD
    position: int | None = None
    line: int = 0


class IfAlreadyIn(StrEnum):
    """What a start does for a contact who is in the sequence now."""

    IGNORE = "ignore"
    RESTART = "restart"
    RUN_BOTH = "run_both"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReEntry:
    """Who may enter a sequence again. ``after`` is None for never, a zero duration for any time."""

    if_already_in: IfAlreadyIn = IfAlreadyIn.IGNORE
    after: Duration | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Names of the Notion properties that show progress; ``{n}`` is an email's position."""

    sent: str | None = None
    sent_at: str | None = None
    finished: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A sequence, or the ``then:`` of a trigger, laid flat. ``first`` is None when it has no step.

    A trigger's program is named ``trigger NAME``; ``testing`` says that waits use their testing length.
    ``patience`` is how long runs of it wait for their contact to become known (None: they do not ask).
    """

    name: str
    vocabulary: Vocabulary
    steps: Mapping[str, Step]
    first: str | None
    stop_when: Condition | None = None
    re_entry: ReEntry = ReEntry()
    record: Record = Record()
    patience: Duration | None = None
    testing: bool = False
    line: int = 0

    @property
    def of_trigger(self) -> bool:
        """Whether this is the ``then:`` of a trigger and no sequence."""
        return self.name.startswith(TRIGGER_PREFIX)


class UnknownContact(StrEnum):
    """What a trigger does with an email address it has never seen."""

    CREATE = "create"
    HOLD = "hold"
    REJECT = "reject"


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """A field a trigger takes; ``otherwise`` is saved when the payload leaves it out."""

    field: str
    required: bool = False
    otherwise: Value = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """A webhook: where it listens, what it takes, what it starts."""

    name: str
    path: str
    takes: tuple[Take, ...]
    program: Program
    unknown_contact: UnknownContact = UnknownContact.CREATE


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who an email is from, file-wide; a step may say otherwise."""

    sender: str
    reply_to: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Playbook:
    """A whole compiled file. ``revision`` is the hash of its content."""

    revision: str
    vocabulary: Vocabulary
    email: Sender
    triggers: Mapping[str, Trigger]
    sequences: Mapping[str, Program]
    send_only_to: tuple[str, ...] = ()
    testing: bool = False

    def program(self, name: str) -> Program | None:
        """The program a run names: a sequence, or ``trigger NAME``; None when it has gone."""
        if name.startswith(TRIGGER_PREFIX):
            trigger = self.triggers.get(name.removeprefix(TRIGGER_PREFIX))
            return trigger.program if trigger else None
        return self.sequences.get(name)


# -- Contacts and runs ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A person. ``known`` is false while only a trigger that may not create contacts has named them.

    ``suppressed`` is the reason why no marketing email may go there: unsubscribed, bounced, complained.
    """

    id: str
    email: str
    values: Values = field(default_factory=lambda: EMPTY)
    known: bool = True
    suppressed: str | None = None

    def evolve(self, **changes: Any) -> Contact:
        """A copy with some members changed."""
        return replace(self, **changes)


class RunStatus(StrEnum):
    """Where a run is. The last three are ends; every other has a due time."""

    READY = "ready"
    WAITING = "waiting"
    SENDING = "sending"
    HELD = "held"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        """Whether the run is over."""
        return self in _ENDS


_ENDS = frozenset({RunStatus.FINISHED, RunStatus.STOPPED, RunStatus.FAILED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One contact in one program.

    ``step`` is the next step and ``since`` the moment its gap began, so that where a run is needs no
    more than one id and one instant. ``due_at`` is when it wants to be looked at: looking earlier does
    no harm. ``asked_at`` is the first try of the effect it is waiting for, ``attempt`` how many were made and
    ``in_doubt`` says that one of them may have been carried out although no answer says so.
    ``skipping`` says that the next email is left out because its moment had passed. ``version`` is the
    fencing number of the lease.
    """

    id: str
    program: str
    contact_id: str
    status: RunStatus
    step: str | None
    since: datetime
    due_at: datetime | None
    started_at: datetime
    event_id: str | None = None
    segment: str | None = None
    attempt: int = 0
    asked_at: datetime | None = None
    in_doubt: bool = False
    skipping: bool = False
    reason: str | None = None
    ended_at: datetime | None = None
    version: int = 0

    def evolve(self, **changes: Any) -> Run:
        """A copy with some members changed."""
        return replace(self, **changes)


# -- What comes in ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed, or something about the contact has changed: look again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The provider has taken the email (or the outbox keeps it)."""

    template: str
    subject: str
    provider_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Not done, or not known to be done; the same key may be asked again. ``after`` is in seconds.

    ``uncertain`` says that the provider may have acted on this try (a timeout, a broken answer).
    """

    reason: str
    after: float | None = None
    uncertain: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Never done, and asking again with the same content is no use."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unready:
    """Could not be asked at all: a template is missing, or a value it needs is."""

    reason: str


Outcome = Accepted | Retry | Refused | Unready


@dataclass(frozen=True, slots=True)
class Answered:
    """The outcome of the effect that the run was waiting for."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Ordered:
    """Somebody from outside ends the run: unsubscribed, stopped by another sequence, by hand."""

    reason: str


Event = Tick | Answered | Ordered


# -- What goes out ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SendEmail:
    """Ask the mailer for one email. The run waits for the outcome."""

    step: str
    template: str
    subject: str | None = None
    sender: str | None = None
    reply_to: str | None = None
    to: str | None = None


@dataclass(frozen=True, slots=True)
class SaveValues:
    """Write values into the contact; None makes a value unknown."""

    values: Values


@dataclass(frozen=True, slots=True, kw_only=True)
class RaiseAlert:
    """Tell the team. The run does not wait. Alerts of one ``topic`` that wait to go out become one."""

    message: str
    topic: str | None = None
    title: str | None = None
    fields: tuple[tuple[str, str], ...] = ()
    colour: str | None = None


@dataclass(frozen=True, slots=True)
class ShowProgress:
    """Set properties of the contact's page in the mirror. The run does not wait."""

    properties: Values


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRun:
    """Enrol the contact in a sequence; whether it starts is ``enrol``'s to say."""

    sequence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRuns:
    """End the contact's runs of a sequence."""

    sequence: str
    reason: str


Effect = SendEmail | SaveValues | RaiseAlert | ShowProgress | StartRun | StopRuns


# -- What a verb may answer -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Next:
    """Done; go to the step that follows."""

    note: str = ""


@dataclass(frozen=True, slots=True)
class Jump:
    """Go to another step (None: past the last one)."""

    to: str | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Sleep:
    """Not before this moment."""

    until: datetime
    note: str = ""


@dataclass(frozen=True, slots=True)
class Do:
    """Ask the world for something."""

    effect: Effect
    note: str = ""


@dataclass(frozen=True, slots=True)
class Finish:
    """The run is over, or (held) waits for a person or a value."""

    status: Literal[RunStatus.FINISHED, RunStatus.STOPPED, RunStatus.FAILED, RunStatus.HELD]
    reason: str


Move = Next | Jump | Sleep | Do | Finish


# -- What the interpreter answers -------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a run's story. ``until`` is set on waits; ``template`` and ``subject`` on emails."""

    at: datetime
    step: str | None
    kind: str
    note: str
    template: str | None = None
    subject: str | None = None
    until: datetime | None = None
    provider_id: str | None = None
    attempts: int | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What ``advance`` decided: the run as it is now, what to ask of the world, and why."""

    run: Run
    contact: Contact
    effects: tuple[Effect, ...] = ()
    story: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateText:
    """The source of an email before rendering.

    ``format`` says how ``body`` is written; ``origin`` is where a person finds it (a file, a Notion page)
    and ``body_line`` the line there on which the body begins.
    """

    name: str
    subject: str
    body: str
    format: Literal["markdown", "html"]
    preheader: str = ""
    origin: str = ""
    body_line: int = 1
    active: bool = True

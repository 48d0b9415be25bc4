"""What a file compiles to: flat programs of steps, triggers, and the playbook of all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from engine.model.conditions import Condition, Vocabulary
from engine.model.durations import Duration
from engine.model.moves import Move
from engine.model.values import Value
from engine.model.waits import Wait

TRIGGER_PREFIX = "trigger "


class IfItFails(StrEnum):
    """What a run does when a step was refused for good."""

    HOLD = "hold"
    GO_ON = "go_on"
    STOP = "stop"


class Verb(Protocol):
    """What a step does. Frozen; ``move`` is pure, and is given the ``Scene`` of its turn (``engine.scene``)."""

    def move(self, scene: Any) -> Move:
        """What the run does now that this step has its turn."""
        ...


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

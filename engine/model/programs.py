"""What a file compiles to: flat programs of steps, triggers, and the playbook of all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Protocol

from engine.model.conditions import Condition, Vocabulary
from engine.model.courtesy import Courtesy
from engine.model.durations import Duration
from engine.model.moves import Move
from engine.model.paths import PayloadPath
from engine.model.runs import Run
from engine.model.values import EMPTY, Value
from engine.model.waits import Wait

TRIGGER_PREFIX = "trigger "
NEW = "nothing"
"""``was: nothing``: the step is new, although it stands where another one stood."""


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

    ``position`` is the email's place among the emails of its sequence, from 1. ``was`` is its former id, or
    ``nothing``: it is new, although it stands where another one stood.
    """

    id: str
    kind: str
    verb: Verb
    gap: tuple[Wait, ...] = ()
    when: Condition | None = None
    then: str | None = None
    if_it_fails: IfItFails = IfItFails.HOLD
    position: int | None = None
    was: str | None = None
    line: int = 0
    spot: Spot | None = None


@dataclass(frozen=True, slots=True)
class Spot:
    """Where something stands in the files: a stretch of one line, counted from 1."""

    file: str
    line: int
    column: int
    end_column: int


@dataclass(frozen=True, slots=True)
class Moved:
    """Where people go whose step is no longer in the file under its id: to a step, or (None) past the last one.

    ``renamed`` says that it is the same step with another id, and not the one that follows it.
    """

    to: str | None
    renamed: bool = False


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
    ``moved`` says for ids of earlier versions of the file where their people are now; ``keep_version`` that runs
    end on the version with which they began.

    ``one_run_per`` is the field that tells several runs of one contact apart, ``own`` are the fields that each run
    keeps as they were when it started: that one, and the dates that its waits count from. ``live_segment`` says that
    the segment is read again at each step. ``still_sends`` are the steps from which a transactional email may come.
    ``title`` is for the people who get its emails.
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
    keep_version: bool = False
    moved: Mapping[str, Moved] = field(default_factory=lambda: EMPTY)
    one_run_per: str | None = None
    own: tuple[str, ...] = ()
    live_segment: bool = False
    still_sends: frozenset[str] = frozenset()
    courtesy: Courtesy | None = None
    title: str | None = None
    line: int = 0

    def find(self, step: str | None) -> Step | None:
        """The step of this id, whether it is the one of today or a former one of the same step."""
        found = self.steps.get(step or "")
        moved = self.moved.get(step or "")
        return found or (self.steps.get(moved.to or "") if moved and moved.renamed else None)

    def standing_before(self, step: str | None) -> Step | None:
        """The step that a run stands before who remembers this id; None at the end, and where nobody can tell."""
        found = self.steps.get(step or "")
        moved = self.moved.get(step or "")
        return found or (self.steps.get(moved.to or "") if moved else None)

    def with_moved(self, moved: Mapping[str, Mapping[str, Moved]]) -> Program:
        """The same, with what is known of its former steps; what the file itself says counts first."""
        known = moved.get(self.name)
        return replace(self, moved={**known, **self.moved}) if known else self

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
    """A field a trigger takes; ``otherwise`` is saved when the payload leaves it out.

    ``path`` is where it stands in the payload; None where it stands under its own name.
    """

    field: str
    required: bool = False
    otherwise: Value = None
    path: PayloadPath | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """What must be true of a payload's values together, and what its sender is told where it is not."""

    condition: Condition
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """A webhook: where it listens, what it takes, what it starts.

    With a ``provider`` only that one may call it, and only its ``events`` start it.
    ``keeps`` says that its steps see what this very call brought, whatever a later call has brought since.
    ``awaited`` says that some wait listens to it.
    """

    name: str
    path: str
    takes: tuple[Take, ...]
    program: Program
    unknown_contact: UnknownContact = UnknownContact.CREATE
    also_require: tuple[Requirement, ...] = ()
    provider: str | None = None
    events: tuple[str, ...] = ()
    keeps: bool = False
    awaited: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who an email is from, file-wide; a step may say otherwise."""

    sender: str
    reply_to: str | None = None
    postal_address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Playbook:
    """A whole compiled file. ``revision`` is the hash of its content.

    ``earlier`` are the versions on which runs end that keep theirs, by the number that these runs hold; None for one
    that can no longer be read.
    """

    revision: str
    vocabulary: Vocabulary
    email: Sender
    triggers: Mapping[str, Trigger]
    sequences: Mapping[str, Program]
    send_only_to: tuple[str, ...] = ()
    testing: bool = False
    earlier: Mapping[int, Playbook | None] = field(default_factory=dict)

    def program_of(self, run: Run) -> Program | None:
        """The program that moves a run, of its own version of the file where it keeps that; None when it has gone."""
        if run.pinned is not None and run.pinned in self.earlier:
            kept = self.earlier[run.pinned]
            return kept.program(run.program) if kept else None
        return self.program(run.program)

    def with_earlier(self, earlier: Mapping[int, Playbook | None]) -> Playbook:
        """The same, with the versions that runs keep; what these wait for is listened to as well."""
        kept = [playbook for playbook in earlier.values() if playbook]
        heard = {name for playbook in kept for name, trigger in playbook.triggers.items() if trigger.awaited}
        triggers = {name: replace(one, awaited=one.awaited or name in heard) for name, one in self.triggers.items()}
        return replace(self, earlier=earlier, triggers=triggers)

    def with_moved(self, moved: Mapping[str, Mapping[str, Moved]]) -> Playbook:
        """The same, with what is known of steps that earlier versions of the file had, by program and step."""
        triggers = {
            name: replace(one, program=one.program.with_moved(moved)) if one.program.name in moved else one
            for name, one in self.triggers.items()
        }
        return replace(
            self,
            triggers=triggers,
            sequences={name: program.with_moved(moved) for name, program in self.sequences.items()},
        )

    def program(self, name: str) -> Program | None:
        """The program a run names: a sequence, or ``trigger NAME``; None when it has gone."""
        if name.startswith(TRIGGER_PREFIX):
            trigger = self.triggers.get(name.removeprefix(TRIGGER_PREFIX))
            return trigger.program if trigger else None
        return self.sequences.get(name)

"""The same ``advance`` where time flies: a contact, a virtual clock, and a mailer that says yes.

This is also the reference shell: what it does with a decision in memory, the runner does with a ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from engine.enrolment import enrol, told
from engine.intake import receive, start_directly
from engine.interpreter import advance
from engine.model import (
    Answered,
    Contact,
    Decision,
    Effect,
    Entry,
    Event,
    Ordered,
    Outcome,
    Playbook,
    RaiseAlert,
    Run,
    RunStatus,
    SaveValues,
    SendEmail,
    ShowProgress,
    StartRun,
    StopRuns,
    Tick,
    Trigger,
    Values,
)
from engine.scene import Scene

MOST_LOOKS = 10_000
"""A file cannot loop, so a simulation that looks this often has found a bug and must not hang."""

Post = Callable[[SendEmail, Scene], Outcome]
"""What becomes of an email: rendered and accepted, or why not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """A trigger that fires during a simulation."""

    trigger: Trigger
    values: Values
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """What would happen: the story of every run in the order of time, and how the first one ended."""

    run: Run | None
    contact: Contact
    story: tuple[Entry, ...]
    alerts: tuple[RaiseAlert, ...]
    progress: tuple[ShowProgress, ...]


def simulate_sequence(
    playbook: Playbook, sequence: str, contact: Contact, at: datetime, post: Post, sendings: Sequence[Sending] = ()
) -> Simulation:
    """Put a contact into a sequence at a moment, and let time run out."""
    world = _World(playbook, contact, post)
    world.runs.append(start_directly(playbook.sequences[sequence], contact, run_id="run-1", now=at))
    return world.play(sendings, sequence)


def simulate_triggers(
    playbook: Playbook, contact: Contact | None, post: Post, sendings: Sequence[Sending], email: str
) -> Simulation:
    """Fire triggers for a contact (None: nobody has heard of them), and let time run out."""
    world = _World(playbook, contact or Contact(id="contact-1", email=email, known=False), post)
    return world.play(sendings, None)


class _World:
    """Everything there is in a simulation. Lives for one of them."""

    def __init__(self, playbook: Playbook, contact: Contact, post: Post) -> None:
        self.playbook = playbook
        self.programs = {trigger.program.name: trigger.program for trigger in playbook.triggers.values()}
        self.programs.update(playbook.sequences)
        self.contact = contact
        self.post = post
        self.runs: list[Run] = []
        self.story: list[Entry] = []
        self.alerts: list[RaiseAlert] = []
        self.progress: list[ShowProgress] = []

    def play(self, sendings: Sequence[Sending], sequence: str | None) -> Simulation:
        waiting = sorted(sendings, key=lambda sending: sending.at)
        for _ in range(MOST_LOOKS):
            due, index = self._next()
            if waiting and (due is None or waiting[0].at < due):
                self._receive(waiting.pop(0))
            elif due is not None:
                self._apply(index, Tick(), due)
            else:
                return self._told(sequence)
        raise RuntimeError("this simulation does not end")

    def _told(self, sequence: str | None) -> Simulation:
        first = next(
            (run for run in self.runs if run.program == sequence or (not sequence and self._is_sequence(run))), None
        )
        return Simulation(
            run=first,
            contact=self.contact,
            story=tuple(self.story),
            alerts=tuple(self.alerts),
            progress=tuple(self.progress),
        )

    def _is_sequence(self, run: Run) -> bool:
        return run.program in self.playbook.sequences

    def _next(self) -> tuple[datetime | None, int]:
        """When the next run is due, and which."""
        due = [(run.due_at, index) for index, run in enumerate(self.runs) if run.due_at is not None]
        return min(due, default=(None, 0))

    def _receive(self, sending: Sending) -> None:
        number = len(self.runs) + 1
        intake = receive(
            sending.trigger,
            self.playbook.vocabulary,
            sending.values,
            self.contact,
            email=self.contact.email,
            event_id=f"run-{number}",
            contact_id=self.contact.id,
            now=sending.at,
        )
        self.contact = intake.contact
        self._poke(sending.at)
        self.runs.append(intake.run)

    def _poke(self, now: datetime) -> None:
        """The contact has changed: every run that is not over looks again."""
        self.runs = [
            run if run.status.ended or run.status is RunStatus.SENDING else run.evolve(due_at=now) for run in self.runs
        ]

    def _apply(self, index: int, event: Event, now: datetime) -> None:
        """What an event makes of a run, and what the answers to its emails make of it at once."""
        answer: Event | None = event
        while answer is not None:
            email = self._decide(index, answer, now)
            answer = Answered(self.post(email, self._scene(index, now))) if email else None

    def _scene(self, index: int, now: datetime) -> Scene:
        run = self.runs[index]
        return Scene(program=self.programs[run.program], run=run, contact=self.contact, now=now)

    def _decide(self, index: int, event: Event, now: datetime) -> SendEmail | None:
        """Make one decision and all of its effects but the email it asks for, which is the answer."""
        program = self.programs[self.runs[index].program]
        decision = advance(program, self.runs[index], self.contact, event, now)
        starts = [effect.sequence for effect in decision.effects if isinstance(effect, StartRun)]
        self._keep(index, decision)
        enrolled = {name: self._start(name, decision.run, now) for name in starts}
        self.story.extend(told(entry, enrolled) for entry in decision.story)
        for effect in decision.effects:
            self._perform(index, effect, now)
        last = decision.effects[-1] if decision.effects else None
        return last if isinstance(last, SendEmail) else None

    def _keep(self, index: int, decision: Decision) -> None:
        """What was decided. Only a change of the contact wakes a held run here: nothing else can heal it."""
        held = decision.run.status is RunStatus.HELD
        self.runs[index] = decision.run.evolve(due_at=None) if held else decision.run
        self.contact = decision.contact

    def _perform(self, index: int, effect: Effect, now: datetime) -> None:
        match effect:
            case SaveValues():
                self._poke_others(index, now)
            case StopRuns(sequence=name, reason=reason):
                for other in range(len(self.runs)):
                    if self.runs[other].program == name and not self.runs[other].status.ended:
                        self._apply(other, Ordered(reason), now)
            case RaiseAlert():
                self.alerts.append(effect)
            case ShowProgress():
                self.progress.append(effect)
            case StartRun() | SendEmail():
                pass  # enrolled before, so that its line could say what became of it; posted afterwards
            case _:
                assert_never(effect)

    def _poke_others(self, index: int, now: datetime) -> None:
        own = self.runs[index]
        self._poke(now)
        self.runs[index] = own

    def _start(self, name: str, by: Run, now: datetime) -> str:
        program = self.playbook.sequences[name]
        earlier = [run for run in self.runs if run.program == name]
        run_id = f"run-{len(self.runs) + 1}"
        enrolment = enrol(program, self.contact, earlier, run_id=run_id, event_id=by.event_id, now=now)
        for replaced in enrolment.replaced:
            self._apply(self.runs.index(replaced), Ordered("started again"), now)
        if enrolment.run is not None:
            self.runs.append(enrolment.run)
        return enrolment.note

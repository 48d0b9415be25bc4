"""The same ``advance`` where time flies: a contact, a virtual clock, and a mailer that says yes.

This is also the reference shell: what it does with a decision in memory, the runner does with a ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from engine.enrolment import Told, enrol, stopped_by, told
from engine.intake import receive, start_directly
from engine.interpreter import advance
from engine.model import (
    Accepted,
    Answered,
    CallWeb,
    Contact,
    Decision,
    Effect,
    Entry,
    Event,
    Ordered,
    Outcome,
    Playbook,
    Program,
    RaiseAlert,
    Replied,
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
    weightier,
)
from engine.scene import Scene, with_segment

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
class Setting:
    """Values of the contact that somebody writes from outside, as people do in Notion; None makes one unknown."""

    values: Values
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppressing:
    """From here on no marketing email may go to the contact; ``reason`` is unsubscribed, bounced or complained."""

    reason: str
    at: datetime


Happening = Sending | Setting | Suppressing


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of the story of one run."""

    run: str
    program: str
    entry: Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """What would happen: the lines of every run in the order of time, and how all of them ended.

    ``run`` is the first of the sequence that was asked for, else of any sequence.
    """

    run: Run | None
    runs: tuple[Run, ...]
    contact: Contact
    lines: tuple[Line, ...]
    alerts: tuple[RaiseAlert, ...]
    progress: tuple[ShowProgress, ...]

    @property
    def story(self) -> tuple[Entry, ...]:
        """The lines alone."""
        return tuple(line.entry for line in self.lines)


def simulate_sequence(
    playbook: Playbook, sequence: str, contact: Contact, at: datetime, post: Post, happenings: Sequence[Happening] = ()
) -> Simulation:
    """Put a contact into a sequence at a moment, and let time run out."""
    world = _World(playbook, contact, post)
    world.runs.append(start_directly(playbook.sequences[sequence], contact, run_id="run-1", now=at))
    return world.play(happenings, sequence)


def simulate_triggers(
    playbook: Playbook, contact: Contact | None, post: Post, happenings: Sequence[Happening], email: str
) -> Simulation:
    """Fire triggers for a contact (None: nobody has heard of them), and let time run out."""
    world = _World(playbook, contact or Contact(id="contact-1", email=email, known=False), post)
    return world.play(happenings, None)


def simulate_onwards(
    playbook: Playbook, contact: Contact, runs: Sequence[Run], post: Post, now: datetime
) -> Simulation:
    """Let time run out for runs that have begun, from ``now`` on; what is overdue comes at once."""
    world = _World(playbook, contact, post)
    world.runs += [run.evolve(due_at=max(run.due_at or now, now)) for run in runs]
    return world.play((), None)


class _World:
    """Everything there is in a simulation. Lives for one of them."""

    def __init__(self, playbook: Playbook, contact: Contact, post: Post) -> None:
        self.playbook = playbook
        self.contact = contact
        self.post = post
        self.runs: list[Run] = []
        self.lines: list[Line] = []
        self.alerts: list[RaiseAlert] = []
        self.progress: list[ShowProgress] = []

    def play(self, happenings: Sequence[Happening], sequence: str | None) -> Simulation:
        """Of what happens at one moment, what is due in a run comes first."""
        waiting = sorted(happenings, key=lambda happening: happening.at)
        for _ in range(MOST_LOOKS):
            due, index = self._next()
            if waiting and (due is None or waiting[0].at < due):
                self._happen(waiting.pop(0))
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
            runs=tuple(self.runs),
            contact=self.contact,
            lines=tuple(self.lines),
            alerts=tuple(self.alerts),
            progress=tuple(self.progress),
        )

    def _is_sequence(self, run: Run) -> bool:
        return run.program in self.playbook.sequences

    def _next(self) -> tuple[datetime | None, int]:
        """When the next run is due, and which. Whoever calls has an answer after all that is done at that moment."""
        due = [
            (run.due_at, run.status is RunStatus.CALLING, index)
            for index, run in enumerate(self.runs)
            if run.due_at is not None
        ]
        at, _, index = min(due, default=(None, False, 0))
        return at, index

    def _happen(self, happening: Happening) -> None:
        match happening:
            case Sending():
                self._receive(happening)
            case Setting(values=values, at=now):
                changed = with_segment(self.playbook.vocabulary, {**self.contact.values, **values}, now)
                self.contact = self.contact.evolve(values=changed)
                self._poke(now)
            case Suppressing(reason=reason, at=now):
                self.contact = self.contact.evolve(suppressed=weightier(self.contact.suppressed, reason))
                self._poke(now)
            case _:
                assert_never(happening)

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
        """What an event makes of a run, and what the answers to its emails make of it at once.

        A call is answered when its run looks again, and still wants to know.
        """
        answer: Event | None = event
        while answer is not None:
            waited = self.runs[index].status is RunStatus.CALLING and isinstance(answer, Tick)
            asked = self._decide(index, answer, now)
            if isinstance(asked, SendEmail):
                answer = Answered(self._sent(asked, index, now))
            elif isinstance(asked, CallWeb) and waited:
                answer = Answered(_assumed(asked))
            else:
                answer = None
                if asked:
                    self.runs[index] = self.runs[index].evolve(due_at=now)

    def _sent(self, asked: SendEmail, index: int, now: datetime) -> Outcome:
        outcome = self.post(asked, self._scene(index, now))
        if isinstance(outcome, Accepted) and asked.to is None:
            self.contact = self.contact.evolve(emailed=(*self.contact.emailed, now))
        return outcome

    def _scene(self, index: int, now: datetime) -> Scene:
        run = self.runs[index]
        return Scene(program=self._program(run), run=run, contact=self.contact, now=now)

    def _program(self, run: Run) -> Program:
        """What moves a run, of the version of the file that it keeps."""
        program = self.playbook.program_of(run)
        assert program is not None, "whoever puts a run here looks first"  # noqa: S101 - for the type checker
        return program

    def _decide(self, index: int, event: Event, now: datetime) -> SendEmail | CallWeb | None:
        """Make one decision and all of its effects, in order, but what it waits for, which is the answer."""
        program = self._program(self.runs[index])
        decision = advance(program, self.runs[index], self.contact, event, now)
        self._keep(index, decision)
        place = len(self.lines)
        outcomes = [told for effect in decision.effects for told in self._perform(index, effect, now)]
        self.lines[place:place] = [_line(decision.run, entry) for entry in told(decision.story, outcomes)]
        last = decision.effects[-1] if decision.effects else None
        return last if isinstance(last, SendEmail | CallWeb) else None

    def _tell(self, run: Run, note: str, now: datetime) -> None:
        """What another run has done to this one."""
        self.lines.append(_line(run, Entry(at=now, step=None, kind="start", note=note)))

    def _keep(self, index: int, decision: Decision) -> None:
        """What was decided. Only a change of the contact wakes a held run here: nothing else can heal it."""
        held = decision.run.status is RunStatus.HELD
        self.runs[index] = decision.run.evolve(due_at=None) if held else decision.run
        self.contact = decision.contact

    def _perform(self, index: int, effect: Effect, now: datetime) -> Iterator[Told]:
        """Carry out an effect; of a start or a stop, what became of it."""
        match effect:
            case SaveValues():
                self._poke(now)
            case StartRun():
                yield effect.sequence, self._start(effect, self.runs[index], now)
            case StopRuns():
                yield effect.sequence, self._stop(effect, now)
            case RaiseAlert():
                self.alerts.append(effect)
            case ShowProgress():
                self.progress.append(effect)
            case SendEmail() | CallWeb():
                pass  # asked for afterwards
            case _:
                assert_never(effect)

    def _start(self, effect: StartRun, by: Run, now: datetime) -> str:
        program = self.playbook.sequences[effect.sequence]
        run_id, event_id = f"run-{len(self.runs) + 1}", by.event_id
        earlier = self._runs_of(effect.sequence)
        enrolment = enrol(program, self.contact, earlier, run_id=run_id, event_id=event_id, now=now, asked=effect)
        for replaced in enrolment.replaced:
            self._order(replaced, "started again", now)
        for renewed in enrolment.renewed:
            self._renew(renewed, now)
            self._tell(renewed, f"{enrolment.news}, by {by.program}", now)
        if enrolment.run is not None:
            self.runs.append(enrolment.run)
            self._tell(enrolment.run, f"by {by.program}{enrolment.which}", now)
        if enrolment.alert is not None:
            self.alerts.append(enrolment.alert)
        return enrolment.note

    def _stop(self, effect: StopRuns, now: datetime) -> str:
        runs, note = stopped_by(self.playbook.sequences[effect.sequence], effect, self._runs_of(effect.sequence))
        for run in runs:
            self._order(run, effect.reason, now)
        return note

    def _runs_of(self, sequence: str) -> list[Run]:
        return [run for run in self.runs if run.program == sequence]

    def _order(self, run: Run, reason: str, now: datetime) -> None:
        self._apply(self._place(run), Ordered(reason), now)

    def _renew(self, run: Run, now: datetime) -> None:
        due = run.due_at if run.status is RunStatus.SENDING else now
        self.runs[self._place(run)] = run.evolve(due_at=due)

    def _place(self, run: Run) -> int:
        return next(index for index, one in enumerate(self.runs) if one.id == run.id)


def _assumed(call: CallWeb) -> Replied:
    """Nobody is called here: it goes well, and what would be saved stays as it is."""
    kept = ", ".join(name for name, _ in call.save_as)
    stays = f"; {kept} {'stays' if len(call.save_as) == 1 else 'stay'} as before" if kept else ""
    return Replied(told=f"{call.method} {call.host}: not called here, taken to go well{stays}")


def _line(run: Run, entry: Entry) -> Line:
    return Line(run=run.id, program=run.program, entry=entry)

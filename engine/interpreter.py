"""The whole interpreter: ``advance`` moves a run (``enrolment`` lets a contact into a sequence).

Theory of operation. A run stands before one step of a flat program and knows since when. ``advance`` looks
at it and walks as far as it can: past the gap, past steps that ask nothing of the world, up to a step whose
answer it needs, a gap that is not over, or the end. All that changes about a run changes here; every change
leaves a line in the story; what the world has to do is listed as effects. Nothing here does I/O, reads a
clock or makes an id, so that ``simulate``, the tests and production run the very same function.

A look that comes too early, twice, or after a crash does no harm:

- waiting: the end of the gap is computed again from the same ``since``;
- sending: the same email is asked for again, and the shell sends the stored bytes under the stored key;
- held: the step is tried again, and holds again without a second line in the story or a second alert.

Rules that end a run are asked first, each time: the contact is suppressed, ``stop_when`` holds.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, assert_never
from zoneinfo import ZoneInfo

from engine.gaps import Gap, gap
from engine.model import (
    Accepted,
    Answered,
    Contact,
    Decision,
    Do,
    Effect,
    Entry,
    Event,
    Finish,
    IfItFails,
    Jump,
    Move,
    Next,
    Ordered,
    Outcome,
    Program,
    RaiseAlert,
    Refused,
    Retry,
    Run,
    RunStatus,
    SaveValues,
    SendEmail,
    ShowProgress,
    Skipped,
    Sleep,
    Step,
    Tick,
    Unready,
    Value,
    Vocabulary,
)
from engine.patience import (
    KEY_MEMORY,
    LOOK_AGAIN,
    LOOK_AGAIN_AT_TROUBLE,
    MOST_TRIES,
    SHORTEST_RETRY,
    WORRYING_TRIES,
    backoff,
)
from engine.scene import Scene, segment_of, with_segment
from engine.timing import add

UNSURE = "it is not known whether this email was sent"


def advance(program: Program, run: Run, contact: Contact, event: Event, now: datetime) -> Decision:
    """Move a run as far as it goes.

    ``run`` has not ended; ``contact`` is as it is now. The answer holds both as they are afterwards, the
    effects to perform in order (at most one ``SendEmail``, the last) and the lines of the story.
    """
    walk = _Walk(program, run, contact, now)
    match event:
        case Tick():
            walk.look()
        case Answered(outcome):
            walk.answer(outcome)
        case Ordered(reason):
            walk.end(RunStatus.STOPPED, reason)
        case Skipped(reason):
            walk.skip(reason)
        case _:
            assert_never(event)
    return Decision(run=walk.run, contact=walk.contact, effects=tuple(walk.effects), story=tuple(walk.story))


def hold(run: Run, contact: Contact, reason: str, now: datetime) -> Decision:
    """Hold a run that cannot be moved at all: its program is gone, or moving it failed."""
    return advance(_no_program(run.program), run, contact, Answered(Unready(reason=reason)), now)


def stop(run: Run, contact: Contact, reason: str, now: datetime) -> Decision:
    """End a run whatever its program says, and whether or not there still is one."""
    return advance(_no_program(run.program), run, contact, Ordered(reason), now)


def _no_program(name: str) -> Program:
    words = Vocabulary(fields={}, segments=(), zone=ZoneInfo("UTC"))
    return Program(name=name, vocabulary=words, steps={}, first=None)


class _Walk:
    """The run on its way, and what it leaves behind. Lives for one call of ``advance``."""

    def __init__(self, program: Program, run: Run, contact: Contact, now: datetime) -> None:
        self.program = program
        self.run = run
        self.contact = contact
        self.now = now
        self.effects: list[Effect] = []
        self.story: list[Entry] = []

    # What happened

    def look(self) -> None:
        """Time has passed, or the contact has changed."""
        if self._must_end() or self._must_meet():
            return
        asked = self.program.steps.get(self.run.step or "") if self.run.status is RunStatus.SENDING else None
        if asked is not None:
            self._ask_again(asked)
        else:
            self._go()

    def answer(self, outcome: Outcome) -> None:
        """The effect that the run was waiting for has an outcome."""
        match outcome:
            case Accepted():
                self._accepted(outcome)
            case Retry():
                self._retry(outcome)
            case Refused(reason=reason):
                self._refused(reason)
            case Unready(reason=reason):
                self.end(RunStatus.HELD, reason)
            case _:
                assert_never(outcome)

    def skip(self, reason: str) -> None:
        """Leave out the step that the run stands before. The gap after it begins now, and the next look goes on."""
        step = self._here()
        if step is None:
            return
        if step.kind == "email":
            self.run = self.run.evolve(skipping=False)  # the email whose moment had passed is this one
        unsure = f"; {UNSURE}, and it counts as sent" if self.run.in_doubt else ""
        self._tell(step.id, step.kind, f"{reason}{unsure}")
        self._stand(step.then)

    # Where the run goes

    def _go(self) -> None:
        while (step := self._here()) is not None:
            if not self._through_gap(step):
                return
            if self._left_out(step):
                continue
            if not self._make(step, step.verb.move(self._scene())):
                return

    def _here(self) -> Step | None:
        if self.run.step is None:
            self.end(RunStatus.FINISHED, f"end of {self.program.name}")
            return None
        step = self.program.steps.get(self.run.step)
        if step is None:
            self.end(RunStatus.HELD, f'step "{self.run.step}" is no longer in the file')
        return step

    def _through_gap(self, step: Step) -> bool:
        """Whether the gap before the step is over; otherwise the run sleeps, holds or ends."""
        self._freeze_segment()
        found = gap(step.gap, self._scene())
        if found.stops:
            self.end(RunStatus.STOPPED, found.reason)
        elif found.holds:
            self.end(RunStatus.HELD, found.reason)
        elif self.now < found.until:
            self._sleep(step, found)
        else:
            self._mark_skip(step, found)
            return True
        return False

    def _mark_skip(self, step: Step, found: Gap) -> None:
        if found.skips and not self.run.skipping:
            self.run = self.run.evolve(skipping=True)
            self._tell(step.id, "wait", f"{found.reason}: the next email is left out")

    def _sleep(self, step: Step, found: Gap) -> None:
        again = self.run.status is RunStatus.WAITING and self.run.due_at is not None
        text = found.text
        self.run = self.run.evolve(status=RunStatus.WAITING, due_at=found.until, reason=None)
        if not again:
            self._tell(step.id, "wait", text, until=found.until)

    def _left_out(self, step: Step) -> bool:
        """Whether the step is skipped, and the run stands before the next one."""
        why = ""
        if self.run.skipping and step.kind == "email":
            why = "left out: its moment had passed"
            self.run = self.run.evolve(skipping=False)
        elif step.when is not None:
            holds = self._scene().holds(step.when)
            if not holds:
                why = f"skipped: {step.when.text} {'is not true' if holds is False else 'cannot be told'}"
        if why:
            self._tell(step.id, step.kind, why)
            self._stand(step.then)
        return bool(why)

    def _make(self, step: Step, move: Move) -> bool:
        """Make a verb's move; whether the run can go on at once."""
        match move:
            case Next(note=note):
                self._tell(step.id, step.kind, note)
                self._stand(step.then)
            case Jump(to=to, note=note):
                self._tell(step.id, step.kind, note)
                self._stand(to)
            case Sleep(until=until, note=note):
                self.run = self.run.evolve(status=RunStatus.WAITING, due_at=until)
                self._tell(step.id, step.kind, note, until=until)
                return False
            case Do(effect=effect, note=note):
                return self._do(step, effect, note)
            case Finish(status=status, reason=reason):
                self.end(status, reason)
                return False
            case _:
                assert_never(move)
        return True

    def _do(self, step: Step, effect: Effect, note: str) -> bool:
        if isinstance(effect, SendEmail):
            self._ask(effect)
            return False
        self.effects.append(effect)
        if isinstance(effect, SaveValues):
            self._save(effect)
        self._tell(step.id, step.kind, note)
        self._stand(step.then)
        return True

    def _save(self, effect: SaveValues) -> None:
        values = with_segment(self.program.vocabulary, {**self.contact.values, **effect.values}, self.now)
        self.contact = self.contact.evolve(values=values)

    def _stand(self, step: str | None) -> None:
        """Stand before a step, from now."""
        self.run = self.run.evolve(
            step=step,
            since=self.now,
            status=RunStatus.READY,
            due_at=self.now,
            attempt=0,
            asked_at=None,
            in_doubt=False,
            reason=None,
        )

    # Emails

    def _ask(self, email: SendEmail) -> None:
        """Ask for an email, unless it may be out already and its key has been forgotten by now."""
        run = self.run
        open_try = run.in_doubt or run.status is RunStatus.SENDING
        first = run.asked_at if open_try and run.asked_at else self.now
        if run.in_doubt and self.now - first > KEY_MEMORY:
            self._unsure(run.reason)
            return
        self.effects.append(email)
        self.run = run.evolve(status=RunStatus.SENDING, due_at=self.now, asked_at=first)

    def _unsure(self, why: str | None) -> None:
        told = why if why and why.startswith(UNSURE) else f"{UNSURE}: {why}" if why else UNSURE
        self.end(RunStatus.HELD, told)

    def _ask_again(self, step: Step) -> None:
        """The email was asked for before: after a planned pause, or by a worker that died."""
        move = step.verb.move(self._scene())
        if isinstance(move, Do) and isinstance(move.effect, SendEmail):
            self._ask(move.effect)
        elif self._make(step, move):
            self._go()

    def _accepted(self, answer: Accepted) -> None:
        step = self.run.step
        found = self.program.steps.get(step) if step else None
        self._tell(
            step,
            "email",
            f"sent on try {self.run.attempt + 1}" if self.run.attempt else "sent",
            template=answer.template,
            subject=answer.subject,
            provider_id=answer.provider_id,
            attempts=self.run.attempt + 1,
        )
        if found and found.position:
            self._show_sent(found.position)
        self._stand(found.then if found else None)
        if not self._must_end():
            self._go()

    def _retry(self, answer: Retry) -> None:
        counted = self.run.attempt if answer.vendor_wide else self.run.attempt + 1
        run = self.run.evolve(attempt=counted, in_doubt=self.run.in_doubt or answer.uncertain)
        self.run = run
        first = run.asked_at or self.now
        if run.in_doubt and self.now - first > KEY_MEMORY:
            self._unsure(answer.reason)
        elif answer.vendor_wide:
            self._await_vendor(answer)
        elif run.attempt >= MOST_TRIES:
            self.end(RunStatus.HELD, f"given up after {run.attempt} tries: {answer.reason}")
            self.run = self.run.evolve(due_at=self.now + LOOK_AGAIN_AT_TROUBLE)
        else:
            self._try_later(answer)

    def _await_vendor(self, answer: Retry) -> None:
        """Nobody gets through: the email keeps its place among those that wait, and says why once."""
        told = self.run.reason == answer.reason
        again = self.now + max(timedelta(seconds=answer.after or 0), SHORTEST_RETRY)
        self.run = self.run.evolve(due_at=again, reason=answer.reason)
        if not told:
            self._tell(self.run.step, "retry", f"waits: {answer.reason}", error=answer.reason)

    def _try_later(self, answer: Retry) -> None:
        run = self.run
        again = self.now + backoff(run, answer.after)
        self.run = run.evolve(due_at=again, reason=answer.reason)
        if run.attempt & (run.attempt - 1) == 0:  # 1, 2, 4, 8 …: the story stays readable however long it takes
            self._tell(run.step, "retry", answer.reason, until=again, attempts=run.attempt, error=answer.reason)
        if run.attempt == WORRYING_TRIES:
            message = f"emails of {self.program.name} have to wait: {answer.reason}"
            self.effects.append(RaiseAlert(message=message, topic=f"waiting {answer.reason}", colour="orange"))

    def _refused(self, reason: str) -> None:
        self.run = self.run.evolve(attempt=self.run.attempt + 1)
        step = self.program.steps.get(self.run.step or "")
        policy = step.if_it_fails if step else IfItFails.HOLD
        if step is None or policy is IfItFails.HOLD:
            self.end(RunStatus.HELD, reason)
        elif policy is IfItFails.STOP:
            self.end(RunStatus.FAILED, reason)
        else:
            self._tell(step.id, step.kind, f"failed, going on: {reason}", error=reason)
            self._stand(step.then)
            self._go()

    # Ends and holds

    def _must_end(self) -> bool:
        """The rules that end a run whatever it is doing."""
        if not self.program.of_trigger and self.contact.suppressed:
            self.end(RunStatus.STOPPED, self.contact.suppressed)
        elif self.program.stop_when is not None and self._scene().holds(self.program.stop_when):
            self.end(RunStatus.STOPPED, self.program.stop_when.text)
        return self.run.status.ended

    def _must_meet(self) -> bool:
        """A trigger that may not create contacts waits until another one has."""
        patience = self.program.patience
        if patience is None or self.contact.known:
            return False
        until = add(self.run.started_at, patience, self.program.vocabulary.zone)
        if self.now >= until:
            waited = f" within {patience.text}" if patience.text else ""
            self._raise(f"{self.program.name}: {self.contact.email} did not become known{waited}; nothing was started")
            self.end(RunStatus.STOPPED, f"the contact did not become known{waited}")
        elif self.run.status is not RunStatus.WAITING:
            self.run = self.run.evolve(status=RunStatus.WAITING, due_at=until)
            self._tell(self.run.step, "wait", "until the contact is known", until=until)
        else:
            self.run = self.run.evolve(due_at=until)
        return True

    def end(self, status: RunStatus, reason: str) -> None:
        """End or hold the run. A run that is held again for the same reason says nothing new."""
        same = status is RunStatus.HELD and self.run.reason == reason
        due = self.now + LOOK_AGAIN if status is RunStatus.HELD else None
        ended = self.now if status.ended else None
        self.run = self.run.evolve(status=status, reason=reason, due_at=due, ended_at=ended)
        if same:
            return
        kind = {RunStatus.HELD: "hold", RunStatus.FINISHED: "end"}.get(status, "stop")
        trouble = status in {RunStatus.HELD, RunStatus.FAILED}
        self._tell(self.run.step, kind, reason, error=reason if trouble else None)
        if trouble:
            self._raise(f"{self.program.name} {status.value} for {self.contact.email}: {reason}")
            self._show(self.program.record.error, reason)
        if status is RunStatus.FINISHED:
            self._show(self.program.record.finished, True)

    def _raise(self, message: str) -> None:
        self.effects.append(
            RaiseAlert(message=message, topic=f"{self.program.name} {self.run.reason}", colour="orange")
        )

    def _show_sent(self, position: int) -> None:
        record, number = self.program.record, str(position)
        if record.sent:
            self._show(record.sent.replace("{n}", number), True)
        if record.sent_at:
            self._show(record.sent_at.replace("{n}", number), self.now.strftime("%Y-%m-%dT%H:%M:%SZ"))

    def _show(self, name: str | None, value: Value) -> None:
        if name:
            self.effects.append(ShowProgress({name: value}))

    # Notes

    def _scene(self) -> Scene:
        return Scene(program=self.program, run=self.run, contact=self.contact, now=self.now)

    def _freeze_segment(self) -> None:
        if self.run.segment is None:
            segment = segment_of(self.program.vocabulary, self.contact.values, self.now).segment
            self.run = self.run.evolve(segment=segment)

    def _tell(self, step: str | None, kind: str, note: str, **more: Any) -> None:
        self.story.append(Entry(at=self.now, step=step, kind=kind, note=note, **more))

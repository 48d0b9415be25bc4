"""The whole interpreter: ``advance`` moves a run (``enrolment`` lets a contact into a sequence).

Theory of operation. A run stands before one step of a flat program and knows since when. ``advance`` looks
at it and walks as far as it can: past the gap, past steps that ask nothing of the world, up to a step whose
answer it needs, a gap that is not over, or the end. All that changes about a run changes here; every change
leaves a line in the story; what the world has to do is listed as effects. Nothing here does I/O, reads a
clock or makes an id, so that ``simulate``, the tests and production run the very same function.

A look that comes too early, twice, or after a crash does no harm:

- waiting: the end of the gap is computed again from the same ``since``;
- sending: the same email is asked for again, and the shell sends the stored bytes under the stored key;
- calling: the same call is asked for again, and the shell knows by its key that it has it;
- held: the step is tried again, and holds again without a second line in the story or a second alert.

Rules that end a run are asked first, each time, and whenever it has saved something: the contact is suppressed, has
left this sequence or replied since it began (and no transactional email is ahead), ``stop_when`` holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import assert_never
from zoneinfo import ZoneInfo

from engine.asking import UNSURE, Asking
from engine.gaps import Gap, gap
from engine.model import (
    Accepted,
    Answered,
    CallWeb,
    Contact,
    Decision,
    Do,
    Effect,
    Event,
    Finish,
    Jump,
    Move,
    Next,
    Ordered,
    Outcome,
    Program,
    Refused,
    Replied,
    Retry,
    Run,
    RunStatus,
    SaveValues,
    SendEmail,
    Skipped,
    Sleep,
    Step,
    Tick,
    Unready,
    Vocabulary,
)
from engine.timing import add

_ASKING = frozenset({RunStatus.SENDING, RunStatus.CALLING})


def advance(program: Program, run: Run, contact: Contact, event: Event, now: datetime) -> Decision:
    """Move a run as far as it goes.

    ``run`` has not ended; ``contact`` is as it is now. The answer holds both as they are afterwards, the
    effects to perform in order (at most one ``SendEmail`` or ``CallWeb``, the last) and the lines of the story.
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


class _Walk(Asking):
    """The run on its way. Lives for one call of ``advance``."""

    # What happened

    def look(self) -> None:
        """Time has passed, or the contact has changed."""
        if self._must_end() or self._must_meet():
            return
        asked = self.program.find(self.run.step) if self.run.status in _ASKING else None
        if asked is not None:
            self._ask_again(asked)
        else:
            self._go()

    def answer(self, outcome: Outcome) -> None:
        """The effect that the run was waiting for has an outcome."""
        match outcome:
            case Accepted():
                self._accepted(outcome)
            case Replied():
                self._replied(outcome)
            case Retry() if self.run.status is RunStatus.CALLING:
                if not self._must_end():
                    self._await_reply(outcome)
            case Retry():
                self._retry(outcome)
            case Refused(reason=reason):
                self._refused(reason)
            case Unready(reason=reason):
                self.end(RunStatus.HELD, reason)
            case _:
                assert_never(outcome)
        if self.run.status is RunStatus.READY and not self._must_end():
            self._go()

    def skip(self, reason: str) -> None:
        """Leave out the step that the run stands before. The gap after it begins now, and the next look goes on."""
        step = self.program.find(self.run.step) or self._here()
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
            if self._said_no and self._must_end():
                return
            if self.run.elsewhere and self._done_elsewhere(step):
                continue
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
        if step is None and self._moved():
            return self._here()
        if step is None:
            self.end(RunStatus.HELD, f'step "{self.run.step}" is no longer in the file')
        return step

    def _moved(self) -> bool:
        """The file was edited: whether it says where the people of this step are now. Their clock runs on."""
        run, moved = self.run, self.program.moved.get(self.run.step or "")
        if moved is None or not (moved.to is None or moved.to in self.program.steps):
            return False
        if not moved.renamed:
            unsure = f"; {UNSURE}" if run.in_doubt else ""
            self._tell(run.step, "edit", f"this step was taken out of the file{unsure}")
        due = {"due_at": self.now, "status": RunStatus.READY} if run.status is not RunStatus.WAITING else {}
        self.run = run.evolve(step=moved.to, attempt=0, asked_at=None, in_doubt=False, reason=None, **due)
        return True

    def _done_elsewhere(self, step: Step) -> bool:
        """Whether the email was sent elsewhere: then nobody waits for it, and the gap after it counts from then.

        Unless an email may have gone out here since: then it counts from the later of the two.
        """
        at = self._marks().get(step.id)
        if at is None:
            return False
        told = at.astimezone(self._scene().zone)
        self.run = self.run.evolve(skipping=False)  # the email whose moment had passed is this one
        self._tell(step.id, step.kind, f"sent elsewhere, on {told:%Y-%m-%d at %H:%M}")
        self._show_sent(step, at)
        begins = self.run.since <= self.run.started_at and not self._sends_before(step)
        self._stand(step.then, at if begins else max(at, self.run.since))
        return True

    def _sends_before(self, step: Step) -> bool:
        """Whether an email that stands above this one in the file was left to us."""
        above = [one for one in self.program.steps.values() if 0 < (one.position or 0) < (step.position or 0)]
        return any(one.id not in self._marks() for one in above)

    def _marks(self) -> Mapping[str, datetime]:
        """When emails were sent elsewhere, by the ids that they have in the file now."""
        found = ((self.program.find(name), at) for name, at in self.run.elsewhere.items())
        return {step.id: at for step, at in found if step is not None}

    def _through_gap(self, step: Step) -> bool:
        """Whether the gap before the step is over; otherwise the run sleeps, holds or ends."""
        self._read_segment()
        found = gap(step.gap, self._scene())
        if found.stops:
            self.end(RunStatus.STOPPED, found.reason)
        elif found.holds:
            self.end(RunStatus.HELD, found.reason)
        elif self.now < found.until:
            self._sleep(step, found)
        else:
            self._mark_skip(step, found)
            self._tell_end(step, found)
            return True
        return False

    def _tell_end(self, step: Step, found: Gap) -> None:
        """Say which of the two it was that ended a wait; a run that stands here for a reason has said it before."""
        if found.ended and self.run.reason is None:
            self._tell(step.id, "wait", found.ended)

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
            self._pass(step, step.then)
        return bool(why)

    def _make(self, step: Step, move: Move) -> bool:
        """Make a verb's move; whether the run can go on at once."""
        match move:
            case Next(note=note):
                if note:  # a place to rest has nothing to say
                    self._tell(step.id, step.kind, note)
                self._pass(step, step.then)
            case Jump(to=to, note=note):
                self._tell(step.id, step.kind, note)
                self._pass(step, to)
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
            if not self._held_back(step, effect):
                self._ask(effect)
            return False
        if isinstance(effect, CallWeb):
            self._call(effect)
            return False
        self.effects.append(effect)
        if isinstance(effect, SaveValues):
            self._save(effect)
        self._tell(step.id, step.kind, note)
        self._pass(step, step.then)
        return not (isinstance(effect, SaveValues) and self._must_end())  # what it saved may be why it ends

    def _ask_again(self, step: Step) -> None:
        """The email or the call was asked for before: after a planned pause, or by a worker that died."""
        move = step.verb.move(self._scene())
        if isinstance(move, Do) and isinstance(move.effect, SendEmail | CallWeb):
            self._do(step, move.effect, "")
        else:
            if self.run.in_doubt:
                self._tell(step.id, step.kind, UNSURE)
            if self._make(step, move):
                self._go()

    def _pass(self, step: Step, to: str | None) -> None:
        """Go on at once. While nothing was waited for here, the gap still counts from what was done elsewhere."""
        early = self.run.since < self.run.started_at and not step.gap
        self._stand(to, self.run.since if early else None)

    # Ends and holds

    def _must_end(self) -> bool:
        """The rules that end a run whatever it is doing."""
        if self.program.live_segment:
            self._read_segment()
        if self._said_no and (reason := self._out()):
            self.end(RunStatus.STOPPED, reason)
        elif self.program.stop_when is not None and self._scene().holds(self.program.stop_when):
            self.end(RunStatus.STOPPED, self.program.stop_when.text)
        return self.run.status.ended

    @property
    def _said_no(self) -> bool:
        """Whether there is anything that could take the contact out of this sequence: mostly there is not."""
        contact = self.contact
        return bool(contact.suppressed or contact.left or contact.replied)

    def _out(self) -> str | None:
        """Why the contact is out of this sequence. A run with a transactional email ahead goes on for it."""
        if self.program.of_trigger:
            return None
        here = self.program.standing_before(self.run.step)
        ahead = here is not None and here.id in self.program.still_sends
        return self.contact.refuses(self.program.name, transactional=ahead, since=self.run.started_at)

    def _must_meet(self) -> bool:
        """A trigger that may not create contacts waits until another one has."""
        patience = self.program.patience
        if patience is None or self.contact.known:
            return False
        words = self.program.vocabulary
        until = add(self.run.started_at, patience, words.zone, words.holidays)
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

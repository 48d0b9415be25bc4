"""From turns to decisions: each run is advanced, and the email it asks for gets its bytes when it may go now.

Nothing is written here. Whether an email may go is the vendor's pace to say: one that may not is neither rendered
nor counted as tried; its run waits among those that want to send, with the template as it will be then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.interpreter import advance, hold
from engine.model import (
    Accepted,
    Answered,
    Decision,
    Outcome,
    Playbook,
    Program,
    Retry,
    Run,
    RunStatus,
    SendEmail,
    Skipped,
    Tick,
)
from engine.ports import Message, Pace
from engine.runtime.calling import with_replies
from engine.runtime.commit import Decided
from engine.runtime.ledger import EmailRecord, Ledger, Pair
from engine.runtime.letters import Letters
from engine.runtime.post import Turn
from engine.scene import Scene

Stored = Mapping[Pair, EmailRecord]


class Permits:
    """Permits of a vendor's pace: taken when the first email asks for one, given back when nobody does.

    One pays for one request. ``bulk`` new emails of one commit share it at most, and so do emails of one stored batch.
    """

    def __init__(self, pace: Pace, granted: int = 0, *, more: bool = True, bulk: int = 1) -> None:
        self._pace = pace
        self._left = granted
        self._more = more
        self._bulk = bulk
        self._slot, self._room = 0, 0
        self._paid: set[str] = set()

    def next_commit(self) -> None:
        """What is decided from now on is committed by itself: it shares no request with what came before."""
        self._room, self._paid = 0, set()

    def alone(self, likely: int) -> bool:
        """Whether one email may go in a request of its own; ``likely`` is how many may want to, this one included."""
        return self._use(likely if self._bulk == 1 else 1)

    def beside(self, likely: int) -> int | None:
        """The number of a request in which a new email may go, maybe beside others; None when it may not go now."""
        if self._room < 1:
            if not self._use(requests(likely, self._bulk)):
                return None
            self._slot, self._room = self._slot + 1, self._bulk
        self._room -= 1
        return self._slot

    def again(self, batch: str) -> bool:
        """Whether a stored batch may go."""
        if batch not in self._paid and not self._use(1):
            return False
        self._paid.add(batch)
        return True

    def _use(self, want: int) -> bool:
        if self._left < 1 and self._more:
            self._left = self._pace.take(want)
            self._more = self._left > 0
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def refusal(self) -> Outcome | None:
        """Why nobody may go, when that is worth telling; None when it is only the rate."""
        shut = self._pace.shut()
        return None if shut is None else Retry(reason=shut[1], vendor_wide=True)

    def give_back(self) -> None:
        """What was not used."""
        if self._left:
            self._pace.give_back(self._left)
            self._left = 0


def requests(emails: int, bulk: int) -> int:
    """In how many requests so many new emails go."""
    return -(-emails // bulk)


@dataclass(frozen=True, slots=True)
class Decider:
    """Decides on turns by one version of the file, at one instant."""

    playbook: Playbook
    letters: Letters
    permits: Permits
    stored: Stored
    now: datetime

    def decide(self, turn: Turn, likely: int) -> Decided:
        """What becomes of a run whose turn it is."""
        run, contact = doubted(turn, self.stored), turn.contact
        program = self.playbook.program_of(run)
        if program is None:
            decision = hold(run, contact, f"{run.program} is no longer in the file", self.now)
            return Decided(decision=decision, before=contact, result=turn.result, known=turn.known)
        decision = advance(program, run, contact, turn.event, self.now)
        decided = Decided(decision=decision, before=contact, result=turn.result, known=turn.known)
        return self._with_message(program, decided, likely)

    def _with_message(self, program: Program, decided: Decided, likely: int) -> Decided:
        """Add the bytes of the email it asks for; where there can be none, the run learns that at once."""
        decision = decided.decision
        effect = decision.effects[-1] if decision.effects else None
        if not isinstance(effect, SendEmail):
            return decided
        record = self.stored.get((decision.run.id, effect.step))
        if record is not None and record.status == "accepted":
            return self._before(program, decided, record) or self._answered(program, decided, _accepted(record), likely)
        permitted = self._permitted(decided, record, likely)
        if permitted is None:
            return self._in_line(program, decided)
        if record is not None and record.status == "asked":
            return permitted.evolve(message=record.message, again=True)
        return self._composed(program, permitted, effect, likely, replaces=record is not None)

    def _permitted(self, decided: Decided, record: EmailRecord | None, likely: int) -> Decided | None:
        """With the request in which it may go; None when it may not go now.

        An email that was handed over in a batch goes with all of it or not at all. One that had trouble of its own,
        or that may be out, goes alone.
        """
        run = decided.decision.run
        if record is not None and record.status == "asked" and record.batch is not None:
            return decided.evolve(batch=record.batch) if self.permits.again(record.batch) else None
        if run.attempt or run.in_doubt:
            return decided if self.permits.alone(likely) else None
        slot = self.permits.beside(likely)
        return None if slot is None else decided.evolve(slot=slot)

    def _composed(
        self, program: Program, decided: Decided, effect: SendEmail, likely: int, *, replaces: bool
    ) -> Decided:
        decision = decided.decision
        scene = Scene(program=program, run=decision.run, contact=decision.contact, now=self.now)
        message = self.letters.compose(effect, scene, self.playbook)
        if isinstance(message, Message):
            return decided.evolve(message=message, replaces=replaces)
        return self._answered(program, decided, message, likely)

    def _in_line(self, program: Program, decided: Decided) -> Decided:
        """It may not go now: it waits for its turn, and where the vendor is away, it says so."""
        decision, refusal = decided.decision, self.permits.refusal()
        if refusal is None:
            return decided.evolve(decision=decision.evolve(effects=decision.effects[:-1]))
        told = advance(program, decision.run, decision.contact, Answered(refusal), self.now)
        return decided.evolve(decision=_joined(decision, told))

    def _before(self, program: Program, decided: Decided, record: EmailRecord) -> Decided | None:
        """An email that had gone out when the run came here: an edit led it back, and nobody gets an email twice."""
        decision, at = decided.decision, record.accepted_at
        if at is None or at >= decision.run.since:
            return None
        zone = Scene(program=program, run=decision.run, contact=decision.contact, now=self.now).zone
        reason = f"left out: it was sent before, on {at.astimezone(zone):%Y-%m-%d at %H:%M}"
        told = advance(program, decision.run, decision.contact, Skipped(reason), self.now)
        return decided.evolve(decision=_joined(decision, told))

    def _answered(self, program: Program, decided: Decided, outcome: Outcome, likely: int) -> Decided:
        """What follows when the outcome of an email is known without sending it."""
        decision = decided.decision
        told = advance(program, decision.run, decision.contact, Answered(outcome), self.now)
        return self._with_message(program, decided.evolve(decision=_joined(decision, told)), likely)


def known(ledger: Ledger, turns: Sequence[Turn]) -> tuple[Sequence[Turn], Stored]:
    """The turns with their contacts as they are now, what calls were answered, and the emails asked for before.

    While an email goes out, its contact may unsubscribe. The stored bytes are sent again, whatever the
    template says now.
    """
    asked = [turn for turn in turns if turn.run.asked_at and turn.run.step]
    if not asked:
        return turns, {}
    unanswered = [(turn.run.id, turn.run.step or "") for turn in asked if isinstance(turn.event, Tick)]
    with ledger.read() as tx:
        stored = tx.emails(unanswered) if unanswered else {}
        contacts = tx.contacts(turn.contact.id for turn in asked)
        turns = with_replies(tx, turns)
    return [turn.evolve(contact=contacts.get(turn.contact.id, turn.contact)) for turn in turns], stored


def doubted(turn: Turn, stored: Stored) -> Run:
    """A try without an answer (a worker died with it) may have been carried out; so may one in an open batch.

    Without any doubt, the time in which the provider's memory may fade begins with the try that comes now.
    """
    run, record = turn.run, stored.get((turn.run.id, turn.run.step or ""))
    if not isinstance(turn.event, Tick) or run.status is RunStatus.CALLING:
        return run
    if record is not None and record.status != "asked":
        return run.evolve(in_doubt=False)
    unanswered = record is not None and (record.attempts > run.attempt or record.batch is not None)
    if run.in_doubt or unanswered:
        return run.evolve(in_doubt=True)
    return run if run.asked_at is None else run.evolve(asked_at=None)


def _accepted(record: EmailRecord) -> Accepted:
    message = record.message
    return Accepted(template=message.template, subject=message.subject, provider_id=record.provider_id)


def _joined(first: Decision, second: Decision) -> Decision:
    """Two decisions of one run as one; the email that the first asked for is not asked for."""
    return Decision(
        run=second.run,
        contact=second.contact,
        effects=(*first.effects[:-1], *second.effects),
        story=(*first.story, *second.story),
    )

"""The one loop: claim, decide, commit, perform, settle — until every run of the batch sleeps or ends.

Order is everything here. A decision is committed before its effect is performed, with the email's bytes and
key in the same transaction; the provider's answer is committed with what follows from it. A crash at any
point leaves a lease that runs out, and a run that asks for the same email with the same bytes and key.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from engine.errors import LedgerError
from engine.interpreter import advance, hold
from engine.model import (
    Accepted,
    Answered,
    Contact,
    Decision,
    Event,
    Outcome,
    Playbook,
    Program,
    Refused,
    Retry,
    Run,
    SendEmail,
    Tick,
    Unready,
)
from engine.ports import Clock, Delivery, Mailer, Message
from engine.runtime.commit import Commit, Decided
from engine.runtime.ledger import Claimed, EmailRecord, EmailResult, Ledger
from engine.runtime.letters import Letters
from engine.scene import Scene

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=60)
"""How long a batch may take before others may have its runs. It is renewed between calls to the mailer."""
RENEW = timedelta(seconds=30)

Stored = dict[tuple[str, str], EmailRecord]


@dataclass(frozen=True, slots=True)
class Turn:
    """A run that is ours, and what happened to it. ``result`` is what its email came to."""

    run: Run
    contact: Contact
    event: Event
    result: EmailResult | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """An email that is stored and ours to send."""

    run: Run
    contact: Contact
    message: Message


class Runner:
    """Moves claimed runs. Safe to use from many threads."""

    def __init__(
        self,
        ledger: Ledger,
        playbook: Callable[[], Playbook],
        letters: Letters,
        mailer: Mailer,
        *,
        clock: Clock,
        commit: Commit,
    ) -> None:
        self._ledger = ledger
        self._playbook = playbook
        self._letters = letters
        self._mailer = mailer
        self._clock = clock
        self._commit = commit

    def any_due(self) -> bool:
        """Whether some run wants to be looked at now."""
        now = self._clock.now()
        with self._ledger.read() as tx:
            due = tx.next_due(now)
        return due is not None and due <= now

    def claim(self, limit: int) -> list[Claimed]:
        """Due runs, ours until the lease runs out; at most one of each contact."""
        if not self.any_due():
            return []
        with self._ledger.write(durable=False) as tx:  # a claim that a power cut undoes is claimed again
            return tx.claim(self._clock.now(), LEASE, limit)

    def work(self, claimed: Sequence[Claimed]) -> None:
        """Move claimed runs until each of them sleeps or ends. One bad run does not hold up the others."""
        try:
            self._work(claimed)
        except LedgerError:
            raise
        except Exception as error:
            if len(claimed) > 1:
                for one in claimed:
                    self.work([one])
                return
            log.exception("run parked", run=claimed[0].run.id)
            self._park(claimed[0], f"busos failed on this run: {type(error).__name__}")

    def _park(self, claimed: Claimed, reason: str) -> None:
        now = self._clock.now()
        decision = hold(claimed.run, claimed.contact, reason, now)
        self._commit(self._playbook(), [Decided(decision=decision, before=claimed.contact)], now, LEASE)

    def _work(self, claimed: Sequence[Claimed]) -> None:
        playbook = self._playbook()
        letters = self._move(playbook, [Turn(one.run, one.contact, Tick()) for one in claimed])
        renewed = self._clock.now()
        while letters:
            if self._clock.now() - renewed > RENEW:
                letters, renewed = self._renew(letters), self._clock.now()
            chunk, letters = letters[: self._mailer.batch], letters[self._mailer.batch :]
            letters += self._move(playbook, self._send(chunk))

    def _renew(self, letters: list[Letter]) -> list[Letter]:
        with self._ledger.write() as tx:
            ours = tx.settle([letter.run for letter in letters], lease_until=self._clock.now() + LEASE)
        return [letter for letter in letters if letter.run.id in ours]

    # Decide and commit

    def _move(self, playbook: Playbook, turns: Sequence[Turn]) -> list[Letter]:
        """Decide on every turn, commit all of it, and answer the emails that are to be sent now."""
        if not turns:
            return []
        now = self._clock.now()
        stored = self._stored(turns)
        decided = [self._decide(playbook, turn, stored, now) for turn in turns]
        ours = self._commit(playbook, decided, now, LEASE)
        return [
            Letter(one.decision.run, one.decision.contact, one.message)
            for one in decided
            if one.message is not None and one.decision.run.id in ours
        ]

    def _stored(self, turns: Sequence[Turn]) -> Stored:
        """The emails that were asked for before: their bytes are sent again, whatever the template says now."""
        pairs = [(turn.run.id, turn.run.step) for turn in turns if turn.run.asked_at and turn.run.step]
        if not pairs:
            return {}
        with self._ledger.read() as tx:
            return tx.emails(pairs)

    def _decide(self, playbook: Playbook, turn: Turn, stored: Stored, now: datetime) -> Decided:
        run, contact = _doubted(turn.run, stored), turn.contact
        program = playbook.program(run.program)
        if program is None:
            decision = hold(run, contact, f"{run.program} is no longer in the file", now)
            return Decided(decision=decision, before=contact, result=turn.result)
        decision = advance(program, run, contact, turn.event, now)
        decided = Decided(decision=decision, before=contact, result=turn.result)
        return self._with_message(playbook, program, decided, stored, now)

    def _with_message(
        self, playbook: Playbook, program: Program, decided: Decided, stored: Stored, now: datetime
    ) -> Decided:
        """Add the bytes of the email it asks for; where there can be none, the run learns that at once."""
        decision = decided.decision
        effect = decision.effects[-1] if decision.effects else None
        if not isinstance(effect, SendEmail):
            return decided
        record = stored.get((decision.run.id, effect.step))
        if record is not None and record.status != "refused":
            return replace(decided, message=record.message, again=True)
        scene = Scene(program=program, run=decision.run, contact=decision.contact, now=now)
        message = self._letters.compose(effect, scene, playbook)
        if isinstance(message, Message):
            return replace(decided, message=message, replaces=record is not None)
        told = advance(program, decision.run, decision.contact, Answered(message), now)
        return self._with_message(playbook, program, replace(decided, decision=_joined(decision, told)), stored, now)

    # Perform

    def _send(self, letters: Sequence[Letter]) -> list[Turn]:
        answers = self._deliver([letter.message for letter in letters])
        return [
            Turn(letter.run, letter.contact, Answered(answer), _result(letter, answer, self._mailer.name))
            for letter, answer in zip(letters, answers, strict=True)
        ]

    def _deliver(self, messages: Sequence[Message]) -> Sequence[Delivery]:
        try:
            return self._mailer.send(messages)
        except Exception as error:
            log.exception("mailer failed", mailer=self._mailer.name, messages=len(messages))
            reason = f"busos failed while sending: {type(error).__name__}"
            return [Retry(reason=reason, uncertain=True) for _ in messages]


def _doubted(run: Run, stored: Stored) -> Run:
    """A try without an answer (a worker died with it) may have been carried out."""
    record = stored.get((run.id, run.step or ""))
    unanswered = record is not None and record.attempts > run.attempt
    return run.evolve(in_doubt=True) if unanswered and not run.in_doubt else run


def _joined(first: Decision, second: Decision) -> Decision:
    """Two decisions of one run as one; the email that the first asked for is not asked for."""
    return Decision(
        run=second.run,
        contact=second.contact,
        effects=(*first.effects[:-1], *second.effects),
        story=(*first.story, *second.story),
    )


def _result(letter: Letter, answer: Outcome, mailer: str) -> EmailResult:
    run_id, step = letter.run.id, letter.run.step or ""
    match answer:
        case Accepted(provider_id=provider_id):
            return EmailResult(run_id=run_id, step=step, status="accepted", provider_id=provider_id)
        case Refused(reason=reason):
            return EmailResult(run_id=run_id, step=step, status="refused", error=reason)
        case Retry(reason=reason) | Unready(reason=reason):
            return EmailResult(run_id=run_id, step=step, status="asked", error=reason)

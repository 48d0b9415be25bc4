"""The one loop: claim, decide, commit, perform, settle — until every run of the batch sleeps or ends.

Order is everything here. A decision is committed before its effect is performed, with the email's bytes and
key in the same transaction; the provider's answer is committed with what follows from it. A crash at any
point leaves a lease that runs out, and a run that asks for the same email with the same bytes and key.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from time import sleep

import structlog

from engine.errors import LedgerError
from engine.interpreter import advance, hold
from engine.model import (
    Accepted,
    Answered,
    Decision,
    Outcome,
    Playbook,
    Program,
    Run,
    SendEmail,
    Tick,
)
from engine.ports import Clock, Mailer, Message
from engine.runtime.commit import Commit, Decided
from engine.runtime.ledger import Claimed, EmailRecord, Ledger
from engine.runtime.letters import Letters
from engine.runtime.post import Letter, Turn, send
from engine.scene import Scene

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=60)
"""How long a batch may take before others may have its runs. It is renewed between calls to the mailer."""
RENEW = timedelta(seconds=30)
PAUSES = (0.1, 0.5, 1, 2, 4, 8, 16)
"""Seconds between tries to write down what became of emails that are out."""

Stored = dict[tuple[str, str], EmailRecord]


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
        playbook, renewed = self._playbook(), self._clock.now()
        letters = self._move(playbook, [Turn(one.run, one.contact, Tick()) for one in claimed])
        while letters:
            if self._clock.now() - renewed > RENEW:
                letters, renewed = self._renew(letters), self._clock.now()
            chunk, letters = letters[: self._mailer.batch], letters[self._mailer.batch :]
            letters += self._move(playbook, send(self._mailer, chunk), PAUSES)
            letters = self._still_wanted(playbook, letters)

    def _renew(self, letters: list[Letter]) -> list[Letter]:
        with self._ledger.write() as tx:
            ours = tx.settle([letter.run for letter in letters], lease_until=self._clock.now() + LEASE)
        return [letter for letter in letters if letter.run.id in ours]

    def _still_wanted(self, playbook: Playbook, letters: list[Letter]) -> list[Letter]:
        """Those whose contact has not unsubscribed while others were sent; the runs of these are told."""
        if not letters:
            return letters
        with self._ledger.read() as tx:
            contacts = tx.contacts(letter.contact.id for letter in letters)
        wanted = [letter for letter in letters if not contacts[letter.contact.id].suppressed]
        gone = [letter for letter in letters if contacts[letter.contact.id].suppressed]
        turns = [Turn(letter.run, contacts[letter.contact.id], Tick()) for letter in gone]
        return wanted + (self._move(playbook, turns) if turns else [])

    # Decide and commit

    def _move(self, playbook: Playbook, turns: Sequence[Turn], pauses: Sequence[float] = ()) -> list[Letter]:
        """Decide on every turn and commit it, one by one if it cannot be together; the emails to be sent now."""
        try:
            return self._patiently(playbook, turns, pauses)
        except LedgerError:
            raise
        except Exception as error:
            if len(turns) > 1:
                return [letter for turn in turns for letter in self._move(playbook, [turn], pauses)]
            log.exception("run parked", run=turns[0].run.id)
            self._park(playbook, turns[0], f"busos failed on this run: {type(error).__name__}")
            return []

    def _patiently(self, playbook: Playbook, turns: Sequence[Turn], pauses: Sequence[float]) -> list[Letter]:
        """Emails that are out would be sent again if what became of them were forgotten: wait for the ledger."""
        for pause in pauses:
            try:
                return self._together(playbook, turns)
            except LedgerError as error:
                log.warning("ledger away with answers in hand", emails=len(turns), reason=str(error))
                sleep(pause)
        return self._together(playbook, turns)

    def _park(self, playbook: Playbook, turn: Turn, reason: str) -> None:
        now = self._clock.now()
        decision = hold(turn.run, turn.contact, reason, now)
        self._commit(playbook, [Decided(decision=decision, before=turn.contact, result=turn.result)], now, LEASE)

    def _together(self, playbook: Playbook, turns: Sequence[Turn]) -> list[Letter]:
        now = self._clock.now()
        turns, stored = self._known(turns)
        decided = [self._decide(playbook, turn, stored, now) for turn in turns]
        ours = self._commit(playbook, decided, now, LEASE)
        return [
            Letter(one.decision.run, one.decision.contact, one.message)
            for one in decided
            if one.message is not None and one.decision.run.id in ours
        ]

    def _known(self, turns: Sequence[Turn]) -> tuple[Sequence[Turn], Stored]:
        """The turns with their contacts as they are now, and the emails that were asked for before.

        While an email goes out, its contact may unsubscribe. The stored bytes are sent again, whatever the
        template says now.
        """
        asked = [turn for turn in turns if turn.run.asked_at and turn.run.step]
        if not asked:
            return turns, {}
        unanswered = [(turn.run.id, turn.run.step or "") for turn in asked if isinstance(turn.event, Tick)]
        with self._ledger.read() as tx:
            stored = tx.emails(unanswered) if unanswered else {}
            contacts = tx.contacts(turn.contact.id for turn in asked)
        return [replace(turn, contact=contacts.get(turn.contact.id, turn.contact)) for turn in turns], stored

    def _decide(self, playbook: Playbook, turn: Turn, stored: Stored, now: datetime) -> Decided:
        run, contact = _doubted(turn, stored), turn.contact
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
        if record is not None and record.status == "accepted":
            return self._answered(playbook, program, decided, _accepted(record), stored, now)
        if record is not None and record.status == "asked":
            return replace(decided, message=record.message, again=True)
        scene = Scene(program=program, run=decision.run, contact=decision.contact, now=now)
        message = self._letters.compose(effect, scene, playbook)
        if isinstance(message, Message):
            return replace(decided, message=message, replaces=record is not None)
        return self._answered(playbook, program, decided, message, stored, now)

    def _answered(
        self, playbook: Playbook, program: Program, decided: Decided, outcome: Outcome, stored: Stored, now: datetime
    ) -> Decided:
        """What follows when the outcome of an email is known without sending it."""
        decision = decided.decision
        told = advance(program, decision.run, decision.contact, Answered(outcome), now)
        return self._with_message(playbook, program, replace(decided, decision=_joined(decision, told)), stored, now)


def _accepted(record: EmailRecord) -> Accepted:
    message = record.message
    return Accepted(template=message.template, subject=message.subject, provider_id=record.provider_id)


def _doubted(turn: Turn, stored: Stored) -> Run:
    """A try without an answer (a worker died with it) may have been carried out."""
    run = turn.run
    record = stored.get((run.id, run.step or ""))
    if record is None:
        return run
    return run.evolve(in_doubt=record.status != "accepted" and (run.in_doubt or record.attempts > run.attempt))


def _joined(first: Decision, second: Decision) -> Decision:
    """Two decisions of one run as one; the email that the first asked for is not asked for."""
    return Decision(
        run=second.run,
        contact=second.contact,
        effects=(*first.effects[:-1], *second.effects),
        story=(*first.story, *second.story),
    )

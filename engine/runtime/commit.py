"""Writes a batch of decisions in one transaction: runs first, by compare-and-swap, then all that they say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import assert_never

from engine.enrolment import Told, enrol, stopped_by, told
from engine.interpreter import stop
from engine.model import (
    CallWeb,
    Contact,
    Decision,
    Effect,
    Entry,
    Noun,
    Playbook,
    RaiseAlert,
    Run,
    SaveValues,
    SendEmail,
    ShowProgress,
    StartRun,
    StopRuns,
    Values,
)
from engine.ports import Message
from engine.runtime.calling import call_item
from engine.runtime.clock import Ids
from engine.runtime.ledger import BatchResult, EmailRecord, EmailResult, Ledger, OutboxItem, Pair, Transaction
from engine.runtime.outbox import alert_item, mirror_item


class AskedBefore(Exception):
    """Some of these emails (by run and step) are not new: an edit of the file led a run back to where it had been."""

    def __init__(self, pairs: Sequence[Pair]) -> None:
        super().__init__()
        self.pairs = pairs


class Decided(Noun, frozen=True, kw_only=True):
    """A decision with what the shell adds to it.

    ``before`` is the contact that it was made for. ``message`` are the bytes of the email it asks for:
    stored earlier (``again``), or new, maybe in the place of refused ones (``replaces``). It goes with the stored
    ``batch``, or in the request ``slot``: those of one slot become a batch. ``result`` is what the email before it
    came to, ``known`` what its batch did.
    """

    decision: Decision
    before: Contact
    message: Message | None = None
    again: bool = False
    replaces: bool = False
    batch: str | None = None
    slot: int | None = None
    result: EmailResult | None = None
    known: BatchResult | None = None


class Commit:
    """Commits decisions. ``mirrored`` says whether contacts have a mirror to be shown in."""

    def __init__(self, ledger: Ledger, ids: Ids, *, mailer: str, mirrored: bool) -> None:
        self._ledger = ledger
        self._ids = ids
        self._mailer = mailer
        self._mirrored = mirrored

    def __call__(
        self, playbook: Playbook, decided: Sequence[Decided], now: datetime, lease: timedelta
    ) -> dict[str, str | None]:
        """Write them, and keep the lease of those that are to send. Raises ``AskedBefore``; then nothing is written.

        The ids of the runs that stay in our hands, each with the new batch that its email is in.
        """
        return self._ledger.transact(lambda tx: self._write(tx, playbook, decided, now, now + lease))

    def _write(
        self, tx: Transaction, playbook: Playbook, decided: Sequence[Decided], now: datetime, until: datetime
    ) -> dict[str, str | None]:
        tx.lock_contacts([one.before.id for one in decided])
        sent = [one.result for one in decided if one.result is not None and one.result.status == "accepted"]
        tx.settle_emails(sent, now)  # true whoever has the run by now: they must not send it again
        for known in {one.known.batch: one.known for one in decided if one.known is not None}.values():
            tx.settle_batch(known, now)
        kept = _settle(tx, decided, until)
        mine = [one for one in decided if one.decision.run.id in kept]
        tx.give([one.decision.run for one in mine if one.decision.run.given and _saves(one.decision)])
        page = _Page(tx, playbook, self._ids, now, self._mirrored)
        stay = {run_id for run_id, stays in kept.items() if stays}
        batches = page.emails(mine, self._mailer, stay)
        page.recall([one.decision for one in mine])
        for one in mine:
            page.decision(one.decision, one.before)
        page.write()
        return {run_id: batches.get(run_id) for run_id in stay}


def _settle(tx: Transaction, decided: Sequence[Decided], until: datetime) -> dict[str, bool]:
    sending = [one.decision.run for one in decided if one.message is not None]
    others = [one.decision.run for one in decided if one.message is None]
    return (tx.settle(sending, lease_until=until) if sending else {}) | (tx.settle(others) if others else {})


class _Page:
    """What one transaction writes beside the runs themselves, gathered and then written by the kind."""

    def __init__(self, tx: Transaction, playbook: Playbook, ids: Ids, now: datetime, mirrored: bool) -> None:
        self.tx = tx
        self.playbook = playbook
        self.ids = ids
        self.now = now
        self.mirrored = mirrored
        self.story: list[tuple[str, Entry]] = []
        self.patches: list[tuple[str, Values]] = []
        self.errands: list[OutboxItem] = []
        self.begun: dict[str, Run] = {}
        self.renewed: list[str] = []
        self.earlier: dict[tuple[str, str], list[Run]] = {}

    def recall(self, decisions: Iterable[Decision]) -> None:
        """Look up who was before in the sequences that are to start, everybody at once."""
        wanted: dict[str, list[str]] = {}
        for decision in decisions:
            for effect in decision.effects:
                if isinstance(effect, StartRun):
                    wanted.setdefault(effect.sequence, []).append(decision.contact.id)
        for sequence, contacts in wanted.items():
            found = self.tx.runs_of_many(contacts, sequence)
            self.earlier |= {(contact, sequence): found.get(contact, []) for contact in contacts}

    def decision(self, decision: Decision, before: Contact) -> None:
        """Take in what a decision says. Its effects are made in order: who stops and starts again is started."""
        place = len(self.story)
        patch = _difference(before.values, decision.contact.values)
        if patch:
            self.patches.append((before.id, patch))
            self._mirror(before.id, {})
        outcomes = [told for effect in decision.effects for told in self._effect(effect, decision)]
        self.story[place:place] = [(decision.run.id, entry) for entry in told(decision.story, outcomes)]

    def emails(self, decided: Iterable[Decided], mailer: str, going: set[str]) -> dict[str, str]:
        """Store new emails and count the tries, of those that go out now; write which earlier tries failed.

        The batches that are new, by the runs whose emails go out in them.
        """
        asked = [one for one in decided if one.message is not None and one.decision.run.id in going]
        failed = [one.result for one in decided if one.result is not None and one.result.status != "accepted"]
        self.tx.settle_emails(failed, self.now)
        batches = self._batches(asked)
        fresh = [
            _record(one, one.message, self.now, mailer, batches.get(_pair(one)))
            for one in asked
            if one.message and not one.again
        ]
        self.tx.forget_refused([_pair(one) for one in asked if one.replaces])
        if self.tx.put_emails(fresh) < len(fresh):
            raise AskedBefore([(one.run_id, one.step) for one in fresh])
        self.tx.tried([_pair(one) for one in asked if one.again], self.now, batches)
        return {run_id: batch for (run_id, _), batch in batches.items()}

    def _batches(self, asked: Iterable[Decided]) -> dict[Pair, str]:
        """A new batch for those that go in one request."""
        slots: dict[int, list[Pair]] = {}
        for one in asked:
            if one.slot is not None:
                slots.setdefault(one.slot, []).append(_pair(one))
        shared = [(self.ids.new(self.now), pairs) for pairs in slots.values() if len(pairs) > 1]
        return {pair: batch for batch, pairs in shared for pair in pairs}

    def write(self) -> None:
        """Write what was gathered."""
        self.tx.add_runs(list(self.begun.values()), self.playbook.revision)
        self.tx.tell(self.story, self.playbook.revision)
        if self.patches:
            self.tx.merge_values(self.patches, self.now)
        if self.patches or self.renewed:
            self.tx.poke([*(contact_id for contact_id, _ in self.patches), *self.renewed], self.now)
        self.tx.push(self.errands)

    def _effect(self, effect: Effect, decision: Decision) -> Iterator[Told]:
        """Take in an effect; of a start or a stop, what became of it."""
        match effect:
            case StartRun():
                yield effect.sequence, self._start(effect, decision)
            case StopRuns():
                yield effect.sequence, self._stop(effect, decision.contact)
            case RaiseAlert():
                self._alert(effect)
            case ShowProgress(properties):
                self._mirror(decision.contact.id, properties)
            case CallWeb():
                self.errands.append(call_item(effect, decision.run, self.now))
            case SendEmail() | SaveValues():
                pass  # the message is stored; the values are in the contact
            case _:
                assert_never(effect)

    def _mirror(self, contact_id: str, progress: Values) -> None:
        if self.mirrored:
            self.errands.append(mirror_item(self.ids.new(self.now), contact_id, progress, self.now))

    def _start(self, effect: StartRun, decision: Decision) -> str:
        """Enrol the contact; what came of it, for the story of the run that asked."""
        program, contact = self.playbook.sequences.get(effect.sequence), decision.contact
        if program is None:  # it keeps a version of the file that still had it
            return "not started: it is no longer in the file"
        earlier = self._earlier(contact.id, effect.sequence)
        run_id, event_id = self.ids.new(self.now), decision.run.event_id
        enrolment = enrol(program, contact, earlier, run_id=run_id, event_id=event_id, now=self.now, asked=effect)
        by = f"by {decision.run.program}"
        self._order(enrolment.replaced, contact, "started again")
        self._renew(enrolment.renewed, f"{enrolment.news}, {by}")
        if enrolment.run is not None:
            self.begun[run_id] = enrolment.run
            self._tell(run_id, f"{by}{enrolment.which}")
        if enrolment.alert is not None:
            self._alert(enrolment.alert)
        return enrolment.note

    def _renew(self, runs: Sequence[Run], note: str) -> None:
        """These runs go on with other values than before, and look at once."""
        for run in runs:
            self._tell(run.id, note)
        self.tx.give([run for run in runs if not self._rewrite(run)])
        self.renewed += [run.contact_id for run in runs]

    def _rewrite(self, run: Run) -> bool:
        """Put a run in the place of itself among those that begin here; whether it is one of them."""
        if run.id not in self.begun:
            return False
        self.begun[run.id] = run
        return True

    def _tell(self, run_id: str, note: str) -> None:
        self.story.append((run_id, Entry(at=self.now, step=None, kind="start", note=note)))

    def _alert(self, alert: RaiseAlert) -> None:
        self.errands.append(alert_item(self.ids.new(self.now), alert, self.now))

    def _earlier(self, contact: str, sequence: str) -> list[Run]:
        """Every run of a contact in a sequence, those too that this transaction begins.

        What was looked up is true until the first start or stop: that may have ended some of these runs.
        """
        recalled = self.earlier.pop((contact, sequence), None)
        stored = self.tx.runs_of(contact, sequence) if recalled is None else recalled
        return [*stored, *(run for run in self.begun.values() if (run.contact_id, run.program) == (contact, sequence))]

    def _stop(self, effect: StopRuns, contact: Contact) -> str:
        """End the contact's runs that are meant; what came of it."""
        program = self.playbook.sequences.get(effect.sequence)
        runs, note = stopped_by(program, effect, self._earlier(contact.id, effect.sequence))
        self._order(runs, contact, effect.reason)
        return note

    def _order(self, runs: Iterable[Run], contact: Contact, reason: str) -> None:
        """End other runs of a contact: they cannot be in other hands, since runs of one contact take turns."""
        for run in runs:
            decision = stop(run, contact, reason, self.now)
            if not self._rewrite(decision.run):
                self.tx.settle([decision.run])
            self.decision(decision, contact)


def _saves(decision: Decision) -> bool:
    return any(isinstance(effect, SaveValues) for effect in decision.effects)


def _pair(one: Decided) -> Pair:
    return one.decision.run.id, one.decision.run.step or ""


def _record(one: Decided, message: Message, now: datetime, mailer: str, batch: str | None) -> EmailRecord:
    """A new email, with its first try counted: it is made now."""
    run = one.decision.run
    return EmailRecord(
        run_id=run.id,
        step=run.step or "",
        key=message.key,
        contact_id=run.contact_id,
        mailer=mailer,
        message=message,
        attempts=run.attempt + 1,
        first_tried_at=now,
        tried_at=now,
        batch=batch,
    )


def _difference(before: Values, after: Values) -> Values:
    if before is after:  # nearly always
        return {}
    changed = {name: value for name, value in after.items() if before.get(name) != value}
    return {**changed, **{name: None for name in before if name not in after}}

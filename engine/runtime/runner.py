"""The one loop: claim, decide, commit, perform, settle — until every run of the batch sleeps or ends.

Order is everything here. A decision is committed before its effect is performed, with the email's bytes and
key in the same transaction; the provider's answer is committed with what follows from it. A crash at any
point leaves a lease that ends with its worker, and a run that asks for the same email with the same bytes and key.

There are two queues. Runs that want a decision are moved at once; an email goes out on the way if the vendor's
pace has a permit for it and nobody waits in front. All others wait in the second queue, and are taken from it as
the pace allows: so a vendor that is slow or away delays emails, and nothing else.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from time import sleep

import structlog

from engine.errors import LedgerError, LedgerInDoubt
from engine.interpreter import hold
from engine.model import Playbook, Tick
from engine.ports import Clock, Mailer, Pace
from engine.runtime.batches import Batches
from engine.runtime.commit import AskedBefore, Commit, Decided
from engine.runtime.deciding import Decider, Permits, Stored, known, requests
from engine.runtime.doubts import cleared
from engine.runtime.emailed import with_emailed
from engine.runtime.ledger import BatchResult, Claimed, ClaimKind, Ledger, Transaction
from engine.runtime.letters import Letters
from engine.runtime.outage import Outage
from engine.runtime.post import Letter, Turn, next_parcel, send

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=60)
"""How long a batch may take before others may have its runs. It is renewed between calls to the mailer."""
RENEW = timedelta(seconds=30)
PAUSES = (0.1, 0.5, 1, 2, 4, 8, 16)
"""Seconds between tries to write down what became of emails that are out."""
SUSPECT, LARGEST = 3, 32
"""From so many claims on that were never settled, a run is moved in a group of so many: maybe it kills the process."""
DEADLY = 20
"""After so many it is not moved any more."""


class Runner:
    """Moves claimed runs. Safe to use from many threads. ``number`` is the worker's, for its leases."""

    def __init__(
        self,
        ledger: Ledger,
        playbook: Callable[[], Playbook],
        letters: Letters,
        mailer: Mailer,
        *,
        clock: Clock,
        commit: Commit,
        pace: Pace,
        number: Callable[[], int | None] = lambda: None,
    ) -> None:
        self._ledger = ledger
        self._playbook = playbook
        self._letters = letters
        self._mailer = mailer
        self._clock = clock
        self._commit = commit
        self._pace = pace
        self._number = number
        self._batches = Batches(ledger, mailer, pace, clock)
        self._stopping = threading.Event()
        self._outage = Outage(log, "ledger away with runs in hand")

    def stop(self) -> None:
        """Send no more than what is on its way; the rest is given back."""
        self._stopping.set()

    def any_due(self, kind: ClaimKind) -> bool:
        """Whether some run wants to be decided on, or to send, now."""
        now = self._clock.now()
        with self._ledger.read() as tx:
            due = tx.next_due(now, kind)
        return due is not None and due <= now

    def claim(self, limit: int, kind: ClaimKind = "move") -> list[Claimed]:
        """Due runs, ours until the lease runs out; at most one of each contact.

        Of those that want to send, as many as the pace has permits for, if they go together as far as the mailer
        takes many in one request; ``work`` uses the permits.
        """
        if not self.any_due(kind):
            return []
        if kind == "move":
            return self._claim(limit, kind)
        bulk = self._mailer.bulk
        permits = self._pace.take(requests(limit, bulk))
        claimed = self._claim(min(limit, permits * bulk), kind) if permits else []
        if unused := permits - requests(len(claimed), bulk):
            self._pace.give_back(unused)
        return claimed

    def _claim(self, limit: int, kind: ClaimKind) -> list[Claimed]:
        """Not waited for on this machine's own disk: a power cut that takes back the claim takes us back, too."""

        def work(tx: Transaction) -> list[Claimed]:
            return tx.claim(self._clock.now(), LEASE, limit, kind=kind, by=self._number())

        return self._ledger.transact(work, durable=self._ledger.apart)

    def work(self, claimed: Sequence[Claimed], kind: ClaimKind = "move") -> None:
        """Move claimed runs until each of them sleeps, ends or waits to send. A bad run does not hold up others."""
        playbook, bulk = self._playbook(), self._mailer.bulk
        granted = requests(len(claimed), bulk) if kind == "post" else 0
        in_front = kind == "move" and self.any_due("post")
        permits = Permits(self._pace, granted, more=not in_front, bulk=bulk)
        try:
            for batch in self._apart(playbook, claimed):
                self._work(playbook, batch, permits)
        finally:
            permits.give_back()

    def _apart(self, playbook: Playbook, claimed: Sequence[Claimed]) -> list[Sequence[Claimed]]:
        """All together, but those that were in hand when workers died: of these one group, or none at all.

        A group is the smaller the more often its runs were there. The others are not in hand while it is moved, so
        that nobody is blamed for what a neighbour does.
        """
        for one in claimed:
            if one.claims > DEADLY:
                self._give_up(playbook, one)
        suspects = sorted((one for one in claimed if SUSPECT <= one.claims <= DEADLY), key=lambda one: one.claims)
        size = LARGEST >> (suspects[0].claims - SUSPECT) if suspects else 0
        group, rest = suspects[: max(size, 1)], suspects[max(size, 1) :]
        if rest:
            with self._ledger.write(durable=False) as tx:
                tx.unclaim([(one.run.id, one.run.version) for one in rest])
        healthy = [one for one in claimed if one.claims < SUSPECT]
        return [together for together in (healthy, group) if together]

    def _give_up(self, playbook: Playbook, one: Claimed) -> None:
        reason = f"workers died {one.claims - 1} times while they had this run in hand; it is not moved any more"
        self._park(playbook, Turn(one.run, one.contact, Tick()), reason)
        with self._ledger.write() as tx:
            tx.remember_claims([one.run.id], DEADLY)

    def _work(self, playbook: Playbook, claimed: Sequence[Claimed], permits: Permits) -> None:
        renewed = self._clock.now()
        # Runs in hand that nobody moves wait for the end of the lease: a ledger that is away is waited for a little.
        letters = self._move(playbook, [Turn(one.run, one.contact, Tick()) for one in claimed], permits, PAUSES[:4])
        while letters := self._still_wanted(playbook, letters, permits):
            if self._stopping.is_set():
                self._put_back(letters)
                return
            if self._clock.now() - renewed > RENEW:
                letters, renewed = self._renew(letters), self._clock.now()
                if not letters:  # the leases of all of them have run out: others have them
                    return
            parcel, letters = next_parcel(letters, self._mailer.batch)
            letters += self._move(playbook, self._hand_over(parcel), permits, PAUSES)

    def _hand_over(self, parcel: Sequence[Letter]) -> list[Turn]:
        batch = parcel[0].batch
        return send(self._mailer, parcel, self._pace) if batch is None else self._batches.send(batch, parcel)

    def _renew(self, letters: list[Letter]) -> list[Letter]:
        with self._ledger.write() as tx:
            ours = tx.settle([letter.run for letter in letters], lease_until=self._clock.now() + LEASE)
        return [letter for letter in letters if ours.get(letter.run.id)]

    def _put_back(self, letters: Sequence[Letter]) -> None:
        """They were about to be sent and were not: they wait for the next worker, without any doubt."""
        leases = tuple((letter.run.id, letter.run.version) for letter in letters)
        pairs = tuple(letter.pair for letter in letters)
        with self._ledger.write() as tx:
            for batch in {letter.batch for letter in letters if letter.fresh and letter.batch}:
                tx.settle_batch(BatchResult(batch=batch, leaves=pairs, leases=leases), self._clock.now())
            tx.untried(pairs)
            tx.release(leases)

    def _still_wanted(self, playbook: Playbook, letters: list[Letter], permits: Permits) -> list[Letter]:
        """Those whom nobody paused, and whose contact has not unsubscribed, since their emails were written down.

        Asked right before each handing over: whoever said no by then gets nothing.
        """
        if not letters:
            return letters
        with self._ledger.read() as tx:
            contacts = tx.contacts(letter.contact.id for letter in letters)
            paused = tx.paused_among(letter.run.id for letter in letters)
        letters = [letter.evolve(contact=contacts[letter.contact.id]) for letter in letters]
        unwanted = paused | {letter.run.id for letter in letters if not letter.wanted}
        # A batch that was not sent yet is made anew without them; one that was, stays what it is.
        apart = {letter.batch for letter in letters if letter.fresh and letter.run.id in unwanted}
        if back := [letter for letter in letters if letter.run.id in paused or letter.batch in apart]:
            self._put_back(back)
            left = {letter.run.id for letter in back}
            letters = [letter for letter in letters if letter.run.id not in left]
        wanted = [letter for letter in letters if letter.wanted]
        turns = [Turn(letter.run, letter.contact, Tick()) for letter in letters if not letter.wanted]
        return wanted + (self._move(playbook, turns, permits) if turns else [])

    # Decide and commit

    def _move(
        self, playbook: Playbook, turns: Sequence[Turn], permits: Permits, pauses: Sequence[float] = ()
    ) -> list[Letter]:
        """Decide on every turn and commit it, one by one if it cannot be together; the emails to be sent now."""
        try:
            return self._patiently(playbook, turns, permits, pauses)
        except LedgerError:
            raise
        except Exception as error:
            if len(turns) > 1:
                return [letter for turn in turns for letter in self._move(playbook, [turn], permits, pauses)]
            log.exception("run parked", run=turns[0].run.id)
            self._park(playbook, turns[0], f"busos failed on this run: {type(error).__name__}")
            return []

    def _patiently(
        self, playbook: Playbook, turns: Sequence[Turn], permits: Permits, pauses: Sequence[float]
    ) -> list[Letter]:
        """Emails that are out would be sent again if what became of them were forgotten: wait for the ledger."""
        for pause in pauses:
            try:
                letters = self._together(playbook, turns, permits)
                self._outage.went_well()
                return letters
            except LedgerInDoubt:
                raise  # what may be written is not written again: whoever has the runs next sees what is there
            except LedgerError as error:
                self._outage.failed(error, runs=len(turns))
                sleep(pause)
        return self._together(playbook, turns, permits)

    def _park(self, playbook: Playbook, turn: Turn, reason: str) -> None:
        now = self._clock.now()
        decision = hold(turn.run, turn.contact, reason, now)
        parked = Decided(decision=decision, before=turn.contact, result=turn.result, known=turn.known)
        self._commit(playbook, [parked], now, LEASE)

    def _together(self, playbook: Playbook, turns: Sequence[Turn], permits: Permits) -> list[Letter]:
        now = self._clock.now()
        turns, stored = cleared(self._ledger, self._mailer, *known(self._ledger, turns), now)
        turns = with_emailed(self._ledger, playbook, turns, now)
        while True:
            try:
                return self._decided(playbook, turns, permits, stored, now)
            except AskedBefore as found:  # after an edit that changed the order of steps
                with self._ledger.read() as tx:
                    stored = {**stored, **tx.emails(found.pairs)}

    def _decided(
        self, playbook: Playbook, turns: Sequence[Turn], permits: Permits, stored: Stored, now: datetime
    ) -> list[Letter]:
        permits.next_commit()
        decider = Decider(playbook, self._letters.for_a_batch(), permits, stored, now)
        decided = [decider.decide(turn, likely=len(turns) - place) for place, turn in enumerate(turns)]
        ours = self._commit(playbook, decided, now, LEASE)
        return [
            Letter(run, one.decision.contact, one.message, ours[run.id] or one.batch, fresh=ours[run.id] is not None)
            for one in decided
            for run in [one.decision.run]
            if one.message is not None and run.id in ours
        ]

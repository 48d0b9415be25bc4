"""Webhooks to disk: requests that arrive within a couple of milliseconds share one transaction.

One thread per process writes; every request's future is answered after COMMIT. What is on disk then: the
event, the contact as the event leaves it, and the event's run, due at once. A known idempotency key ends
here with the first answer again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from time import monotonic

import structlog

from engine.errors import LedgerUnavailable
from engine.intake import receive
from engine.model import Contact, Playbook, Run
from engine.ports import Clock
from engine.runtime.arrivals import Arrival, KeyReused, Receipt, TriggerGone
from engine.runtime.bell import Bell
from engine.runtime.clock import Ids
from engine.runtime.ledger import Ledger, StoredEvent, Transaction, email_key
from engine.runtime.outage import Outage
from engine.runtime.outbox import mirror_item
from engine.runtime.suppressions import keys_of

log = structlog.get_logger(__name__)

GROUP_SECONDS = 0.002
"""How long the first request of a group waits for others; ``measurements.md`` has why."""
GROUP_MOST = 500

Waiting = tuple[Arrival, "Future[Receipt]"]
Answer = Receipt | KeyReused | TriggerGone


class Acceptor:
    """The only writer of events in this process."""

    def __init__(
        self,
        ledger: Ledger,
        playbook: Callable[[], Playbook],
        *,
        clock: Clock,
        ids: Ids,
        bell: Bell,
        mirrored: bool,
        secret_key: str = "",
    ) -> None:
        self._ledger = ledger
        self._playbook = playbook
        self._clock = clock
        self._ids = ids
        self._bell = bell
        self._mirrored = mirrored
        self._secret_key = secret_key
        self._queue: SimpleQueue[Waiting | None] = SimpleQueue()
        self._outage = Outage(log, "webhooks not accepted: the ledger is away")
        self._thread = threading.Thread(target=self._work, name="acceptor", daemon=True)

    def start(self) -> None:
        """Begin to accept."""
        self._thread.start()

    def stop(self) -> None:
        """Accept what was handed in, then end."""
        self._queue.put(None)
        self._thread.join()

    def submit(self, arrival: Arrival) -> Future[Receipt]:
        """Hand in an arrival; the future answers after the commit.

        It raises ``KeyReused``, ``TriggerGone`` or ``LedgerUnavailable``: then nothing was written (``LedgerInDoubt``:
        it may have been).
        """
        future: Future[Receipt] = Future()
        self._queue.put((arrival, future))
        return future

    def _work(self) -> None:
        while (first := self._queue.get()) is not None:
            group, ended = self._gather(first)
            # Who gave up waiting was told that nothing was accepted, and from here on nobody can give up.
            self._answer([one for one in group if one[1].set_running_or_notify_cancel()])
            if ended:
                return

    def _gather(self, first: Waiting) -> tuple[list[Waiting], bool]:
        group, until = [first], monotonic() + GROUP_SECONDS
        while len(group) < GROUP_MOST:
            try:
                found = self._queue.get(timeout=max(until - monotonic(), 0))
            except Empty:
                break
            if found is None:
                return group, True
            group.append(found)
        return group, False

    def _answer(self, group: Sequence[Waiting]) -> None:
        try:
            answers = self._commit([arrival for arrival, _ in group])
        except Exception as error:
            self._fail(group, error)
            return
        self._outage.went_well()
        self._bell.ring()
        for (_, future), answer in zip(group, answers, strict=True):
            if isinstance(answer, Receipt):
                future.set_result(answer)
            else:
                future.set_exception(answer)

    def _fail(self, group: Sequence[Waiting], error: Exception) -> None:
        if len(group) > 1 and not isinstance(error, LedgerUnavailable):
            for waiting in group:
                self._answer([waiting])
            return
        if isinstance(error, LedgerUnavailable):
            self._outage.failed(error, requests=len(group))
        else:
            log.error("webhook not accepted", requests=len(group), error=str(error), kind=type(error).__name__)
        for _, future in group:
            future.set_exception(error)

    def _commit(self, arrivals: Sequence[Arrival]) -> list[Answer]:
        """All of them, anew when another server has added the same address or key meanwhile: then it is known."""
        return self._ledger.transact(lambda tx: self._take(tx, arrivals))

    def _take(self, tx: Transaction, arrivals: Sequence[Arrival]) -> list[Answer]:
        group = _Group(self._playbook(), tx, self._clock, self._ids, arrivals)
        answers = [group.take(arrival) for arrival in arrivals]
        group.store(mirrored=self._mirrored, secret_key=self._secret_key)
        return answers


@dataclass(slots=True)
class _Group:
    """Arrivals that share a transaction: what they found, and what they leave."""

    playbook: Playbook
    tx: Transaction
    clock: Clock
    ids: Ids
    arrivals: Sequence[Arrival]
    events: dict[str, StoredEvent] = field(default_factory=dict)
    contacts: dict[str, Contact] = field(default_factory=dict)
    changed: dict[str, Contact] = field(default_factory=dict)
    runs: list[Run] = field(default_factory=list)
    seen: dict[tuple[str, str], StoredEvent] = field(default_factory=dict)
    settled: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.tx.lock_addresses(arrival.payload.email for arrival in self.arrivals)
        self.seen = self.tx.events_by_key([(a.trigger, a.key) for a in self.arrivals if a.key])
        self.contacts = self.tx.contacts_by_email([arrival.payload.email for arrival in self.arrivals])
        self.settled = {contact.id for contact in self.contacts.values()}

    def take(self, arrival: Arrival) -> Answer:
        """Judge one arrival against what the ledger and the group hold."""
        known = self.seen.get((arrival.trigger, arrival.key)) if arrival.key else None
        if known is None:
            return self._accept(arrival)
        if known.body_hash != arrival.body_hash:
            return KeyReused(arrival.key or "")
        return _receipt(known, replayed=True)

    def _accept(self, arrival: Arrival) -> Receipt | TriggerGone:
        trigger = self.playbook.triggers.get(arrival.trigger)
        if trigger is None:
            return TriggerGone(arrival.trigger)
        now, payload = self.clock.now(), arrival.payload
        who = email_key(payload.email)
        intake = receive(
            trigger,
            self.playbook.vocabulary,
            payload.values,
            self.contacts.get(who),
            email=payload.email,
            event_id=self.ids.new(now),
            contact_id=self.ids.new(now),
            now=now,
        )
        self.contacts[who] = intake.contact
        if intake.changed:
            self.changed[intake.contact.id] = intake.contact
        self.runs.append(intake.run)
        event = StoredEvent(
            id=intake.run.id,
            trigger=arrival.trigger,
            contact_id=intake.contact.id,
            email=payload.email,
            payload=dict(payload.values),
            accepted_at=now,
            revision=self.playbook.revision,
            key=arrival.key,
            body_hash=arrival.body_hash if arrival.key else None,
            segment=intake.told,
        )
        self.events[event.id] = event
        if arrival.key:
            self.seen[arrival.trigger, arrival.key] = event
        return _receipt(event, replayed=False)

    def store(self, *, mirrored: bool, secret_key: str) -> None:
        """Write all of it. What stood against an address that was nobody's stands against its contact from here on."""
        if not self.events:
            return
        now = self.clock.now()
        self.tx.put_contacts(list(self.changed.values()), now)
        new = [contact for contact in self.changed.values() if contact.id not in self.settled]
        self.tx.take_over_suppressions({one.id: keys_of(one.email, secret_key) for one in new}, now)
        self.tx.poke([contact for contact in self.changed if contact in self.settled], now)
        self.tx.add_events(list(self.events.values()))
        self.tx.add_runs(self.runs, self.playbook.revision)
        if mirrored:
            known = [contact.id for contact in self.changed.values() if contact.known]
            self.tx.push([mirror_item(self.ids.new(now), contact, {}, now) for contact in known])


def _receipt(event: StoredEvent, *, replayed: bool) -> Receipt:
    return Receipt(
        event_id=event.id,
        email=event.email,
        segment=event.segment,
        accepted_at=event.accepted_at,
        replayed=replayed,
    )

"""Errands, done apart from the runs: alerts, the mirror and calls, with their own rate, retries and coalescing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

import msgspec
import structlog

from engine.model import Accepted, RaiseAlert, Refused, Replied, Retry, Values
from engine.ports import Alerts, Clock, Mirrored
from engine.runtime.clock import Ids
from engine.runtime.ledger import Ledger, OutboxItem, OutboxKind, OutboxResult, Transaction

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=120)
FIRST_RETRY = timedelta(seconds=2)
LONGEST_RETRY = timedelta(minutes=15)
LONGEST_ASKED = 86_400.0
"""Seconds: a vendor, or whoever a file calls, may ask for no longer pause."""
GIVE_UP = timedelta(days=3)
"""After this an errand is shown as failed: nobody wants an alert of last week."""

Answer = Accepted | Mirrored | Replied | Retry | Refused


def mirror_item(item_id: str, contact_id: str, progress: Values, now: datetime) -> OutboxItem:
    """Show a contact in the mirror: its values as they are then, and these properties."""
    payload = {"progress": dict(progress)}
    return OutboxItem(id=item_id, kind="mirror", target=contact_id, payload=payload, due_at=now, created_at=now)


def alert_item(item_id: str, alert: RaiseAlert, now: datetime) -> OutboxItem:
    """Tell the team; alerts of one topic that still wait become one."""
    payload = msgspec.to_builtins(alert)
    return OutboxItem(id=item_id, kind="alert", target=alert.topic, payload=payload, due_at=now, created_at=now)


def telling(ledger: Ledger, clock: Clock, ids: Ids) -> Callable[[RaiseAlert], None]:
    """Puts an alert among those that wait to go out, by itself."""

    def tell(alert: RaiseAlert) -> None:
        now = clock.now()
        with ledger.write() as tx:
            tx.push([alert_item(ids.new(now), alert, now)])

    return tell


class Errand(Protocol):
    """What carries out items of one kind, many in one call or one after the other."""

    kind: OutboxKind
    batch: int

    def run(self, items: Sequence[OutboxItem]) -> Sequence[Answer]:
        """One answer per item, in order."""
        ...

    def settled(self, tx: Transaction, items: Sequence[OutboxItem], now: datetime) -> None:
        """These items are over: what else is to be written with that."""
        ...


class Unawaited:
    """What an errand is like that no run waits for."""

    def settled(self, tx: Transaction, items: Sequence[OutboxItem], now: datetime) -> None:
        """Nobody is to be told."""


class AlertErrand(Unawaited):
    """Alerts to whoever listens."""

    kind: OutboxKind = "alert"
    batch = 5

    def __init__(self, alerts: Alerts) -> None:
        self._alerts = alerts

    def run(self, items: Sequence[OutboxItem]) -> Sequence[Answer]:
        """Tell each."""
        return [self._alerts.tell(alert_of(item.payload)) for item in items]


def alert_of(payload: Mapping[str, Any]) -> RaiseAlert:
    """The alert that an item holds."""
    return msgspec.convert(payload, RaiseAlert)


class RecordedAlerts:
    """No Discord is configured: alerts are recorded and shown, not sent."""

    name = "recorded"

    def tell(self, alert: RaiseAlert) -> Accepted:
        """Kept is all it takes."""
        return Accepted(template="alert", subject=alert.title or alert.message)


class Dispatcher:
    """Claims due items of one kind, carries them out, and writes what came of them."""

    def __init__(
        self, ledger: Ledger, errand: Errand, clock: Clock, number: Callable[[], int | None] = lambda: None
    ) -> None:
        self._ledger = ledger
        self._errand = errand
        self._clock = clock
        self._number = number

    def claim(self) -> list[OutboxItem]:
        """Due items, ours until the lease runs out."""
        now, kind = self._clock.now(), self._errand.kind
        with self._ledger.read() as tx:
            due = tx.next_outbox_due(kind, now)
        if due is None or due > now:
            return []
        return self._ledger.transact(  # a power cut that takes back the claim takes us back, too, unless ``apart``
            lambda tx: tx.claim_outbox(kind, now, LEASE, self._errand.batch, by=self._number()),
            durable=self._ledger.apart,
        )

    def work(self, items: Sequence[OutboxItem]) -> None:
        """Carry out claimed items."""
        answers = self._answers(items)
        now = self._clock.now()
        results = [_result(item, answer, now) for item, answer in zip(items, answers, strict=True)]
        over = {result.id for result in results if result.outcome != "retry"}

        def write(tx: Transaction) -> None:
            ours = tx.settle_outbox(results, now)
            self._errand.settled(tx, [item for item in items if item.id in over & ours], now)

        self._ledger.transact(write)

    def _answers(self, items: Sequence[OutboxItem]) -> Sequence[Answer]:
        try:
            return self._errand.run(items)
        except Exception as error:
            log.exception("errand failed", kind=self._errand.kind, items=len(items))
            return [Retry(reason=f"busos failed: {type(error).__name__}") for _ in items]


def _result(item: OutboxItem, answer: Answer, now: datetime) -> OutboxResult:
    match answer:
        case Accepted() | Mirrored():
            return OutboxResult(id=item.id, version=item.version, outcome="done")
        case Replied(told=told, values=values):
            payload = {"told": told, "values": dict(values)}
            return OutboxResult(id=item.id, version=item.version, outcome="done", payload=payload)
        case Retry(reason=reason, after=after) if now - item.created_at < GIVE_UP:
            again = now + max(_backoff(item.attempts), timedelta(seconds=min(after or 0, LONGEST_ASKED)))
            return OutboxResult(id=item.id, version=item.version, outcome="retry", due_at=again, error=reason)
        case Retry(reason=reason) | Refused(reason=reason):
            log.error("errand given up", kind=item.kind, reason=reason)
            return OutboxResult(id=item.id, version=item.version, outcome="failed", error=reason)


def _backoff(attempts: int) -> timedelta:
    return min(FIRST_RETRY * float(1 << min(attempts - 1, 16)), LONGEST_RETRY)

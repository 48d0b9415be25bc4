"""Deletes what is old and over, a little at a time, beside the work.

What may go is said by the statements of the ledger (``ledger.forgetting``); here is only when and how much. A pass
goes through the ledger once, in batches that hold nobody up, and begins again an hour after its end. Of several
workers one makes it: the time of the next pass is a note in the ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from engine.ports import Clock
from engine.runtime.ledger import Ledger, Transaction
from engine.runtime.ledger.forgetting import Forgotten

BATCH = 200
"""Runs, webhooks or errands that one transaction deletes: some milliseconds of work."""
ERRANDS_KEPT = timedelta(days=30)
"""How long alerts and page updates that are done can still be seen."""
WORKERS_KEPT = timedelta(days=7)
"""How long a process without a sign of life is remembered."""
PAUSE = timedelta(hours=1)

_Look = Callable[[Transaction, datetime, str, int], list[str]]
_Forget = Callable[..., Forgotten]
_NOTE = "next deletion of what is old"


@dataclass(frozen=True, slots=True)
class Limits:
    """Before which moments things are old; ``runs`` is None while ended runs are kept for ever."""

    runs: datetime | None
    errands: datetime
    workers: datetime

    @classmethod
    def at(cls, now: datetime, keep_finished: timedelta | None) -> Limits:
        """The moments as they are now."""
        return cls(None if keep_finished is None else now - keep_finished, now - ERRANDS_KEPT, now - WORKERS_KEPT)


class Retention:
    """The housekeeper's hand: ``step`` as often as you like."""

    def __init__(self, ledger: Ledger, clock: Clock, keep_finished: timedelta | None) -> None:
        self._ledger = ledger
        self._clock = clock
        self._keep = keep_finished
        self._pass: Iterator[Forgotten] = iter(())
        self._next: datetime | None = None

    def step(self) -> Forgotten | None:
        """Delete one batch, if a pass is on or due; None when there is nothing to do now."""
        done = next(self._pass, None)
        if done is None and self._begins(self._clock.now()):
            self._pass = sweep(self._ledger, Limits.at(self._clock.now(), self._keep))
            done = next(self._pass, None)
        return done

    def _begins(self, now: datetime) -> bool:
        """Whether this process makes the next pass, and it is time; the others are told."""
        if self._next is not None and now < self._next <= now + PAUSE:
            return False
        with self._ledger.write(durable=False) as tx:
            noted = tx.note(_NOTE)
            planned = datetime.fromisoformat(noted) if noted else now
            mine = not now < planned <= now + PAUSE  # a plan from a clock that was ahead binds nobody
            self._next = now + PAUSE if mine else planned
            tx.put_note(_NOTE, self._next.isoformat())
        return mine


def sweep(ledger: Ledger, limits: Limits) -> Iterator[Forgotten]:
    """Delete all that is old, a transaction for each batch; what each came to."""
    yield ledger.transact(lambda tx: tx.forget_workers(limits.workers), durable=False)
    yield from _errands(ledger, limits.errands)
    while ledger.transact(lambda tx: tx.forget_orphans(limits.errands, BATCH), durable=False) == BATCH:
        yield Forgotten()
    if limits.runs is not None:
        yield from _batches(ledger, limits.runs, Transaction.ended_runs, Transaction.forget_runs)
        yield from _batches(ledger, limits.runs, Transaction.unused_events, Transaction.forget_events)


def forgettable(tx: Transaction, limits: Limits) -> Forgotten:
    """What a sweep would delete."""
    return tx.forgettable(limits.runs, limits.errands, limits.workers)


def _errands(ledger: Ledger, before: datetime) -> Iterator[Forgotten]:
    done = Forgotten(errands=BATCH)
    while done.errands == BATCH:
        done = ledger.transact(lambda tx: tx.forget_errands(before, BATCH), durable=False)
        yield done


def _batches(ledger: Ledger, before: datetime, look: _Look, forget: _Forget) -> Iterator[Forgotten]:
    """Looked for in a transaction that only reads: that may take a while, and nobody waits for it."""
    ids = _found(ledger, before, look, "")
    while ids:
        yield ledger.transact(partial(forget, ids=ids, before=before), durable=False)
        ids = _found(ledger, before, look, ids[-1])


def _found(ledger: Ledger, before: datetime, look: _Look, last: str) -> list[str]:
    with ledger.read() as tx:
        return look(tx, before, last, BATCH)

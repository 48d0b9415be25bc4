"""A worker shows that it lives, and takes what dead ones had in hand away from them.

A lease alone would end after a minute. So each worker has a number that its leases carry, and holds a lock under that
number which the system frees when it dies. Where such a lock may be lost by a living worker, because it hangs on a
connection, the beat in the ledger must have stood still too, for a while by the clock of whoever looks: clocks of
several machines are never compared.

Who is taken for dead and is not, a worker that was stopped for long, say, loses its leases and not more: what it
writes carries a version that is no longer true, and it is hired again under another number.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import structlog

from engine.errors import LedgerError
from engine.ports import Clock
from engine.runtime.ledger import Ledger, Worker
from engine.runtime.overdue import show_life
from engine.runtime.presence.process import is_over, name_of_this

log = structlog.get_logger(__name__)

LOOK_EVERY = 0.5
SHOW_EVERY = 10.0
"""Seconds between notes that somebody works on this ledger at all."""


class Locks(Protocol):
    """What shows that a worker lives. Raises LedgerError when nobody can know.

    ``patience`` is how long the beat must have stood still before a free lock counts, ``beat_every`` how often
    there is one; both are seconds.
    """

    patience: float
    beat_every: float

    def hold(self, number: int) -> None:
        """Hold the lock of this number, and no other."""
        ...

    def let_go(self) -> None:
        """Hold nothing any more."""
        ...

    def held(self, numbers: Iterable[int]) -> set[int]:
        """Those of these numbers whose lock a living process holds."""
        ...


class Presence:
    """The presence of one process. ``found`` is called when others' leases were dropped: there is work."""

    def __init__(
        self,
        ledger: Ledger,
        locks: Locks,
        clock: Clock,
        found: Callable[[], None],
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.number: int | None = None
        self.name = name_of_this()
        self._ledger = ledger
        self._locks = locks
        self._clock = clock
        self._found = found
        self._monotonic = monotonic
        self._ended = threading.Event()
        self._still: dict[int, tuple[object, float]] = {}
        self._next_beat = self._next_sign = 0.0
        self._thread = threading.Thread(target=self._work, name="presence", daemon=True)

    def start(self) -> None:
        """Be hired, take over from those who are gone, and go on looking for such. Raises LedgerError."""
        self.hire()
        self.look()
        self._thread.start()

    def stop(self) -> None:
        """Nothing is in hand any more: be dismissed. Where the ledger is away, the lock says it too."""
        self._ended.set()
        self._thread.join()
        try:
            if self.number is not None:
                self._dismiss([self.number])
        except LedgerError as error:
            log.warning("worker not dismissed: the ledger is away", reason=str(error))
        self._locks.let_go()

    def hire(self) -> None:
        """Get a number, and hold its lock before anybody else can see it."""
        now = self._clock.now()
        with self._ledger.write(durable=self._ledger.apart) as tx:  # a number that is forgotten is given again
            number = tx.hire(self.name, "worker", now)
            self._locks.hold(number)
            show_life(tx, now)
        self.number = number

    def look(self) -> None:
        """Drop the leases of workers that are gone."""
        gone = self._gone()
        if gone:
            runs = self._dismiss([worker.number for worker in gone])
            log.warning("workers gone", workers=[worker.id for worker in gone], runs=runs)
            self._found()

    def beat(self) -> None:
        """Show a sign of life; who was taken for dead is hired again."""
        now, at = self._clock.now(), self._monotonic()
        with self._ledger.write(durable=False) as tx:
            known = self.number is not None and tx.beat(self.number, now)
            if at >= self._next_sign:
                show_life(tx, now)
        if not known:
            log.warning("hired again: this worker was taken for dead", number=self.number)
            self.hire()
        self._next_beat = at + self._locks.beat_every
        self._next_sign = at + SHOW_EVERY if at >= self._next_sign else self._next_sign

    def _work(self) -> None:
        while not self._ended.wait(LOOK_EVERY):
            self.turn()

    def turn(self) -> None:
        """Beat if it is time, and look. Who could not look saw nobody stand still."""
        try:
            if self._monotonic() >= self._next_beat:
                self.beat()
            self.look()
        except LedgerError:
            self._still.clear()
        except Exception:
            self._still.clear()
            log.exception("presence failed")

    def _dismiss(self, numbers: Sequence[int]) -> int:
        """Take back what these had in hand; how many runs."""
        now = self._clock.now()
        with self._ledger.write(durable=False) as tx:
            dropped = tx.drop_leases(numbers, now)
            tx.drop_errands(numbers, now)
            tx.dismiss(numbers)
        return len(dropped)

    def _gone(self) -> list[Worker]:
        with self._ledger.read() as tx:
            others = [worker for worker in tx.workers() if worker.number != self.number]
        self._still = {one.number: self._still[one.number] for one in others if one.number in self._still}
        if not others:
            return []
        held = self._locks.held([worker.number for worker in others])
        return [worker for worker in others if is_over(worker.id) or self._silent(worker, worker.number in held)]

    def _silent(self, worker: Worker, held: bool) -> bool:
        """Whether nothing shows that it lives, and nothing has for long enough."""
        if held:
            self._still.pop(worker.number, None)
            return False
        now = self._monotonic()
        sign, since = self._still.get(worker.number, (None, now))
        if sign != worker.seen_at:
            sign, since = worker.seen_at, now
        self._still[worker.number] = (sign, since)
        return now - since >= self._locks.patience

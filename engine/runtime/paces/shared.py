"""A pace over a store. It asks the store once for a batch, not for an email, and never raises.

Between two changes it remembers the state as it was last seen. That is enough to know that there is nothing new to
say: an answer whose headers tell what is known already, or a success while nothing failed, costs no write.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Generic, TypeVar

import structlog

from engine import pacing
from engine.errors import LedgerError
from engine.model import RaiseAlert
from engine.pacing import PaceState
from engine.ports import Clock
from engine.runtime.outage import Outage
from engine.runtime.paces.stores import MemoryStore, Store

log = structlog.get_logger(__name__)

FRESH = 0.25
"""Seconds for which ``shut`` believes what was seen last, instead of asking the store."""

MOMENT = 0.01
"""Seconds before the next look when others were faster."""

T = TypeVar("T")
Move = Callable[[PaceState, float], tuple[PaceState, T]]


class SharedPace:
    """The pace of the vendor ``name``; ``label`` is what people call it.

    ``begin`` is the state of a vendor that was never asked. ``key`` is what the state is kept under; make it
    another one for another account. ``tell`` is given one alert for each outage that lasts, in one of all processes.
    """

    def __init__(
        self,
        name: str,
        store: Store,
        clock: Clock,
        *,
        begin: PaceState | None = None,
        label: str | None = None,
        key: str | None = None,
        tell: Callable[[RaiseAlert], None] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.name = name
        self._label = label or name
        self._key = key or name
        self._store = store
        self._alone = MemoryStore()
        self._clock = clock
        self._begin = begin or PaceState()
        self._tell = tell
        self._sleep = sleep
        self._seen, self._seen_at = self._begin, 0.0
        self._took = threading.local()
        self._outage = Outage(log, "pace not shared: the ledger is away")

    # Asking

    def take(self, want: int) -> int:
        """Permits for that many requests, as many as there are now."""
        self._look()
        seen = self._seen
        if pacing.wait(seen, self._now()) > 0:
            return 0
        if seen.limit is None and not seen.guarded:
            return max(0, want)
        granted, self._took.window = self._change(lambda state, now: _taken(state, want, now))
        return granted

    def give_back(self, unused: int) -> None:
        """So many of the permits that this thread took last were not used."""
        window = getattr(self._took, "window", 0)
        if unused > 0 and (self._seen.limit is not None or self._seen.guarded):
            self._apply(lambda state, now: pacing.given_back(state, unused, window, now))

    def turn(self, patience: float) -> float:
        """Take one permit as soon as there is one: 0, or how far away it is, when that is beyond the patience.

        A used-up rate and a short closing are waited out; while a vendor fails, nobody stands in line.
        """
        waited = 0.0
        while not self.take(1):
            pause = max(self.wait(), MOMENT)
            if self._seen.failures >= pacing.FAILURES or waited + pause > patience:
                return pause
            self._sleep(pause)
            waited += pause
        return 0.0

    def wait(self) -> float:
        """Seconds until ``take`` may give something."""
        return pacing.wait(self._seen, self._now())

    def shut(self) -> tuple[datetime, str] | None:
        """Until when nobody asks this vendor, and why."""
        self._look()
        found = pacing.shut(self._seen, self._now())
        return (datetime.fromtimestamp(found[0], UTC), found[1]) if found else None

    # Learning

    def learn(self, *, limit: int | None = None, left: int | None = None, reset: float | None = None) -> None:
        """What the vendor said of its limit; nothing is written when all of it is known."""
        seen, limit = self._seen, min(limit, pacing.MOST) if limit else None
        fewer = left is not None and left < seen.left and seen.window_ends > self._now()
        if fewer or (limit is not None and limit != seen.limit):
            self._apply(lambda state, now: pacing.learned(state, limit, left, reset, now))

    def close(self, seconds: float, reason: str) -> None:
        """The vendor said that nobody is to ask for so long."""
        self._apply(lambda state, now: pacing.closed(state, seconds, reason, now))

    def failed(self, reason: str) -> None:
        """The vendor, or the way to it, failed; while it is closed, that is no news."""
        if self._seen.closed_until <= self._now():
            self._apply(lambda state, now: pacing.failed(state, reason, now))

    def ask_anew(self) -> None:
        """A worker was started, maybe because what was wrong is mended: one request may find out at once."""
        self._apply(pacing.asked_anew)

    def worked(self) -> None:
        """The vendor answered as it should; that is news only after a fault."""
        seen = self._seen
        if seen.failures or seen.guarded or seen.since is not None:
            self._apply(pacing.worked)

    # How it is done

    def _now(self) -> float:
        return self._clock.now().timestamp()

    def _apply(self, move: Callable[[PaceState, float], PaceState]) -> None:
        self._change(lambda state, now: (move(state, now), None))

    def _change(self, move: Move[T]) -> T:
        """Make a change where it is shared; where nothing can be shared now, make it for this process alone."""
        turn = _Turn(move, self._begin, self._now())
        try:
            answer = self._store.change(self._key, turn)
        except LedgerError as error:
            self._outage.failed(error, vendor=self.name)
            turn.begin = self._seen
            answer = self._alone.change(self._key, turn)
        else:
            self._outage.went_well(vendor=self.name)
        self._see(turn.after)
        if turn.after.told and not turn.before.told:
            self._raise_alert(turn.after.reason)
        return answer

    def _look(self) -> None:
        """See what others have changed, unless that was done just now."""
        if time.monotonic() - self._seen_at < FRESH:
            return
        try:
            self._see(self._store.read(self._key) or self._begin)
        except LedgerError as error:
            self._outage.failed(error, vendor=self.name)

    def _see(self, state: PaceState) -> None:
        self._seen, self._seen_at = state, time.monotonic()

    def _raise_alert(self, reason: str) -> None:
        log.error("vendor away", vendor=self.name, reason=reason)
        if self._tell is None:
            return
        message = f"{self._label} takes nothing for now: {reason}"
        try:
            self._tell(RaiseAlert(message=message, topic=f"vendor {self.name}", colour="orange"))
        except LedgerError as error:
            log.warning("alert not recorded: the ledger is away", vendor=self.name, reason=str(error))


def _taken(state: PaceState, want: int, now: float) -> tuple[PaceState, tuple[int, int]]:
    """The permits, and the number of the window that they are of."""
    state, granted = pacing.take(state, want, now)
    return state, (granted, state.window)


class _Turn(Generic[T]):
    """One change, with what it found and what it left; the store may call it more than once."""

    def __init__(self, move: Move[T], begin: PaceState, now: float) -> None:
        self._move = move
        self._now = now
        self.begin = self.before = self.after = begin

    def __call__(self, found: PaceState | None) -> tuple[PaceState, T]:
        self.before = self.begin if found is None else found
        self.after, answer = self._move(self.before, self._now)
        return self.after, answer

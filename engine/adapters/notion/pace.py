"""Keeps every thread that talks to Notion under its rate: 3 requests a second on average, small bursts."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

Seconds = Callable[[], float]
Sleep = Callable[[float], None]


class Pace:
    """A token bucket that all callers of one Notion token share.

    It is kept as the moment when the bucket will be full again (the generic cell rate algorithm), so that
    it needs no thread of its own. ``burst`` requests may go out at once after a silence; in any stretch of
    t seconds there are at most ``burst + per_second * t``.
    """

    def __init__(
        self,
        per_second: float = 3.0,
        burst: int = 3,
        *,
        monotonic: Seconds = time.monotonic,
        sleep: Sleep = time.sleep,
    ) -> None:
        self._interval = 1 / per_second
        self._slack = (burst - 1) * self._interval
        self._monotonic = monotonic
        self._sleep = sleep
        self._lock = threading.Lock()
        self._next = monotonic()
        self._shut_until = self._next

    def wait(self, patience: float) -> float:
        """Sleep until the next request may go out and answer 0.

        When that is more than ``patience`` seconds away: do not sleep, and answer how far away it is.
        """
        while True:
            delay = self._reserve(patience)
            if delay > patience:
                return delay
            if delay > 0:
                self._sleep(delay)
            if self._open():
                return 0.0

    def hold(self, seconds: float) -> None:
        """Nobody asks for so many seconds: Notion has said so."""
        with self._lock:
            self._shut_until = max(self._shut_until, self._monotonic() + seconds)
            self._next = max(self._next, self._shut_until + self._slack)

    def _reserve(self, patience: float) -> float:
        """Seconds to wait for a place; the place is taken only when they are within the patience."""
        with self._lock:
            now = self._monotonic()
            start = max(self._next - self._slack, now, self._shut_until)
            if start - now <= patience:
                self._next = max(self._next, start) + self._interval
            return start - now

    def _open(self) -> bool:
        """Whether nothing was held while this caller slept."""
        with self._lock:
            return self._monotonic() >= self._shut_until

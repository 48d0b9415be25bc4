"""A bell that workers of this process wait at. A missed ring costs a moment, never work."""

from __future__ import annotations

import threading
from collections.abc import Callable

POLL = 0.25
"""Seconds between looks when no bell rings: a bound on how late a due step starts."""


class Bell:
    """Rung when something became due; every waiter hears it once."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._rings = 0
        self._pass_on: Callable[[], None] = _nobody

    @property
    def rings(self) -> int:
        """How often it has rung: read it before looking for work, and give it to ``wait``."""
        return self._rings

    def lead_on(self, pass_on: Callable[[], None]) -> None:
        """Have other processes told of each ring; ``pass_on`` must be quick and never raise."""
        self._pass_on = pass_on

    def ring(self) -> None:
        """Wake everybody who waits, here and in other processes."""
        self.ring_here()
        self._pass_on()

    def ring_here(self) -> None:
        """Wake everybody who waits in this process."""
        with self._changed:
            self._rings += 1
            self._changed.notify_all()

    def wait(self, heard: int, timeout: float) -> None:
        """Return when it has rung since ``heard``, or after ``timeout`` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._rings != heard, timeout)


def _nobody() -> None:
    """There are no others, or they look by themselves."""

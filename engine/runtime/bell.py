"""A bell that workers of this process wait at. A missed ring costs a moment, never work."""

from __future__ import annotations

import threading


class Bell:
    """Rung when something became due; every waiter hears it once."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._rings = 0

    @property
    def rings(self) -> int:
        """How often it has rung: read it before looking for work, and give it to ``wait``."""
        return self._rings

    def ring(self) -> None:
        """Wake everybody who waits."""
        with self._changed:
            self._rings += 1
            self._changed.notify_all()

    def wait(self, heard: int, timeout: float) -> None:
        """Return when it has rung since ``heard``, or after ``timeout`` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._rings != heard, timeout)

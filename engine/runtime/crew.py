"""What a process does that works: threads that take what is due, its presence among workers, and how both end."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from engine.runtime.presence import Presence
from engine.runtime.workers import Pool

log = structlog.get_logger(__name__)

GRACE = 7.0
"""Seconds for what is in hand at the end. What takes longer is left to others, like the work of a killed process."""


@dataclass(frozen=True, slots=True)
class Crew:
    """``hurry`` tells the runner to begin no further call; ``begin`` is called when the work begins."""

    pools: Sequence[Pool[object]]
    presence: Presence
    hurry: Callable[[], None]
    begin: Callable[[], None]

    def start(self) -> None:
        """Be one of the workers, and work. Raises LedgerError."""
        self.presence.start()
        self.begin()
        for pool in self.pools:
            pool.start()

    def heal(self) -> None:
        """Replace threads that died."""
        for pool in self.pools:
            pool.heal()

    def stop(self) -> bool:
        """Finish what is in hand, take no more; False when something did not end in time, and is still in hand."""
        until = time.monotonic() + GRACE
        self.hurry()
        for pool in self.pools:
            pool.take_no_more()
        late = [pool.name for pool in self.pools if not pool.stop(until - time.monotonic())]
        if late:
            log.warning("ended with work in hand; others take it up", pools=late)
            return False
        self.presence.stop()
        return True

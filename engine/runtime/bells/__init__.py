"""Bells between processes: what one of them writes, the others look for at once.

A ring carries nothing but itself. One that is lost, late or doubled costs a look, because everybody looks every
``engine.runtime.bell.POLL`` seconds anyway; what anybody else may send along is neither read nor trusted.
"""

from __future__ import annotations

from typing import Protocol

GAP = 0.02
"""Seconds between two rings of one process: what happens in between is heard with the next."""


class Line(Protocol):
    """A way to the bells of other processes. ``start`` and ``stop`` it once."""

    def start(self) -> None:
        """Begin to listen, and to pass rings on."""
        ...

    def ring(self) -> None:
        """Pass a ring on, soon. Never waits, never raises."""
        ...

    def stop(self) -> None:
        """Let go of the connection."""
        ...

    def state(self) -> str:
        """A few words on how workers are woken now."""
        ...


class NoLine:
    """No bell leads out of this process: in a file, everybody looks for themselves."""

    def start(self) -> None:
        """There is nothing to begin."""

    def ring(self) -> None:
        """Nobody hears it."""

    def stop(self) -> None:
        """There is nothing to let go of."""

    def state(self) -> str:
        """How workers find work."""
        return "the ledger"

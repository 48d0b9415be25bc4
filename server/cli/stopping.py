"""Ends a long-running command when SIGINT or SIGTERM asks for it: what is in hand is finished first."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Asked(BaseException):
    """A signal came while nothing was there yet that could end by itself."""


class Stop:
    """Whether somebody has asked for the end.

    Until ``on_ask`` says what to do then, a signal raises ``Asked``. Uvicorn puts its own handlers in place while it
    runs, and sends the signal again when it has ended: by then this one only remembers it.

    The news go through a ``SimpleQueue``, which may be put into at any moment. An ``Event`` has a lock, and a signal
    that comes while the main thread holds it, on its way out of ``wait``, would wait for itself.
    """

    def __init__(self) -> None:
        self.asked = False
        self._news: SimpleQueue[None] = SimpleQueue()
        self._act: Callable[[], None] | None = None

    def on_ask(self, act: Callable[[], None]) -> None:
        """Call this when a signal comes, instead of raising."""
        self._act = act

    def wait(self, seconds: float) -> bool:
        """Whether somebody has asked; so many seconds are waited for it."""
        if not self.asked:
            with suppress(Empty):
                self._news.get(timeout=max(0.0, seconds))
        return self.asked

    def handle(self, _signal: int, _frame: FrameType | None) -> None:
        """A signal has come."""
        self.asked = True
        self._news.put(None)
        if self._act is None:
            raise Asked
        self._act()


@contextmanager
def stoppable() -> Iterator[Stop]:
    """A block that ends quietly when a signal asks for it."""
    stop = Stop()
    before = {number: signal.signal(number, stop.handle) for number in SIGNALS}
    try:
        yield stop
    except Asked:
        pass
    finally:
        stop.on_ask(lambda: None)  # Ctrl-C reaches a child twice: from the terminal, and then from its parent
        for number, handler in before.items():
            signal.signal(number, handler)

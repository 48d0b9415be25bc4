"""How a long-running command is asked to end, and what becomes of a second signal."""

from __future__ import annotations

import signal
from typing import Any

import pytest

from server.cli import stopping


def test_a_signal_ends_the_block_quietly_and_the_handlers_are_back() -> None:
    before = [signal.getsignal(number) for number in stopping.SIGNALS]
    reached = False
    with stopping.stoppable() as stop:
        signal.raise_signal(signal.SIGTERM)
        reached = True
    assert stop.asked
    assert not reached
    assert [signal.getsignal(number) for number in stopping.SIGNALS] == before


def test_a_second_signal_while_the_handlers_are_put_back_raises_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    put = signal.signal
    sent: list[Any] = []

    def meanwhile(number: int, handler: Any) -> Any:
        """What signal.signal does, and at the first handler that is put back another signal comes."""
        if handler not in (stop.handle, *sent) and not sent:
            sent.append(handler)
            signal.raise_signal(signal.SIGTERM)
        return put(number, handler)

    with stopping.stoppable() as stop:
        monkeypatch.setattr(signal, "signal", meanwhile)
        signal.raise_signal(signal.SIGINT)
    assert sent


def test_a_signal_may_come_at_any_moment_of_the_wait() -> None:
    """Each of thousands of signals meets the main thread somewhere on its way into a wait, or out of it."""
    stop = stopping.Stop()
    stop.on_ask(lambda: None)
    before = signal.signal(signal.SIGALRM, stop.handle)
    signal.setitimer(signal.ITIMER_REAL, 0.0001, 0.0001)
    try:
        for _ in range(20_000):
            stop.wait(0.00005)
            stop.asked = False
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)

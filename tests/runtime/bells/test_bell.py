"""The bell of one process."""

from __future__ import annotations

import threading
import time

from engine.runtime.bell import Bell
from engine.runtime.bells import NoLine


def test_a_ring_is_heard_here_and_passed_on() -> None:
    bell, passed = Bell(), list[int]()
    bell.lead_on(lambda: passed.append(bell.rings))
    bell.ring()
    bell.ring_here()
    assert (bell.rings, passed) == (2, [1])


def test_who_waits_is_woken_and_who_missed_it_does_not_wait() -> None:
    bell = Bell()
    heard = bell.rings
    waiter = threading.Thread(target=bell.wait, args=(heard, 30))
    waiter.start()
    bell.ring()
    waiter.join(5)
    assert not waiter.is_alive()
    begun = time.monotonic()
    bell.wait(heard, 30)
    assert time.monotonic() - begun < 5
    bell.wait(bell.rings, 0.01)


def test_a_file_needs_no_line() -> None:
    line = NoLine()
    line.start()
    line.ring()
    line.stop()
    assert line.state() == "the ledger"

"""Puts rows into the ledger, by the very way that webhooks take."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

from engine.runtime.arrivals import Arrival, Receipt
from engine.runtime.system import System
from server.cli.importing.reading import Import

ON_THE_WAY = 2000
"""Rows that are handed in and not yet on disk: enough for whole groups, and few enough to hold."""
PATIENCE = 60


@dataclass(slots=True)
class Taken:
    """How many rows came in, how many were there already, and how many could not be taken."""

    new: int = 0
    there: int = 0
    bad: int = 0


def take(found: Import, system: System, taken: Taken, reached: Callable[[int], None]) -> None:
    """Import every row that can be; ``taken`` counts what is on disk. Raises whatever keeps the ledger from it."""
    waiting: deque[tuple[Future[Receipt], int]] = deque()
    for row, one in found.rows():
        if not isinstance(one, Arrival):
            taken.bad += 1
            continue
        waiting.append((system.submit(one), row.read))
        while len(waiting) >= ON_THE_WAY:
            _settle(waiting, taken, reached)
    while waiting:
        _settle(waiting, taken, reached)


def _settle(waiting: deque[tuple[Future[Receipt], int]], taken: Taken, reached: Callable[[int], None]) -> None:
    future, read = waiting.popleft()
    receipt = future.result(PATIENCE)
    if receipt.replayed:
        taken.there += 1
    else:
        taken.new += 1
    if (taken.new + taken.there) % 500 == 0:
        reached(read)

"""Where the state of a pace is kept, and changed by one worker at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol, TypeVar

import msgspec

from engine.pacing import PaceState, sound
from engine.ports import Clock
from engine.runtime.ledger import Ledger

T = TypeVar("T")
Change = Callable[[PaceState | None], tuple[PaceState, T]]
"""From the state as it is kept (None: there is none) to the state as it shall be, and an answer.

It may be called several times, with others' changes in between: only the last call counts.
"""

LONGEST = 10_000
"""Bytes of a state; what is longer is none of ours."""


class Store(Protocol):
    """Keeps states by name. Raises LedgerError when there is nothing left to keep them in."""

    def change(self, name: str, change: Change[T]) -> T:
        """Change a state while nobody else does."""
        ...

    def read(self, name: str) -> PaceState | None:
        """A state as it is now."""
        ...


class Kept(msgspec.Struct, frozen=True):
    """A state, and the UTC second at which it was written: of two copies the later one counts."""

    at: float
    state: PaceState


_decoder = msgspec.json.Decoder(Kept)


def encoded(kept: Kept) -> bytes:
    """As it lies in a store: JSON, which runs no code whoever wrote it."""
    return msgspec.json.encode(kept)


def decoded(raw: bytes | str | None) -> Kept | None:
    """What lies in a store; None for nothing, and for anything that cannot be ours."""
    if not raw or len(raw) > LONGEST:
        return None
    try:
        kept = _decoder.decode(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return kept if sound(kept.state) else None


class MemoryStore:
    """For one process."""

    def __init__(self) -> None:
        self._states: dict[str, PaceState] = {}
        self._lock = threading.Lock()

    def change(self, name: str, change: Change[T]) -> T:
        """Change a state under a lock."""
        with self._lock:
            self._states[name], answer = change(self._states.get(name))
        return answer

    def read(self, name: str) -> PaceState | None:
        """A state as it is now."""
        return self._states.get(name)


class LedgerStore:
    """In the ledger: for every process that shares it."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    def change(self, name: str, change: Change[T]) -> T:
        """Read, change and write in one transaction, which only a power cut can undo."""
        with self._ledger.write(durable=False) as tx:
            kept = decoded(tx.lock_pace(name)[0])
            before = kept.state if kept else None
            after, answer = change(before)
            if after != before:
                now = self._clock.now()
                tx.put_pace(name, encoded(Kept(now.timestamp(), after)).decode(), now)
        return answer

    def read(self, name: str) -> PaceState | None:
        """A state as it is now."""
        kept = self.copy(name)
        return kept.state if kept else None

    def copy(self, name: str) -> Kept | None:
        """A state and when it was written."""
        with self._ledger.read() as tx:
            found = tx.pace(name)
        return decoded(found[0]) if found else None

    def keep(self, name: str, kept: Kept) -> None:
        """Lay down what is known elsewhere, unless something later lies there."""
        with self._ledger.write(durable=False) as tx:
            before = decoded(tx.lock_pace(name)[0])
            if before is None or before.at <= kept.at:
                tx.put_pace(name, encoded(kept).decode(), self._clock.now())

"""Which pace goes with which account of which vendor, and where its state is kept."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b

from engine.model import RaiseAlert
from engine.pacing import PaceState
from engine.ports import Clock
from engine.runtime.clock import SystemClock
from engine.runtime.paces.shared import SharedPace
from engine.runtime.paces.stores import MemoryStore, Store


class Paces:
    """Makes the paces of one process. ``tell`` is given the alerts of outages."""

    def __init__(self, store: Store, clock: Clock, tell: Callable[[RaiseAlert], None]) -> None:
        self._store = store
        self._clock = clock
        self._tell = tell
        self._made: list[SharedPace] = []

    def ask_anew(self) -> None:
        """A worker begins: what was closed for long may be asked once, at once."""
        for pace in self._made:
            pace.ask_anew()

    def of(
        self, name: str, label: str, account: str, begin: PaceState | None = None, *, quiet: bool = False
    ) -> SharedPace:
        """The pace of an account, named by its secret, unreadably: what is wrong with one key says nothing of the next.

        ``quiet`` is for whoever brings the alerts: of its own outage it cannot tell.
        """
        key = f"{name} {blake2b(account.encode(), digest_size=6).hexdigest()}"
        tell = None if quiet else self._tell
        made = SharedPace(name, self._store, self._clock, begin=begin, label=label, key=key, tell=tell)
        self._made.append(made)
        return made


def alone(name: str, begin: PaceState | None = None) -> SharedPace:
    """The pace of a command that runs by itself and ends soon."""
    return SharedPace(name, MemoryStore(), SystemClock(), begin=begin)

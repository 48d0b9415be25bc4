"""The real clock, and ids that sort in the order in which they were made."""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime
from typing import Final

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_RANDOM_BITS: Final = 80
_PAIRS: Final = tuple(first + second for first in _ALPHABET for second in _ALPHABET)
_SHIFTS: Final = tuple(range(120, -1, -10))


class SystemClock:
    """UTC from the operating system."""

    def now(self) -> datetime:
        """The present instant."""
        return datetime.now(UTC)


class Ids:
    """Makes ids of 26 letters and digits: 48 bits of milliseconds, then 80 random ones.

    The layout is ULID's. Ids of one process never go backwards, so that two events of the same
    millisecond keep the order in which they were accepted.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def new(self, now: datetime) -> str:
        """An id that is greater than all before it."""
        fresh = (int(now.timestamp() * 1000) << _RANDOM_BITS) | int.from_bytes(os.urandom(_RANDOM_BITS // 8))
        with self._lock:
            self._last = fresh if fresh > self._last else self._last + 1
            return _spelled(self._last)


def least_id(moment: datetime) -> str:
    """No id that was made at this moment, or after it, comes before this one."""
    return _spelled(max(int(moment.timestamp() * 1000), 0) << _RANDOM_BITS)


def _spelled(number: int) -> str:
    """26 letters and digits, two at a time: an id is made for every event and run, and this was most of its cost."""
    return "".join([_PAIRS[(number >> shift) & 1023] for shift in _SHIFTS])

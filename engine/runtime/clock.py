"""The real clock, and ids that sort in the order in which they were made."""

from __future__ import annotations

import secrets
import threading
from datetime import UTC, datetime
from typing import Final

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_RANDOM_BITS: Final = 50
_PAIRS: Final = tuple(first + second for first in _ALPHABET for second in _ALPHABET)
_SHIFTS: Final = tuple(range(90, -1, -10))


class SystemClock:
    """UTC from the operating system."""

    def now(self) -> datetime:
        """The present instant."""
        return datetime.now(UTC)


class Ids:
    """Makes ids of 20 letters and digits: ten for the millisecond, ten by chance.

    The layout is ULID's with 50 random bits instead of 80: an id stands in a contact's rows some thirty times. Ids of
    one process never go backwards, so that two events of the same millisecond keep the order in which they were
    accepted.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def new(self, now: datetime) -> str:
        """An id that is greater than all before it."""
        fresh = (int(now.timestamp() * 1000) << _RANDOM_BITS) | secrets.randbits(_RANDOM_BITS)
        with self._lock:
            self._last = fresh if fresh > self._last else self._last + 1
            return _spelled(self._last)


def least_id(moment: datetime) -> str:
    """No id that was made at this moment, or after it, comes before this one."""
    return _spelled(max(int(moment.timestamp() * 1000), 0) << _RANDOM_BITS)


def _spelled(number: int) -> str:
    """20 letters and digits, two at a time: an id is made for every event and run, and this was most of its cost."""
    return "".join([_PAIRS[(number >> shift) & 1023] for shift in _SHIFTS])

"""Lengths of time in words, for sentences that people read."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

_UNITS = (("week", 604_800), ("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
_WEEKS_FROM = 4 * 604_800


def in_words(length: timedelta) -> str:
    """``3 days 2 hours``: the two largest units, the smaller one left out where it is nothing."""
    left = max(int(length.total_seconds()), 0)
    units = _UNITS if left >= _WEEKS_FROM else _UNITS[1:]
    for (unit, seconds), (smaller, its_seconds) in pairwise(units):
        if left >= seconds:
            count, rest = divmod(left, seconds)
            more = rest // its_seconds
            return f"{counted(count, unit)} {counted(more, smaller)}" if more else counted(count, unit)
    return counted(left, "second")


def counted(number: int, word: str) -> str:
    """``1 day``, ``2 days``."""
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"

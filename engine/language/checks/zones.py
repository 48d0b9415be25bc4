"""The time zone exists."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import available_timezones

from engine.errors import Problem
from engine.language.book import Checkable
from engine.language.spelling import did_you_mean
from engine.language.vocabulary import find_zone


def check(book: Checkable) -> Iterator[Problem]:
    """One problem for a name that is no time zone."""
    for place in book.texts("zone"):
        if not find_zone(place.value):
            near = did_you_mean(place.value, available_timezones()) if "/" in place.value else ""
            hint = near or "write a place, such as America/Toronto"
            yield book.problem(place, "zone", f'"{place.value}" is not a time zone', hint=hint)

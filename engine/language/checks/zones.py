"""The time zone exists."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import available_timezones

from engine.errors import Problem, Severity
from engine.language.book import Checkable
from engine.language.spelling import did_you_mean
from engine.language.vocabulary import find_zone

_WITHOUT_SUMMER = {"EST": "America/Toronto", "MST": "America/Denver"}


def check(book: Checkable) -> Iterator[Problem]:
    """A problem for a name that is no time zone, and for one that stands still in summer."""
    for place in book.texts("zone"):
        if not find_zone(place.value):
            near = did_you_mean(place.value, available_timezones()) if "/" in place.value else ""
            hint = near or "write a place, such as America/Toronto"
            yield book.problem(place, "zone", f'"{place.value}" is not a time zone', hint=hint)
        elif place.value in _WITHOUT_SUMMER:
            message = f'"{place.value}" has no summer time: for half of the year every clock time would be an hour off'
            hint = f"write a place, such as {_WITHOUT_SUMMER[place.value]}"
            yield book.problem(place, "zone", message, hint=hint, severity=Severity.WARNING)

"""``quiet_hours:`` says two times of the day, and ``at_most:`` how many emails in which time."""

from __future__ import annotations

from collections.abc import Iterator

from engine.errors import Problem
from engine.language.book import Checkable
from engine.language.durations import parse_between, parse_limit
from engine.language.flaws import Flaw


def check(book: Checkable) -> Iterator[Problem]:
    """What cannot be read. Quiet hours may be most of a day."""
    for role, parse in (("quiet-hours", parse_between), ("email-limit", parse_limit)):
        for place in book.texts(role):
            if isinstance(found := parse(place.value), Flaw):
                yield book.flaw(place, found)

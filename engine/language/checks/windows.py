"""``between:`` says two times of the day, and ``only_on:`` names days."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.errors import Problem, Severity
from engine.language.book import Checkable
from engine.language.durations import parse_between, parse_days
from engine.language.durations.windows import hours_of, shown
from engine.language.flaws import Flaw
from engine.language.schema import Place

_HALF_A_DAY = 12


def check(book: Checkable) -> Iterator[Problem]:
    """Windows that cannot be read, that are hardly meant, and days that are none."""
    for place in book.texts("between"):
        found = parse_between(place.value)
        if isinstance(found, Flaw):
            yield book.flaw(place, found)
        elif found[1] < found[0] and hours_of(found) > _HALF_A_DAY:
            yield _turned(book, place, shown(found), shown((found[1], found[0])))
    for place in book.texts("only-on"):
        yield from _days(book, place, [place], place.value)
    for place in book.lists("only-on"):
        items = [Place((*place.path, index), item) for index, item in enumerate(place.value)]
        if all(isinstance(item.value, str) for item in items):
            yield from _days(book, place, items, place.value)


def _days(book: Checkable, place: Place, items: Sequence[Place], written: str | Sequence[str]) -> Iterator[Problem]:
    found = parse_days(written)
    hints = dict(found) if isinstance(found, tuple) else {}
    for item in items:
        if item.value in hints:
            yield book.problem(item, "weekday", f'"{item.value}" is not a day of the week', hint=hints[item.value])


def _turned(book: Checkable, place: Place, written: str, meant: str) -> Problem:
    """Most of the day and all of the night: more likely the two were exchanged."""
    opens, closes = written.split("-")
    message = f"this is from {opens} over midnight until {closes} of the next day"
    hint = f'write "{meant}" if you mean the hours of one day'
    return book.problem(place, "window", message, hint=hint, severity=Severity.WARNING)

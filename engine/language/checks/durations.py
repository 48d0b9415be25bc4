"""Every length of time and every wait can be read; a real wait is longer than a test."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from engine.errors import Problem, Severity
from engine.language.book import Checkable
from engine.language.durations import parse_duration, parse_until
from engine.language.flaws import Flaw
from engine.language.schema import Place
from engine.language.spelling import did_you_mean
from engine.model import After, Duration

_MINUTE = 60


def check(book: Checkable) -> Iterator[Problem]:
    """Flaws of ``wait``, ``testing``, ``again_after`` and ``hold``; waits of seconds that are no test."""
    for place in book.texts("until"):
        yield from _wait(book, place)
    for role in ("duration", "testing"):
        for place in book.texts(role):
            yield from _length(book, place, _worded(place, parse_duration(place.value)))
    for place in book.texts("hold"):
        text = place.value.removeprefix("hold ").lstrip()
        shift = len(place.value) - len(text)
        yield from _length(book, place, parse_duration(text), shift)


def _worded(place: Place, found: Duration | Flaw) -> Duration | Flaw:
    """``again_after`` also takes two words, and a flaw may be one of them misspelled."""
    if isinstance(found, Flaw) and place.path[-1] == "again_after":
        return replace(found, hint=did_you_mean(place.value, ("never", "any_time")) or found.hint)
    return found


def _length(book: Checkable, place: Place, found: Duration | Flaw, shift: int = 0) -> Iterator[Problem]:
    if isinstance(found, Flaw):
        yield book.flaw(place, found, shift)


def _wait(book: Checkable, place: Place) -> Iterator[Problem]:
    found = parse_until(place.value, book.vocabulary)
    if isinstance(found, Flaw):
        yield book.flaw(place, found)
    elif isinstance(found, After):
        yield from _short(book, place, found.duration)


def _short(book: Checkable, place: Place, duration: Duration) -> Iterator[Problem]:
    if not duration.days and not duration.business_days and duration.seconds < _MINUTE:
        message = f'a real wait of "{duration.text}" is hardly meant'
        hint = f"if it is for a test, write  testing: {duration.text}  under a longer wait"
        yield book.problem(place, "short-wait", message, hint=hint, severity=Severity.WARNING)

"""Every length of time and every wait can be read, a real wait is longer than a test, its modifiers have an effect."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from engine.errors import Problem, Severity
from engine.language.book import Checkable
from engine.language.durations import parse_duration
from engine.language.flaws import Flaw
from engine.language.schema import Place
from engine.language.spelling import did_you_mean
from engine.language.waiting import parse_wait
from engine.model import After, Around, Awaited, Duration, ForCondition, ForTrigger, OnDate, Until

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
    triggers = list(book.section("triggers")) if isinstance(book.document.data.get("triggers", {}), dict) else None
    found = parse_wait(place.value, book.vocabulary, triggers)
    if isinstance(found, tuple):
        for flaw in found:
            yield book.flaw(place, flaw)
        return
    if isinstance(found, After):
        yield from _short(book, place, found.duration)
    elif isinstance(found, ForTrigger | ForCondition):
        yield from _short(book, place, found.at_most)
    yield from _idle(book, place, found)


def _idle(book: Checkable, place: Place, found: Until | Awaited) -> Iterator[Problem]:
    """``if_past`` of what cannot be past, ``if_unknown`` of what is known."""
    step = book.document.value(place.path[:-1])
    wait = place.value.strip()
    if "if_past" in step and not isinstance(found, OnDate | Around):
        message = f'"if_past" has no effect here: "{wait}" is never in the past when it begins'
        hint = _over(found) or "take it away; it is for waits until a date, or until a moment that a field tells"
        yield book.problem((*place.path[:-1], "if_past"), "no-effect", message, hint=hint)
    if "if_unknown" in step and not isinstance(found, Around):
        message = f'"if_unknown" has no effect here: "{wait}" does not rest on the moment that a field tells'
        hint = _over(found) or "take it away; it is for waits until a moment that a field tells"
        yield book.problem((*place.path[:-1], "if_unknown"), "no-effect", message, hint=hint)


def _over(found: Until | Awaited) -> str:
    if not isinstance(found, ForTrigger | ForCondition):
        return ""
    return f"take it away: after {found.at_most.text} the run goes on, whatever came"


def _short(book: Checkable, place: Place, duration: Duration) -> Iterator[Problem]:
    if not duration.days and not duration.business_days and duration.seconds < _MINUTE:
        message = f'a real wait of "{duration.text}" is hardly meant'
        hint = f"if it is for a test, write  testing: {duration.text}  under a longer wait"
        yield book.problem(place, "short-wait", message, hint=hint, severity=Severity.WARNING)

"""Every condition can be read, and compares things that can be compared."""

from __future__ import annotations

from collections.abc import Iterator

from engine.errors import Problem
from engine.language.book import Checkable
from engine.language.conditions import parse_condition
from engine.language.flaws import Flaw
from engine.language.schema import Place
from engine.language.vocabulary import OTHERWISE

_REST = (OTHERWISE, "else", "default", "rest", "the rest", "everybody else", "everyone else", "all others", "others")


Flaws = dict[str, tuple[Flaw, ...]]
"""What is wrong with each text: many steps of a file say the same."""


def check(book: Checkable) -> Iterator[Problem]:
    """The flaws of ``when``, ``stop_when`` and the segment rules."""
    known: Flaws = {}
    for place in book.texts("condition"):
        yield from _flaws(book, place, known)
    for place in book.texts("segment-rule"):
        if place.value != OTHERWISE and place.path[-1] != OTHERWISE:
            yield from _otherwise(book, place) or _flaws(book, place, known)


def _otherwise(book: Checkable, place: Place) -> list[Problem]:
    """Another word for otherwise, which would be told as a field that nobody declared."""
    word = place.value.strip().casefold()
    if word not in _REST or place.value in book.vocabulary.fields:
        return []
    return [book.problem(place, "segment-otherwise", f'"{place.value}" is no condition', hint="write  otherwise")]


def _flaws(book: Checkable, place: Place, known: Flaws) -> Iterator[Problem]:
    if place.value not in known:
        found = parse_condition(place.value, book.vocabulary)
        known[place.value] = found if isinstance(found, tuple) else ()
    for flaw in known[place.value]:
        yield book.flaw(place, flaw)

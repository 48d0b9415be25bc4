"""Fields, segments, sequences and triggers that are named somewhere are declared somewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.errors import Problem
from engine.language.book import Checkable
from engine.language.schema import Place, schema
from engine.language.spelling import did_you_mean, meant
from engine.language.vocabulary import OTHERWISE


def check(book: Checkable) -> Iterator[Problem]:
    """One problem for each name that nothing declares."""
    fields = list(book.section("contact"))
    for place in book.texts("field"):
        hint = f"add it under contact:  {place.value}: {{type: text}}"
        yield from _unknown(book, place, fields, "unknown-field", hint)
    segments = book.segment_names()
    for place in () if _lost(book, "segments", list) else book.texts("segment"):
        if place.value != OTHERWISE:
            there_are = f"the segments are {', '.join(segments)}" if segments else "this file has no segments"
            yield from _unknown(book, place, segments, "unknown-segment", there_are)
    sequences = list(book.section("sequences"))
    for place in () if _lost(book, "sequences", dict) else book.texts("sequence"):
        there_are = f"the sequences are {', '.join(sequences)}" if sequences else "this file has no sequences"
        yield from _unknown(book, place, sequences, "unknown-sequence", there_are)
    triggers = list(book.section("triggers"))
    for place in () if _lost(book, "triggers", dict) else book.texts("trigger"):
        there_are = f"the triggers are {', '.join(triggers)}" if triggers else "this file has no triggers"
        yield from _unknown(book, place, triggers, "unknown-trigger", there_are)


def _lost(book: Checkable, section: str, kind: type) -> bool:
    """Whether a section is there under a wrong word or in a wrong shape: that is told once, not at every name."""
    data = book.document.data
    if section in data:
        return not isinstance(data[section], kind)
    return any(meant(word, [section]) for word in data if word not in schema()["properties"])


def _unknown(book: Checkable, place: Place, known: Sequence[str], rule: str, otherwise: str) -> Iterator[Problem]:
    if place.value not in known:
        hint = did_you_mean(place.value, known) or otherwise
        kind = rule.removeprefix("unknown-")
        yield book.problem(place, rule, f'no {kind} is called "{place.value}"', hint=hint)

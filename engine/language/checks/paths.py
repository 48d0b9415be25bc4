"""Paths into payloads can be followed, and are of use: the trigger takes the field that one is for."""

from __future__ import annotations

from collections.abc import Iterator

from engine.errors import Problem
from engine.language.book import Checkable
from engine.language.flaws import Flaw
from engine.language.paths import parse_path
from engine.language.schema import Place
from engine.language.spelling import did_you_mean
from engine.language.vocabulary import as_dict, as_list


def check(book: Checkable) -> Iterator[Problem]:
    """Problems with ``from:`` of a field and ``paths:`` of a trigger."""
    for place in book.texts("payload-path"):
        flaw = parse_path(place.value)
        if isinstance(flaw, Flaw):
            yield book.flaw(place, flaw)
    for place in book.mappings("trigger-definition"):
        yield from _of_no_use(book, place)


def _of_no_use(book: Checkable, place: Place) -> Iterator[Problem]:
    taken = taken_fields(place.value)
    for name in as_dict(place.value.get("paths")):
        if name in book.section("contact") and name not in taken:
            message = f'this trigger does not take "{name}", so nobody looks for it in the payload'
            hint = did_you_mean(name, taken) or "add it to accepts, or take the path away"
            yield book.problem((*place.path, "paths", name), "unused-path", message, hint=hint)


def taken_fields(trigger: object) -> list[str]:
    """The fields that a trigger requires and accepts."""
    spec = as_dict(trigger)
    items = [*as_list(spec.get("requires")), *as_list(spec.get("accepts"))]
    return [name for item in items for name in ([item] if isinstance(item, str) else as_dict(item))]

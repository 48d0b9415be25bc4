"""Segment rules leave nobody out, and maps from segment to template name every segment."""

from __future__ import annotations

from collections.abc import Iterator

from engine.errors import Problem
from engine.language.book import Checkable
from engine.language.schema import Place
from engine.language.vocabulary import OTHERWISE

_NONE = "none"


def check(book: Checkable) -> Iterator[Problem]:
    """Problems with ``segments:`` and with the emails that are chosen by segment."""
    for place in book.lists("segment-list"):
        lines = [
            Place((*place.path, index, name), text)
            for index, item in enumerate(place.value)
            if isinstance(item, dict)
            for name, text in item.items()
        ]
        yield from _twice(book, lines)
        yield from _order(book, lines)
        yield from _none(book, lines)
        yield from _itself(book, lines)
    for place in book.mappings("segment-map"):
        yield from _complete(book, place)


def _is_last(line: Place) -> bool:
    """Whether a line takes everybody who is left: ``NAME: otherwise``, or ``otherwise: none``."""
    return bool(line.value == OTHERWISE or line.path[-1] == OTHERWISE)


def _twice(book: Checkable, lines: list[Place]) -> Iterator[Problem]:
    seen: dict[str, Place] = {}
    for line in lines:
        name = str(line.path[-1])
        if name in seen:
            message = f'the segment "{name}" is defined twice: first at {book.where(seen[name].path)}, and again here'
            hint = "put the two conditions on one line, with or between them"
            yield book.problem(line.path, "duplicate-segment", message, hint=hint)
        seen.setdefault(name, line)


def _order(book: Checkable, lines: list[Place]) -> Iterator[Problem]:
    last = next((index for index, line in enumerate(lines) if _is_last(line)), None)
    if last is None and lines:
        message = "the last segment must take everybody who is left"
        hint = "end the list with  - NAME: otherwise  or, if they belong nowhere,  - otherwise: none"
        yield book.problem(lines[-1].path, "segment-otherwise", message, hint=hint)
    elif last is not None:
        for line in lines[last + 1 :]:
            message = f'nobody gets to "{line.path[-1]}": a line above takes everybody who is left'
            yield book.problem(line.path, "segment-otherwise", message, hint="move it above that line")


def _none(book: Checkable, lines: list[Place]) -> Iterator[Problem]:
    for line in lines:
        if line.path[-1] == OTHERWISE and line.value != _NONE:
            message = '"otherwise" as a name says that the rest belongs to no segment'
            hint = "write  - otherwise: none  or  - NAME: otherwise"
            yield book.problem(line.path, "segment-otherwise", message, hint=hint)


def _itself(book: Checkable, lines: list[Place]) -> Iterator[Problem]:
    rules = {rule.name: rule for rule in book.vocabulary.segments}
    field = book.vocabulary.segment_field
    for line in lines:
        rule = rules.get(str(line.path[-1]))
        if rule and rule.condition and field in rule.condition.fields and line.value == rule.condition.text:
            message = f'this line decides on the segment, so it cannot ask for "{field}"'
            yield book.problem(line, "segment-circle", message, hint="ask for the fields behind it")


def _complete(book: Checkable, place: Place) -> Iterator[Problem]:
    if OTHERWISE in place.value:
        return
    missing = [name for name in book.segment_names() if name not in place.value]
    if missing:
        message = f"no email is named for {' and '.join(missing)}"
        hint = f"add  {missing[0]}: TEMPLATE  or  otherwise: TEMPLATE"
        yield book.problem(place, "segment-map", message, hint=hint)

"""Segment rules leave nobody out, each takes somebody, and maps from segment to template name every segment."""

from __future__ import annotations

from collections.abc import Iterator

from engine.errors import Problem, Severity
from engine.language.book import Checkable
from engine.language.proving.claims import ANY_DAY
from engine.language.proving.interview import TooManyCasesError
from engine.language.proving.segments import Never, prove
from engine.language.proving.stated import limits, stated_rules, stated_words
from engine.language.schema import Place
from engine.language.spelling import closest
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
        yield from _proved(book, [line for line in lines if line.path[-1] != OTHERWISE])
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


def _proved(book: Checkable, lines: list[Place]) -> Iterator[Problem]:
    """The lines that take nobody."""
    if stated_rules(book) is None:
        return
    try:
        proof = prove(stated_words(book), ANY_DAY)
    except TooManyCasesError:
        message = "these rules tell too many kinds of contact apart to prove which of them takes whom"
        hint = "they work all the same; rules that ask for fewer fields could be proved"
        yield book.problem(("segments",), "unproved-segments", message, hint=hint, severity=Severity.WARNING)
        return
    for rule, line in zip(book.vocabulary.segments, lines, strict=True):
        yield from (_takes_nobody(book, one, line) for one in proof.never if one.rule is rule)


def _takes_nobody(book: Checkable, never: Never, line: Place) -> Problem:
    name = never.rule.name
    if never.rule.condition is None:
        message = f"nobody is ever {name}: the lines above leave nobody over"
        hint = "take this line away and let the one above it be the otherwise, or write  - otherwise: none"
        return book.problem(line.path, "dead-otherwise", message, hint=hint, severity=Severity.WARNING)
    if never.contradiction:
        message = f'"{never.rule.condition.text}" can never be true, so nobody is ever {name}'
        return book.problem(line, "impossible-condition", message, hint=limits(never.rule.condition, book.vocabulary))
    first = [*never.above, *never.waits][0].name
    message = f'"{name}: {never.rule.condition.text}" can never be true here: {_why(never)}'
    return book.problem(line.path, "unreachable-segment", message, hint=f"move it above {first}, or take it away")


def _why(never: Never) -> str:
    names = [rule.name for rule in never.above]
    if names:
        takes, holds = ("takes", "holds") if len(names) == 1 else ("take", "hold")
        verb = f"{takes} or {holds}" if never.waits else takes
        return f"{_listed(names)} above {verb} every such contact"
    waits = [rule.name for rule in never.waits]
    return f"{_listed(waits)} above cannot be told for any such contact, who is held there"


def _listed(names: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _complete(book: Checkable, place: Place) -> Iterator[Problem]:
    if OTHERWISE in place.value:
        return
    missing = [name for name in book.segment_names() if name not in place.value]
    meant = {closest(name, missing) for name in place.value if name not in book.segment_names()}
    missing = [name for name in missing if name not in meant]  # that the other word is none is told where it stands
    if missing:
        message = f"no email is named for {' and '.join(missing)}"
        hint = f"add  {missing[0]}: TEMPLATE  or  otherwise: TEMPLATE"
        yield book.problem(place, "segment-map", message, hint=hint)

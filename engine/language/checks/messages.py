"""The texts with ``{{ field }}`` in the file itself: alerts and subjects."""

from __future__ import annotations

from collections.abc import Iterator

from engine.errors import Problem
from engine.language.book import Checkable
from engine.language.schema import Place
from engine.language.spelling import closest
from engine.rendering import RESERVED, TemplateFlaw, message_variables


def check(book: Checkable) -> Iterator[Problem]:
    """Problems with each message."""
    for place in book.texts("message"):
        yield from _message(book, place)


def _message(book: Checkable, place: Place) -> Iterator[Problem]:
    try:
        used = message_variables(place.value)
    except TemplateFlaw as flaw:
        yield book.problem(place, "message-syntax", f"this text cannot be read: {flaw.message}")
        return
    known = [*book.section("contact"), *RESERVED]
    for variable in used:
        if variable.name not in known:
            near = closest(variable.name, known)
            hint = f"did you mean {{{{ {near} }}}}?" if near else f"add a field:  {variable.name}: {{type: text}}"
            start = place.value.find(variable.name)
            span = book.document.inside(place.path, start, start + len(variable.name))
            message = f'no field is called "{variable.name}"'
            yield book.document.problem(span, "message-variable", message, hint=hint)

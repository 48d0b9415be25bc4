"""What a trigger also requires can be told from its payload, and is told in plain words."""

from __future__ import annotations

import re
from collections.abc import Iterator

from engine.computing import rests_on
from engine.errors import Problem
from engine.language.book import Checkable
from engine.language.checks.paths import taken_fields
from engine.language.conditions import parse_condition
from engine.language.schema import Place
from engine.model import Condition


def check(book: Checkable) -> Iterator[Problem]:
    """Problems with each item of ``also_require:``."""
    for place in book.mappings("requirement"):
        taken = taken_fields(book.document.value(place.path[:-2]))
        yield from _out_of_reach(book, place, taken)
        yield from _places(book, place)


def _out_of_reach(book: Checkable, place: Place, taken: list[str]) -> Iterator[Problem]:
    condition = parse_condition(str(place.value.get("condition")), book.vocabulary)
    for name in sorted(condition.fields) if isinstance(condition, Condition) else ():
        missing = sorted(rests_on(book.vocabulary.fields, name).difference(taken))
        if missing:
            word = next(re.finditer(rf"\b{name}\b", place.value["condition"]))
            span = book.document.inside((*place.path, "condition"), *word.span())
            message = f'this is asked of what was sent, and the trigger does not take "{missing[0]}"'
            yield book.document.problem(span, "not-in-payload", message, hint=f"add {missing[0]} to accepts")


def _places(book: Checkable, place: Place) -> Iterator[Problem]:
    text = place.value.get("message")
    if isinstance(text, str) and "{{" in text:
        message = "this message is sent as it stands, so its reader would see the braces"
        yield book.problem(
            Place((*place.path, "message"), text), "plain-message", message, hint="write it without them"
        )

"""Why a contact is in a segment: the values that made the winning rule true, and no others."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from engine.evaluate import holds
from engine.model import All, AnyOf, Condition, FieldValue, Not, Test
from engine.scene import MASK, is_known, is_private, value_of, zone_of

if TYPE_CHECKING:
    from engine.model import Values, Vocabulary


def because(condition: Condition, words: Vocabulary, values: Values, now: datetime) -> str:
    """``red_systems = 2``: the fields that a true condition rests on, with their values."""
    look, known = partial(value_of, words, values), partial(is_known, words, values)

    def true(test: Test) -> bool:
        part = Condition(text="", test=test, fields=frozenset())
        return bool(holds(part, look, known, now, zone_of(words, values), words.holidays))

    def grounds(test: Test) -> Iterator[str]:
        match test:
            case AnyOf(tests):
                yield from grounds(next(filter(true, tests)))
            case All(tests):
                for inner in tests:
                    yield from grounds(inner)
            case _:
                yield from _fields(test)

    names = dict.fromkeys(grounds(condition.test))
    return ", ".join(f"{name} = {_told(look(name) if not is_private(words, name) else MASK)}" for name in names)


def _fields(test: Test) -> Iterator[str]:
    """The fields of a test, in the order in which they are written."""
    match test:
        case Not(inner):
            yield from _fields(inner)
        case All(tests) | AnyOf(tests):
            for inner in tests:
                yield from _fields(inner)
        case _:
            yield test.field
            operand = getattr(test, "operand", None)
            if isinstance(operand, FieldValue):
                yield operand.field


def _told(value: object) -> str:
    match value:
        case None:
            return "unknown"
        case bool():
            return str(value).lower()
        case list():
            return ", ".join(map(str, value))
        case _:
            return str(value)

"""What computed fields are worth: from the values they rest on, each time somebody looks. Nothing of it is stored.

A field that rests on an unknown one is unknown itself. What an operand is worth is for the caller to say, so that
defaults count wherever they count for the operand: in emails and conditions they do, in Notion they do not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import assert_never

from engine.model import Arithmetic, Condition, Field, Formula, Joined, Named, Term, Value, Values, Vocabulary

LARGEST = 2**53 - 1
"""The largest whole number that everybody who reads JSON keeps exactly; past it a result is unknown."""

Look = Callable[[str], Value]


def worth(formula: Formula, look: Look) -> Value:
    """The value of a formula, where ``look`` gives the value of each field it reads."""
    found = _worth(formula.term, look)
    return None if isinstance(found, int) and abs(found) > LARGEST else found


def _worth(term: Term, look: Look) -> int | str | None:
    match term:
        case int() | str():
            return term
        case Named(field):
            return _usable(look(field))
        case Arithmetic(sign, left, right):
            return _counted(sign, _worth(left, look), _worth(right, look))
        case Joined(parts):
            texts = [_worth(part, look) for part in parts]
            return "".join(map(str, texts)) if all(isinstance(text, str) for text in texts) else None
        case _:
            assert_never(term)


def _usable(value: Value) -> int | str | None:
    """A text or a whole number; true, false, lists and parts of numbers are neither."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int | str) and not isinstance(value, bool) else None


def _counted(sign: str, left: int | str | None, right: int | str | None) -> int | None:
    if not isinstance(left, int) or not isinstance(right, int):
        return None
    return left + right if sign == "+" else left - right if sign == "-" else left * right


def rests_on(fields: Mapping[str, Field], name: str) -> frozenset[str]:
    """The fields with values of their own that a field rests on; itself, where it is not computed."""
    return frozenset(_leaves(fields, name, set()))


def _leaves(fields: Mapping[str, Field], name: str, seen: set[str]) -> Iterator[str]:
    seen.add(name)
    field = fields.get(name)
    if field is None or field.computed is None:
        yield name
        return
    for inner in field.computed.fields:
        if inner not in seen:
            yield from _leaves(fields, inner, seen)


def reads(vocabulary: Vocabulary, condition: Condition) -> frozenset[str]:
    """The fields with values of their own that a condition asks for, directly or through computed ones."""
    return frozenset().union(*(rests_on(vocabulary.fields, name) for name in condition.fields))


def computed_in_order(fields: Mapping[str, Field]) -> list[str]:
    """The computed fields, each after those it reads."""
    found: dict[str, None] = {}

    def add(name: str) -> None:
        formula = fields[name].computed if name in fields else None
        if formula is not None and name not in found:
            for inner in formula.fields:
                add(inner)
            found[name] = None

    for name in fields:
        add(name)
    return list(found)


def operands(fields: Mapping[str, Field]) -> dict[str, frozenset[str]]:
    """What each computed field reads, each after those it reads."""
    formulas = {name: fields[name].computed for name in computed_in_order(fields)}
    return {name: frozenset(formula.fields) for name, formula in formulas.items() if formula}


def with_computed(vocabulary: Vocabulary, values: Values) -> Values:
    """Values with what the computed fields are worth without any default; what was stored under their names is left."""
    formulas = {name: vocabulary.fields[name].computed for name in computed_in_order(vocabulary.fields)}
    found = {name: value for name, value in values.items() if name not in formulas}
    for name, formula in formulas.items():
        found[name] = worth(formula, found.get) if formula else None
    return {name: value for name, value in found.items() if value is not None}


def apart(vocabulary: Vocabulary) -> Vocabulary:
    """The same words where a computed field may be anything within its limits, for those who look at every case.

    That is more than it can be: what is never true then is never true.
    """
    return replace(vocabulary, fields={name: replace(one, computed=None) for name, one in vocabulary.fields.items()})

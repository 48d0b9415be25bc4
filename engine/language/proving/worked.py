"""Tests of computed fields: they are asked of every set of values behind them, where those can be gone through.

Where they cannot, a test of a computed field may come out either way: more than it really can, so that what is
never true then never is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from math import prod

from engine.computing import rests_on
from engine.language.proving.atoms import Atom, other_field
from engine.language.proving.groups import Candidate
from engine.language.proving.numbers import is_counted
from engine.model import Field, Value

MANY = 10**9


def behind(atom: Atom, fields: Mapping[str, Field]) -> tuple[str, ...]:
    """The fields behind a test that asks for a computed one; none for every other test."""
    names = [name for name in (atom.field, other_field(atom)) if name]
    if not any(fields[name].computed for name in names):
        return ()
    return tuple(sorted({leaf for name in names for leaf in rests_on(fields, name)}))


def sets_of(fields: Sequence[Field]) -> int:
    """How many sets of values some fields can have, an unknown one counted as a value; many where there is no end."""
    return prod(_count(field) + 1 for field in fields)


def _count(field: Field) -> int:
    if is_counted(field):
        return int(field.maximum or 0) - int(field.minimum or 0) + 1
    return len(field.choices) or MANY


def every_set(fields: Sequence[Field]) -> Iterator[Candidate]:
    """Every set of values; what is left out is unknown. The numbers that read best come first."""
    for chosen in product(*map(_values, fields)):
        known = zip(fields, chosen, strict=True)
        yield {field.name: value for field, value in known if value is not None}, 1


def _values(field: Field) -> list[Value]:
    if field.choices:
        return [*field.choices, None]
    low, high = int(field.minimum or 0), int(field.maximum or 0)
    return [*sorted(range(low, high + 1), key=lambda number: (number < 0, number)), None]

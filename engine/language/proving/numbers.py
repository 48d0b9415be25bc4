"""Numbers that tests compare with constants and with each other: which orders there are, and how many values have each.

The line is cut at every constant. Between two cuts only the order among the fields matters: ``m`` different
numbers out of the ``n`` whole ones that lie there can be chosen in ``n`` over ``m`` ways.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from math import ceil, comb, floor, inf, isfinite, prod
from typing import cast

from engine.language.proving.atoms import Atom
from engine.language.proving.groups import Candidate
from engine.model import Compare, Constant, Field, FieldType, Value


@dataclass(frozen=True, slots=True)
class Cell:
    """A single number (``low`` is ``high``), or all between two."""

    low: float
    high: float

    @property
    def point(self) -> bool:
        """Whether it is a single number."""
        return self.low == self.high

    def whole_numbers(self) -> float:
        """How many whole numbers lie in it."""
        if self.point:
            return int(float(self.low).is_integer())
        return max(ceil(self.high) - floor(self.low) - 1, 0) if isfinite(self.low) and isfinite(self.high) else inf

    def numbers(self, count: int, *, whole: bool) -> list[float]:
        """As many numbers out of it, rising; small and round ones where it has them."""
        if self.point:
            return [self.low]
        first = self._first(count)
        rounded: list[float] = [first + step for step in range(count)]
        if whole or (self.low < rounded[0] and rounded[-1] < self.high):
            return rounded
        return [self.low + (self.high - self.low) * (step + 1) / (count + 1) for step in range(count)]

    def _first(self, count: int) -> int:
        """The whole number nearest to zero from which ``count`` of them lie between the ends."""
        lowest = floor(self.low) + 1 if isfinite(self.low) else -inf
        highest = ceil(self.high) - count if isfinite(self.high) else inf
        return int(max(lowest, min(0, highest)))


def cells(fields: Sequence[Field], atoms: Sequence[Atom]) -> list[Cell]:
    """The line, cut at every number that the tests and the fields name."""
    named = {one for field in fields for one in (field.minimum, field.maximum, field.default) if is_number(one)}
    named |= {constant for atom in atoms if is_number(constant := _constant(atom))}
    cuts = sorted(cast("set[float]", named))
    edges = [-inf, *cuts, inf]
    between = [Cell(low, high) for low, high in pairwise(edges)]
    points = [Cell(cut, cut) for cut in cuts]
    return sorted([*between, *points], key=lambda cell: (cell.low, cell.high))


def _constant(atom: Atom) -> Value:
    return atom.operand.value if isinstance(atom, Compare) and isinstance(atom.operand, Constant) else None


def is_number(value: object) -> bool:
    """A number that a line can be cut at."""
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def allowed(field: Field, line: Sequence[Cell]) -> list[Cell]:
    """Where on the line the values of a field lie."""
    low = field.minimum if is_number(field.minimum) else -inf
    high = field.maximum if is_number(field.maximum) else inf
    inside = [cell for cell in line if low is not None and high is not None and low <= cell.low and cell.high <= high]
    return [cell for cell in inside if not _is_whole(field) or cell.whole_numbers()]


def candidates(fields: Sequence[Field], line: Sequence[Cell]) -> Iterator[Candidate]:
    """Values in every order that there is. Fields are all whole numbers, or all numbers."""
    whole = all(map(_is_whole, fields))
    places: list[list[Cell | None]] = [[*_by_size(allowed(field, line)), None] for field in fields]
    for chosen in product(*places):
        by_cell: dict[Cell, list[str]] = {}
        for field, cell in zip(fields, chosen, strict=True):
            if cell is not None:
                by_cell.setdefault(cell, []).append(field.name)
        orders = [list(_orders(names, cell, whole)) for cell, names in by_cell.items()]
        for parts in product(*orders):
            yield _joined(parts)


def _by_size(found: list[Cell]) -> list[Cell]:
    """The numbers that read best first: from zero up, then those below it."""
    return sorted(found, key=lambda cell: (cell.high <= 0 and not cell.low == cell.high == 0, cell.low, cell.high))


def _orders(names: Sequence[str], cell: Cell, whole: bool) -> Iterator[Candidate]:
    """Every order among the fields that lie in one cell."""
    room = 1 if cell.point else cell.whole_numbers() if whole else inf
    for levels in range(1, len(names) + 1):
        if levels > room:
            return
        ways = comb(int(room), levels) if isfinite(room) else 1
        numbers = cell.numbers(levels, whole=whole)
        for ranks in product(range(levels), repeat=len(names)):
            if len(set(ranks)) == levels:
                yield {name: _shown(numbers[rank], whole) for name, rank in zip(names, ranks, strict=True)}, ways


def _shown(number: float, whole: bool) -> float:
    return int(number) if whole or float(number).is_integer() else number


def _joined(parts: Sequence[Candidate]) -> Candidate:
    values: dict[str, Value] = {}
    ways = 1
    for some, many in parts:
        values.update(some)
        ways *= many
    return values, ways


def _is_whole(field: Field) -> bool:
    return field.type is FieldType.WHOLE


def is_counted(field: Field) -> bool:
    """Whether the values of a number field can be counted."""
    return _is_whole(field) and is_number(field.minimum) and is_number(field.maximum)


def effort(places: Sequence[Sequence[Cell]]) -> int:
    """About how many candidates there are, at most."""
    return prod(len(found) + 1 for found in places) * _ORDERS.get(len(places), sys.maxsize)


_ORDERS = {1: 1, 2: 3, 3: 13, 4: 75}  # in how many orders so many fields can stand, some of them equal

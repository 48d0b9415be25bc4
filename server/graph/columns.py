"""How far to the right each box goes, its layer and its place there being known.

Boxes that only lead to one another form a column, which is drawn as one straight line. Columns are pulled to the
middle of what they are joined with; then those that have come too near are pushed apart, once to the right and once
to the left. Both are ways to keep every distance, and so is the mean of the two, which leans to neither side.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

Layers = Sequence[Sequence[str]]
Ties = Mapping[str, Sequence[str]]
Distances = Mapping[tuple[str, str], float]

_ROUNDS = 80
_PULL = 0.6


def columns(layers: Layers, above: Ties, below: Ties, apart: Callable[[str, str], float]) -> dict[str, float]:
    """The middle of every name; ``apart`` is how far two neighbours of a layer must be from each other."""
    column = _aligned(layers, above, below)
    ties: dict[str, list[str]] = {head: [] for head in column.values()}
    for name, head in column.items():
        ties[head] += [column[other] for other in (*above[name], *below[name]) if column[other] != head]
    distances = _distances(layers, column, apart)
    order = _from_the_left(list(ties), distances)
    x = _pushed(dict.fromkeys(ties, 0.0), order, distances)
    for _ in range(_ROUNDS):
        pulled = {head: x[head] + _PULL * (_mean([x[one] for one in ties[head]], x[head]) - x[head]) for head in x}
        x = _pushed(pulled, order, distances)
    return {name: x[head] for name, head in column.items()}


def _aligned(layers: Layers, above: Ties, below: Ties) -> dict[str, str]:
    """The head of the column that each name stands in. Columns never cross."""
    column = {name: name for layer in layers for name in layer}
    for upper, lower in pairwise(layers):
        at, last = {name: place for place, name in enumerate(lower)}, -1
        for name in upper:
            if len(below[name]) != 1 or len(above[below[name][0]]) != 1:
                continue
            if (place := at[below[name][0]]) > last:
                column[below[name][0]], last = column[name], place
    return column


def _distances(
    layers: Layers, column: Mapping[str, str], apart: Callable[[str, str], float]
) -> dict[tuple[str, str], float]:
    """How far apart two columns must be that are neighbours somewhere."""
    found: dict[tuple[str, str], float] = {}
    for layer in layers:
        for left, right in pairwise(layer):
            pair = column[left], column[right]
            found[pair] = max(found.get(pair, 0.0), apart(left, right))
    return found


def _from_the_left(heads: Sequence[str], distances: Distances) -> list[str]:
    """The columns, each after all that stand to its left."""
    waiting = {head: sum(right == head for _, right in distances) for head in heads}
    ordered = [head for head in heads if not waiting[head]]
    for head in ordered:
        for left, right in distances:
            if left == head:
                waiting[right] -= 1
                if not waiting[right]:
                    ordered.append(right)
    return ordered


def _pushed(wanted: Mapping[str, float], order: Sequence[str], distances: Distances) -> dict[str, float]:
    """The columns where they are wanted, but with their distances kept."""
    rightward, leftward = dict(wanted), dict(wanted)
    left_of: dict[str, list[tuple[str, float]]] = {head: [] for head in order}
    right_of: dict[str, list[tuple[str, float]]] = {head: [] for head in order}
    for (left, right), distance in distances.items():
        left_of[right].append((left, distance))
        right_of[left].append((right, distance))
    for head in order:
        rightward[head] = max([wanted[head], *(rightward[left] + distance for left, distance in left_of[head])])
    for head in reversed(order):
        leftward[head] = min([wanted[head], *(leftward[right] - distance for right, distance in right_of[head])])
    return {head: (rightward[head] + leftward[head]) / 2 for head in order}


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise

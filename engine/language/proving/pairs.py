"""Two fields that are compared with each other, where nothing else is known: one may be less, equal or more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from engine.language.conditions.values import Sort, sort_of
from engine.language.proving.atoms import Atom
from engine.language.proving.groups import Axis, World, axis_of
from engine.model import EMPTY, Field, FieldType, Value

_SAMPLES: dict[Sort, Sequence[tuple[Value, Value]]] = {
    Sort.NUMBER: ((0, 0), (0, 1), (1, 0)),
    Sort.TEXT: (("a", "a"), ("a", "ab"), ("ab", "a"), ("a", "b")),
    Sort.LIST: (([], "a"), (["a"], "a")),
    Sort.TICK: ((False, False), (False, True), (True, False), (True, True)),
}
_DAYS = (("2025-01-01", "2025-01-01"), ("2025-01-01", "2025-01-02"), ("2025-01-02", "2025-01-01"))
_INSTANTS = tuple((f"{left}T12:00:00Z", f"{right}T12:00:00Z") for left, right in _DAYS)


def pair_axis(left: Field, right: Field, atoms: Sequence[Atom], world: World) -> Axis:
    """How two fields lie to each other. The values of its groups are left out: the axes of the fields tell them."""
    candidates = [({left.name: one, right.name: two}, 1) for one, two in _samples(left, right)]
    axis = axis_of((left.name, right.name), atoms, candidates, world, exact=False)
    return replace(axis, fields=(), groups=tuple(replace(group, values=EMPTY) for group in axis.groups))


def _samples(left: Field, right: Field) -> Sequence[tuple[Value, Value]]:
    if Sort.LIST in (sort_of(left.type), sort_of(right.type)):
        pairs = _SAMPLES[Sort.LIST]
        return pairs if sort_of(left.type) is Sort.LIST else [(one, many) for many, one in pairs]
    sort = sort_of(left.type).compared_as
    if sort is Sort.MOMENT:
        return _INSTANTS if left.type is right.type is FieldType.DATETIME else _DAYS
    return _SAMPLES[sort]

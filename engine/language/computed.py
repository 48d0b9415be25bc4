"""Formulas that rest on each other, put in order: which fields are computed, and how large they can be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from engine.model import Arithmetic, Field, Formula, Named, Term

MOST_DEEP = 20
"""How many computed fields may rest on each other in a row."""

Limits = tuple[float, float] | None


def with_formulas(fields: Mapping[str, Field], formulas: Mapping[str, Formula]) -> Mapping[str, Field]:
    """Fields with their formulas, and limits that follow from those; without what rests on itself or goes too deep."""
    found = dict(fields)
    for name, depth in depths(formulas).items():
        if depth <= MOST_DEEP:
            low, high = _limits(formulas[name].term, found) or (None, None)
            private = fields[name].private or any(found[one].private for one in formulas[name].fields)
            found[name] = replace(fields[name], computed=formulas[name], minimum=low, maximum=high, private=private)
    return found


def depths(formulas: Mapping[str, Formula]) -> Mapping[str, int]:
    """How many computed fields each one rests on in a row, those that rest on no other first. Circles are left out."""
    waits = {name: {one for one in formula.fields if one in formulas} for name, formula in formulas.items()}
    behind: dict[str, list[str]] = {name: [] for name in formulas}
    for name, operands in waits.items():
        for one in operands:
            behind[one].append(name)
    found = dict.fromkeys((name for name, operands in waits.items() if not operands), 1)
    for name in (ready := list(found)):
        for one in behind[name]:
            waits[one].discard(name)
            found[one] = max(found.get(one, 0), found[name] + 1)
            if not waits[one]:
                ready.append(one)
    return {name: found[name] for name in ready}


def circle(name: str, formulas: Mapping[str, Formula], outside: Iterable[str]) -> list[str]:
    """The circle that a field is in or leads to, from its first field back to it. ``outside`` are in none."""
    way: dict[str, None] = {}
    while name not in way:
        way[name] = None
        name = next(one for one in formulas[name].fields if one in formulas and one not in outside)
    inside = list(way)
    return [*inside[inside.index(name) :], name]


def _limits(term: Term, fields: Mapping[str, Field]) -> Limits:
    """The least and the most that whole numbers can make; None for texts, and where one of them has no limits."""
    match term:
        case int():
            return term, term
        case Named(name):
            field = fields[name]
            known = field.minimum is not None and field.maximum is not None
            return (field.minimum, field.maximum) if known else None  # type: ignore[return-value] # both are known
        case Arithmetic(sign, left, right):
            return _combined(sign, _limits(left, fields), _limits(right, fields))
        case _:
            return None


def _combined(sign: str, left: Limits, right: Limits) -> Limits:
    if left is None or right is None:
        return None
    match sign:
        case "+":
            return left[0] + right[0], left[1] + right[1]
        case "-":
            return left[0] - right[1], left[1] - right[0]
        case _:
            corners = [one * other for one in left for other in right]
            return min(corners), max(corners)

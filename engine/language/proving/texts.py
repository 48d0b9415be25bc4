"""Texts and lists: one for each way to be equal to, or to contain, what the tests name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations

from engine.language.proving.atoms import Atom
from engine.model import Compare, Constant, Contains, Field, FieldType

MOST_PARTS = 6
"""Tests of ``contains`` on one field whose combinations are still looked at."""

_SAMPLES = {
    FieldType.EMAIL: "ada@example.com",
    FieldType.PHONE: "+1 416 555 0100",
    FieldType.LINK: "https://example.com",
    FieldType.TIMEZONE: "America/Toronto",
}
_OTHERS = ("other", "something else", "another")


def texts(field: Field, atoms: Sequence[Atom]) -> Iterator[str]:
    """A text equal to none and with no part that is asked for, then one for each way to have some."""
    equals, parts = _named(atoms, Compare), _named(atoms, Contains)
    rest = _unlike(field, equals, parts)
    between = " " if not any(" " in part for part in parts) else _strange(parts)
    yield rest
    yield from equals
    for some in _subsets(parts):
        yield between.join(some)
        yield between.join((*some, rest))


def lists(atoms: Sequence[Atom]) -> Iterator[list[str]]:
    """A list for each set of the items that are asked for."""
    yield []
    yield from map(list, _subsets(_named(atoms, Contains)))


def parts_asked(atoms: Iterable[Atom]) -> int:
    """How many different parts or items are asked for."""
    return len(_named(atoms, Contains))


def _named(atoms: Iterable[Atom], kind: type[Compare] | type[Contains]) -> list[str]:
    found = (atom.operand for atom in atoms if isinstance(atom, kind))
    told = (operand.value for operand in found if isinstance(operand, Constant))
    return list(dict.fromkeys(value for value in told if isinstance(value, str)))


def _subsets(parts: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for count in range(1, len(parts) + 1):
        yield from combinations(parts, count)


def _unlike(field: Field, equals: Sequence[str], parts: Sequence[str]) -> str:
    for sample in (_SAMPLES.get(field.type), *_OTHERS):
        if sample and sample not in equals and not any(part in sample for part in parts):
            return sample
    return _strange((*equals, *parts))


def _strange(texts_in_use: Iterable[str]) -> str:
    """A character that stands in none of these."""
    used = set("".join(texts_in_use))
    return next(char for code in range(0x2190, 0x110000) if (char := chr(code)) not in used)

"""The single tests that a condition is made of, one field and one value each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from engine.model import All, Among, AnyOf, Compare, Contains, FieldValue, Known, Not, Test

Atom = Compare | Contains | Known


def plain(test: Test, atoms: dict[Test, Test]) -> Test:
    """The same test with each ``in`` written out: one of several is equal to the first, or to the second.

    ``atoms`` holds the single tests met so far. Equal ones become one object, so that they can be looked up by
    identity, which is far cheaper than by what they say.
    """
    match test:
        case All(tests):
            return All(tuple(plain(one, atoms) for one in tests))
        case AnyOf(tests):
            return AnyOf(tuple(plain(one, atoms) for one in tests))
        case Not(inner):
            return Not(plain(inner, atoms))
        case Among(field, kind, operands):
            return AnyOf(tuple(plain(Compare(field, kind, "=", operand), atoms) for operand in operands))
        case _:
            return atoms.setdefault(test, test)


def atoms_of(test: Test) -> Iterator[Atom]:
    """The single tests, from left to right."""
    match test:
        case All(tests) | AnyOf(tests):
            for one in tests:
                yield from atoms_of(one)
        case Not(inner):
            yield from atoms_of(inner)
        case Among():
            yield from atoms_of(plain(test, {}))
        case Compare() | Contains() | Known():
            yield test
        case _:
            assert_never(test)


def other_field(atom: Atom) -> str | None:
    """The field on the right, if there is one and it is not the same as on the left."""
    if isinstance(atom, Known) or not isinstance(atom.operand, FieldValue):
        return None
    return atom.operand.field if atom.operand.field != atom.field else None

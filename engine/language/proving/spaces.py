"""All contacts that a file allows, as the tests of some conditions see them: an axis for each field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count, product
from math import prod

from engine.computing import rests_on
from engine.language.conditions.values import Sort, choices_of, sort_of
from engine.language.proving.atoms import Atom, atoms_of, other_field, plain
from engine.language.proving.groups import Axis, Candidate, World, axis_of, free_axis
from engine.language.proving.moments import moment_axis
from engine.language.proving.numbers import allowed, candidates, cells, effort, is_counted
from engine.language.proving.pairs import pair_axis
from engine.language.proving.texts import MOST_PARTS, lists, parts_asked, texts
from engine.language.proving.worked import behind, every_set, sets_of
from engine.model import Contains, Field, FieldType, Known, Test, Value, Vocabulary

MOST_TOGETHER = 4000
"""Combinations of fields compared with each other that are still looked at one by one."""


MOST_QUESTIONS = 100_000
"""Single tests asked in one space after which we give up: about a fifth of a second."""


@dataclass(frozen=True, slots=True)
class Space:
    """Tests, and the axes along which contacts differ to them.

    ``needs`` are, for each test, the axes that may decide it, in the order in which it names them. ``between``
    are, by identity, for each single test that has an axis of its own, the axes of the two fields in it.
    ``asked`` counts the questions, also those of its parts.
    """

    tests: tuple[Test, ...]
    axes: tuple[Axis, ...]
    needs: tuple[tuple[int, ...], ...]
    between: Mapping[int, tuple[int, ...]]
    asked: Iterator[int]

    @property
    def cases(self) -> int:
        """How many cases there are."""
        return prod(axis.cases for axis in self.axes)

    @property
    def exact(self) -> bool:
        """Whether every case is one set of values."""
        return all(axis.exact for axis in self.axes)

    def while_unknown(self, *fields: str) -> Space:
        """The part of it where these fields are unknown, and every other one is known or asked ``is known``."""
        return replace(self, axes=tuple(axis.while_unknown(frozenset(fields)) for axis in self.axes))


def space_of(tests: Sequence[Test], world: World) -> Space:
    """The space in which these tests can be asked."""
    same: dict[Test, Test] = {}
    simple = tuple(plain(test, same) for test in tests)
    atoms = list(dict.fromkeys(atom for test in simple for atom in atoms_of(test)))
    return _Survey(atoms, world).space(simple)


class _Survey:
    """The fields that single tests speak of, put together where they are compared with each other."""

    def __init__(self, atoms: Sequence[Atom], world: World) -> None:
        self.world = world
        self.atoms = atoms
        self.fields = world.vocabulary.fields
        self.behind = {atom: found for atom in atoms if (found := behind(atom, self.fields))}
        plain_atoms = [atom for atom in atoms if atom not in self.behind]
        names = [name for atom in plain_atoms for name in (atom.field, other_field(atom)) if name]
        self.home: dict[str, tuple[str, ...]] = {name: (name,) for name in names}
        self.worked: set[Atom] = set()
        for atom in self.behind:
            self._join_behind(atom)
        for atom in plain_atoms:
            self._join(atom)

    def space(self, tests: tuple[Test, ...]) -> Space:
        """The axes: one for each field or group of fields, one for each pair that could not be put together."""
        axes = [self._axis(home) for home in dict.fromkeys(self.home.values())]
        axes += self._pairs()
        told = {atom for axis in axes for atom in axis.atoms}
        axes += [free_axis(atom) for atom in self.atoms if atom not in told]
        between = dict(self._between(axes))
        own = {atom: index for index, axis in enumerate(axes) for atom in axis.atoms}
        needs = (
            dict.fromkeys(axis for atom in atoms_of(test) for axis in (*between.get(id(atom), ()), own[atom]))
            for test in tests
        )
        return Space(tests, tuple(axes), tuple(map(tuple, needs)), between, count())

    def _between(self, axes: Sequence[Axis]) -> Iterator[tuple[int, tuple[int, ...]]]:
        where = {name: index for index, axis in enumerate(axes) for name in axis.fields}
        for atom in (atom for axis in axes if not axis.fields for atom in axis.atoms if atom not in self.behind):
            names = (atom.field, other_field(atom))
            yield id(atom), tuple(dict.fromkeys(where[name] for name in names if name))

    # -- Fields that are compared with each other -----------------------------------------------

    def _join_behind(self, atom: Atom) -> None:
        """Put the fields behind a computed one together, if every set of their values can be looked at."""
        names = self.behind[atom]
        home = tuple(dict.fromkeys(other for name in names for other in self.home.get(name, (name,))))
        if sets_of([self.fields[name] for name in home]) <= MOST_TOGETHER:
            self.worked.add(atom)
            self.home.update(dict.fromkeys(home, home))

    def _join(self, atom: Atom) -> None:
        """Put the two fields of a test together, if every way they can lie to each other can be looked at."""
        other = other_field(atom)
        if other is None or isinstance(atom, Contains) or self.home[other] == self.home[atom.field]:
            return
        home = tuple(dict.fromkeys((*self.home[atom.field], *self.home[other])))
        if self._effort(home) <= MOST_TOGETHER:
            self.home.update(dict.fromkeys(home, home))

    def _effort(self, home: Sequence[str]) -> int:
        fields = [self.fields[name] for name in home]
        if self._is_worked(home):
            return sets_of(fields)
        kinds = {_counting(field) for field in fields}
        if kinds == {"choice"}:
            return prod(len(self._choices(field)) + 1 for field in fields)
        if len(kinds) == 1 and kinds <= {FieldType.WHOLE, FieldType.NUMBER}:
            line = cells(fields, self._about(home))
            return effort([allowed(field, line) for field in fields])
        return MOST_TOGETHER + 1

    def _about(self, home: Sequence[str]) -> list[Atom]:
        """The single tests that speak of these fields only."""
        inside = {*home, None}
        return [
            atom
            for atom in self.atoms
            if (atom not in self.behind or atom in self.worked)
            and inside.issuperset(self.behind.get(atom, (atom.field, other_field(atom))))
        ]

    def _is_worked(self, home: Sequence[str]) -> bool:
        """Whether some test asks what is computed from these fields."""
        return any(not {*self.behind[atom]}.isdisjoint(home) for atom in self.worked)

    def _pairs(self) -> Iterator[Axis]:
        found: dict[tuple[str, str], list[Atom]] = {}
        for atom in self.atoms:
            other = other_field(atom)
            if other and atom not in self.behind and self.home[other] != self.home[atom.field]:
                left, right = sorted((atom.field, other))
                found.setdefault((left, right), []).append(atom)
        for (left, right), atoms in found.items():
            yield pair_axis(self.fields[left], self.fields[right], atoms, self.world)

    # -- One axis -------------------------------------------------------------------------------

    def _axis(self, home: tuple[str, ...]) -> Axis:
        fields, atoms = [self.fields[name] for name in home], self._about(home)
        first = fields[0]
        if self._is_worked(home):
            return axis_of(home, atoms, every_set(fields), self.world)
        match _counting(first):
            case "choice":
                return axis_of(home, atoms, self._combined(fields), self.world)
            case FieldType.WHOLE | FieldType.NUMBER:
                found = candidates(fields, cells(fields, atoms))
                return axis_of(home, atoms, found, self.world, exact=all(map(is_counted, fields)))
            case Sort.MOMENT:
                return moment_axis(first, atoms, self.world)
            case _:
                return self._worded(first, atoms)

    def _worded(self, field: Field, atoms: list[Atom]) -> Axis:
        """A text or a list. Of too many parts that it may contain nothing is said."""
        if parts_asked(atoms) > MOST_PARTS:
            atoms = [atom for atom in atoms if not isinstance(atom, Contains)]
        found: Iterator[Value] = lists(atoms) if field.type is FieldType.LIST else texts(field, atoms)
        values: list[Candidate] = [({field.name: value}, 1) for value in found]
        return axis_of((field.name,), atoms, [*values, ({}, 1)], self.world, exact=False)

    def _combined(self, fields: Sequence[Field]) -> Iterator[Candidate]:
        ways = [[*self._choices(field), (None, 1)] for field in fields]
        for chosen in product(*ways):
            known = zip(fields, chosen, strict=True)
            yield (
                {field.name: value for field, (value, _) in known if value is not None},
                prod(way for _, way in chosen),
            )

    def _choices(self, field: Field) -> list[tuple[Value, int]]:
        if field.type is FieldType.CHECKBOX:
            return [(False, 1), (True, 1)]
        former: list[tuple[Value, int]] = [(FORMER, 0)] if field.type is FieldType.SEGMENT else []
        return [*((choice, 1) for choice in choices_of(field, self.world.vocabulary)), *former]


FORMER = "(a segment that is no longer in the file)"
"""A run keeps the segment it began with, also when the file has lost it; that is no case to count."""


def _counting(field: Field) -> object:
    """How the values of a field are gone through; fields that are gone through alike can be put together."""
    sort = sort_of(field.type)
    if sort is Sort.TICK or (sort is Sort.CHOICE and (field.choices or field.type is FieldType.SEGMENT)):
        return "choice"
    return field.type if sort is Sort.NUMBER else sort


def knows(tests: Sequence[Test], vocabulary: Vocabulary) -> frozenset[str]:
    """The fields of which some test asks whether they are known, and those behind them."""
    asked = (atom.field for test in tests for atom in atoms_of(test) if isinstance(atom, Known))
    return frozenset(leaf for name in asked for leaf in rests_on(vocabulary.fields, name))

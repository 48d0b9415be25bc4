"""Values that no test tells apart, gathered into groups: each has one value that stands for all of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from engine.evaluate import truth
from engine.language.proving.atoms import Atom
from engine.model import EMPTY, Value, Values, Vocabulary
from engine.scene import is_known, value_of

Answers = tuple[bool | None, ...]
Candidate = tuple[Values, int]
"""Values of some fields (one that is left out is unknown), and how many cases they stand for."""


@dataclass(frozen=True, slots=True)
class World:
    """What is the same for every contact: the words of the file, the clock, and the fields asked ``is known``."""

    vocabulary: Vocabulary
    now: datetime
    asked: frozenset[str] = frozenset()

    def look(self, values: Values, name: str) -> Value:
        """A field of a contact as conditions see it."""
        return value_of(self.vocabulary, values, name)

    def answer(self, atom: Atom, values: Values) -> bool | None:
        """What the engine says of a single test."""
        look, known = partial(value_of, self.vocabulary, values), partial(is_known, self.vocabulary, values)
        return truth(atom, look, known, self.now, self.vocabulary.zone, self.vocabulary.holidays)


@dataclass(frozen=True, slots=True)
class Group:
    """Values that all get the same answers.

    ``ways`` is how many they are. ``unknown`` are the fields without a value, though no rule asks for that;
    ``blank`` are those that have no default either.
    """

    values: Values
    answers: Answers
    ways: int = 1
    unknown: frozenset[str] = frozenset()
    blank: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Axis:
    """Everything that one field can be, or several that are compared with each other.

    ``exact`` says that ``ways`` are numbers of values; otherwise each group counts as one case.
    """

    fields: tuple[str, ...]
    atoms: tuple[Atom, ...]
    groups: tuple[Group, ...]
    exact: bool = True

    @property
    def cases(self) -> int:
        """How many cases its groups hold."""
        return sum(group.ways for group in self.groups)

    def while_unknown(self, fields: frozenset[str]) -> Axis:
        """The part of it where, of the fields that it tells, exactly these are unknown."""
        here = fields.intersection(self.fields)
        return replace(self, groups=tuple(group for group in self.groups if group.unknown == here))


def axis_of(
    fields: Sequence[str], atoms: Sequence[Atom], candidates: Iterable[Candidate], world: World, *, exact: bool = True
) -> Axis:
    """The axis of some fields, from values that stand for all of theirs."""
    told = ((values, tuple(world.answer(atom, values) for atom in atoms), ways) for values, ways in candidates)
    groups = (group_of(fields, values, answers, ways, world) for values, answers, ways in told)
    merged = gathered(groups)
    if not exact:
        merged = tuple(replace(group, ways=min(group.ways, 1)) for group in merged)
    return Axis(tuple(fields), tuple(atoms), merged, exact)


def group_of(fields: Sequence[str], values: Values, answers: Answers, ways: int, world: World) -> Group:
    """A group of its own for some values."""
    unknown = frozenset(name for name in fields if name not in values)
    blank = frozenset(name for name in unknown if world.look(values, name) is None)
    return Group(values, answers, ways, unknown - world.asked, blank)


def gathered(groups: Iterable[Group]) -> tuple[Group, ...]:
    """Groups with the same answers as one; the first gives its values, as the most readable."""
    found: dict[tuple[Answers, frozenset[str], frozenset[str]], Group] = {}
    for group in groups:
        key = group.answers, group.unknown, group.blank
        known = found.get(key)
        found[key] = replace(known, ways=known.ways + group.ways) if known else group
    return tuple(found.values())


def free_axis(atom: Atom) -> Axis:
    """A test that nothing is known about: it may be true, false or undecided."""
    answers: tuple[Answers, ...] = ((True,), (False,), (None,))
    return Axis((), (atom,), tuple(Group(EMPTY, one) for one in answers), exact=False)

"""Two versions of the segment rules, and who would be in another segment by the new one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from engine.computing import rests_on
from engine.language.proving.groups import Answers, World
from engine.language.proving.interview import Ask, Leaf, interview
from engine.language.proving.segments import decided_tests, from_the_top
from engine.language.proving.spaces import knows, space_of
from engine.language.proving.stated import reaching
from engine.model import Field, Values, Vocabulary


class NotAlikeError(Exception):
    """A field of which rules ask means something else in the other version."""

    def __init__(self, before: Field, after: Field) -> None:
        if before.type is not after.type:
            super().__init__(f"{after.name} was of type {before.type} and is of type {after.type}")
        else:
            super().__init__(f"{after.name} is computed in another way than it was")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where rules put a contact: in a segment, in none, or nowhere yet, since a value is missing."""

    segment: str | None = None
    held: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Cases that one version puts here and the other there, and a contact of them."""

    before: Place
    after: Place
    cases: int
    example: Values
    telling: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Of all cases, those that move. ``defaults`` are fields whose default differs: whose is unknown may move, too."""

    total: int
    exact: bool
    moves: tuple[Move, ...]
    defaults: tuple[str, ...]


def compare(old: Vocabulary, new: Vocabulary, now: datetime) -> Comparison:
    """Ask every contact that either version allows by both. Raises ``TooManyCasesError``, ``NotAlikeError``."""
    before, after = decided_tests(old), decided_tests(new)
    tests = (*before, *after)
    words = replace(new, fields=_together(old.fields, new.fields, _read(old) | _read(new)))
    space = space_of(tests, World(words, now, knows(tests, words))).while_unknown()
    found: dict[tuple[Place, Place], list[Leaf]] = {}
    for leaf in interview(space, _both(len(before), len(after))):
        cut = _end_of_first(leaf.answers, len(before)) or 0
        ways = _ends(old, leaf.answers[:cut], len(before)), _ends(new, leaf.answers[cut:], len(after))
        found.setdefault(ways, []).append(leaf)
    return Comparison(
        total=space.cases,
        exact=space.exact,
        moves=tuple(
            Move(
                before=one,
                after=two,
                cases=sum(leaf.cases for leaf in leaves),
                example=leaves[0].example,
                telling=leaves[0].telling,
            )
            for (one, two), leaves in found.items()
            if one != two
        ),
        defaults=tuple(_other_defaults(old.fields, new.fields, _read(old) & _read(new))),
    )


def _read(words: Vocabulary) -> frozenset[str]:
    """The fields that the rules ask for, and those behind computed ones."""
    conditions = (rule.condition for rule in words.segments)
    asked = {name for one in conditions if one is not None for name in one.fields}
    return frozenset(asked.union(*(rests_on(words.fields, name) for name in asked)))


def _together(old: Mapping[str, Field], new: Mapping[str, Field], names: frozenset[str]) -> Mapping[str, Field]:
    """Every field with all values that it may have in one version or the other."""
    found = {**old, **new}
    for name in sorted(names & old.keys() & new.keys()):
        before, after = old[name], new[name]
        if (before.type, before.computed) != (after.type, after.computed):
            raise NotAlikeError(before, after)
        choices = tuple(dict.fromkeys((*before.choices, *after.choices)))
        found[name] = replace(reaching(after, before), choices=choices)
    return found


def _other_defaults(old: Mapping[str, Field], new: Mapping[str, Field], names: frozenset[str]) -> Iterator[str]:
    return (name for name in sorted(names & old.keys() & new.keys()) if old[name].default != new[name].default)


def _both(before: int, after: int) -> Ask:
    """The tests of the one version from the top, then those of the other."""
    then = from_the_top(range(after))

    def ask(answers: Answers) -> int | None:
        cut = _end_of_first(answers, before)
        if cut is None:
            return len(answers)
        more = then(answers[cut:])
        return None if more is None else before + more

    return ask


def _end_of_first(answers: Answers, before: int) -> int | None:
    """How many answers the first version needed; None when it has not decided."""
    decided = next((index + 1 for index, answer in enumerate(answers[:before]) if answer is not False), None)
    return decided or (before if len(answers) >= before else None)


def _ends(words: Vocabulary, answers: Answers, tests: int) -> Place:
    """Where the rules of a version put those who answer like this."""
    if answers and answers[-1] is None:
        return Place(held=True)
    taken = len(answers) - 1 if answers and answers[-1] else tests
    return Place(segment=words.segments[taken].name if taken < len(words.segments) else None)

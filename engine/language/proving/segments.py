"""Which segment rule takes which contacts: how many, an example each, and which rules never take anybody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import takewhile
from typing import NamedTuple

from engine.evaluate import missing_fields
from engine.language.proving.groups import Answers, World
from engine.language.proving.interview import Ask, Leaf, interview
from engine.language.proving.spaces import Space, knows, space_of
from engine.model import SegmentRule, Test, Values, Vocabulary
from engine.scene import really_missing, segment_of, value_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one rule takes (or none of them): counted cases, and a contact of them, None where none could be made.

    ``telling`` are the fields of the example that decide.
    """

    rule: SegmentRule | None
    cases: int
    example: Values | None
    telling: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What ``rule`` cannot decide on while ``missing`` are unknown: ``cases`` of ``total``, and a contact of them.

    ``field`` is the one that is taken for unknown here; None where the cases are among the counted ones.
    """

    field: str | None
    missing: frozenset[str]
    rule: SegmentRule
    cases: int
    total: int
    example: Values
    telling: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Never:
    """Why a rule takes nobody: it is never true, or ``above`` (and what is held at ``waits``) come first."""

    rule: SegmentRule
    above: tuple[SegmentRule, ...] = ()
    waits: tuple[SegmentRule, ...] = ()
    contradiction: bool = False


class Extent(NamedTuple):
    """How much one field can be, or several that are compared with each other."""

    fields: tuple[str, ...]
    cases: int
    exact: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Every counted case, by the rule that takes it. ``exact`` says that a case is one set of values.

    Counted is a contact whose fields are all known, and one with an unknown field where a rule asks for that.
    """

    total: int
    exact: bool
    extents: tuple[Extent, ...]
    shares: tuple[Share, ...]
    nobody: Share
    held: tuple[Held, ...]
    never: tuple[Never, ...]


def prove(vocabulary: Vocabulary, now: datetime) -> Proof:
    """Look at every contact that the fields allow. Raises ``TooManyCasesError``."""
    return _Prover(vocabulary, now).proof()


def decided_tests(vocabulary: Vocabulary) -> tuple[Test, ...]:
    """The tests of the rules that are asked: those above ``otherwise``."""
    conditions = takewhile(lambda one: one is not None, (rule.condition for rule in vocabulary.segments))
    return tuple(condition.test for condition in conditions if condition is not None)


def from_the_top(tests: Sequence[object]) -> Ask:
    """Ask one test after the other until one is not false."""

    def ask(answers: Answers) -> int | None:
        open_still = not answers or answers[-1] is False
        return len(answers) if open_still and len(answers) < len(tests) else None

    return ask


class _Prover:
    def __init__(self, vocabulary: Vocabulary, now: datetime) -> None:
        self.vocabulary = vocabulary
        self.now = now
        self.tests = decided_tests(vocabulary)
        self.rules = vocabulary.segments[: len(self.tests) + 1]
        self.space = space_of(self.tests, World(vocabulary, now, knows(self.tests, vocabulary)))

    def proof(self) -> Proof:
        """Where everybody goes, then what becomes of people of whom one field is not known."""
        known = self.space.while_unknown()
        taken, held = self._parted(known)
        unknown = ((name, self._parted(self.space.while_unknown(name))[1]) for name in self._may_be_unknown())
        return Proof(
            total=known.cases,
            exact=known.exact,
            extents=tuple(Extent(axis.fields, axis.cases, axis.exact) for axis in known.axes if axis.fields),
            shares=tuple(self._share(rule, taken.get(index, [])) for index, rule in enumerate(self.rules)),
            nobody=self._share(None, taken.get(len(self.rules), [])),
            held=tuple(one for name, some in ((None, held), *unknown) for one in self._held(name, some)),
            never=tuple(self._never(index) for index in range(len(self.rules)) if not self._reached(index, taken)),
        )

    def _parted(self, space: Space) -> tuple[dict[int, list[Leaf]], list[Leaf]]:
        """The leaves by the rule that takes them (or none: one number further), and those that are held."""
        taken: dict[int, list[Leaf]] = {}
        held: list[Leaf] = []
        for leaf in interview(space, from_the_top(self.tests)):
            last = leaf.answers[-1] if leaf.answers else False
            if last is None:
                held.append(leaf)
            else:
                taken.setdefault(len(leaf.answers) - last, []).append(leaf)
        return taken, held

    def _may_be_unknown(self) -> list[str]:
        groups = [group for axis in self.space.axes for group in axis.groups]
        return list(dict.fromkeys(name for group in groups for name in sorted(group.blank & group.unknown)))

    def _share(self, rule: SegmentRule | None, leaves: Sequence[Leaf]) -> Share:
        cases = sum(leaf.cases for leaf in leaves)
        for leaf in sorted(leaves, key=lambda leaf: not leaf.cases):
            if segment_of(self.vocabulary, leaf.example, self.now).rule is rule:
                return Share(rule=rule, cases=cases, example=leaf.example, telling=leaf.telling)
        return Share(rule=rule, cases=cases, example=None)

    def _held(self, field: str | None, leaves: Sequence[Leaf]) -> Iterator[Held]:
        found: dict[frozenset[str], list[Leaf]] = {}
        for leaf in leaves:
            found.setdefault(self._missing(leaf), []).append(leaf)
        for missing, some in found.items():
            first = some[0]
            yield Held(
                field=field,
                missing=missing,
                rule=self.rules[len(first.answers) - 1],
                cases=sum(leaf.cases for leaf in some),
                total=first.space.cases,
                example=first.example,
                telling=first.telling,
            )

    def _missing(self, leaf: Leaf) -> frozenset[str]:
        condition = self.rules[len(leaf.answers) - 1].condition
        look = partial(value_of, self.vocabulary, leaf.example)
        missing = missing_fields(condition, look) if condition else frozenset()
        return really_missing(self.vocabulary, leaf.example, missing)

    # -- Rules that take nobody -----------------------------------------------------------------

    def _reached(self, index: int, taken: Mapping[int, object]) -> bool:
        """Whether a rule takes anybody at all, also of people of whom some fields are not known."""
        order, ahead = self._it_first(index)
        asked = interview(self.space, _first_then_rest(order, ahead))
        return index in taken or any(len(leaf.answers) == len(order) and _falls(leaf, ahead) for leaf in asked)

    def _it_first(self, index: int) -> tuple[list[int], int]:
        """To ask a rule and then those above it; ``otherwise`` has nothing to ask. And how many must be true."""
        own = [index] if index < len(self.tests) else []
        return [*own, *range(index)], len(own)

    def _never(self, index: int) -> Never:
        rule = self.rules[index]
        if index < len(self.tests) and not any(leaf.answers == (True,) for leaf in self._asked(index)):
            return Never(rule=rule, contradiction=True)
        alone = next((one for one in range(index) if self._covers(one, index)), None)
        if alone is not None:
            return Never(rule=rule, above=(self.rules[alone],))
        above, waits = self._first_takers(index)
        return Never(rule=rule, above=above, waits=waits)

    def _asked(self, *indexes: int) -> Iterator[Leaf]:
        """Leaves of these tests, asked as long as the answer is yes."""
        return interview(self.space, _while_true(indexes))

    def _covers(self, above: int, index: int) -> bool:
        """Whether one rule takes all that a later one could take."""
        if index == len(self.tests):
            return False
        return all(leaf.answers == (True, True) for leaf in self._asked(index, above) if leaf.answers[0])

    def _first_takers(self, index: int) -> tuple[tuple[SegmentRule, ...], tuple[SegmentRule, ...]]:
        """The rules that take, and those that hold, what a later one could take."""
        order, ahead = self._it_first(index)
        ends: dict[int, set[bool | None]] = {}
        for leaf in interview(self.space, _first_then_rest(order, ahead)):
            if len(leaf.answers) > ahead:
                ends.setdefault(len(leaf.answers) - 1 - ahead, set()).add(leaf.answers[-1])
        takes = tuple(self.rules[one] for one, answers in sorted(ends.items()) if True in answers)
        holds = tuple(self.rules[one] for one, answers in sorted(ends.items()) if None in answers)
        return takes, holds


def _falls(leaf: Leaf, ahead: int) -> bool:
    """Whether the first answers are yes and all others no."""
    return all(leaf.answers[:ahead]) and not any(answer is not False for answer in leaf.answers[ahead:])


def _while_true(indexes: Sequence[int]) -> Ask:
    def ask(answers: Answers) -> int | None:
        wanted = len(answers) < len(indexes) and all(answers)
        return indexes[len(answers)] if wanted else None

    return ask


def _first_then_rest(order: Sequence[int], ahead: int) -> Ask:
    """The first ``ahead`` tests must be true; of the others, the first that is not false ends it."""

    def ask(answers: Answers) -> int | None:
        if len(answers) == len(order) or not all(answers[:ahead]):
            return None
        return None if any(answer is not False for answer in answers[ahead:]) else order[len(answers)]

    return ask

"""A walk over all contacts: questions are asked one after the other, and contacts parted where their answers differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import prod

from engine.evaluate import Single, decide
from engine.language.conditions.meaning import fields_of
from engine.language.proving.groups import Answers, Group
from engine.language.proving.spaces import MOST_QUESTIONS, Space
from engine.model import Value, Values

Ask = Callable[[Answers], int | None]
"""The next test to ask, by its position, given the answers so far; None when enough is known."""


class TooManyCasesError(Exception):
    """The conditions tell too many contacts apart to look at all of them."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """Contacts that answered alike: a group on some axes, anything on the others."""

    answers: Answers
    chosen: Mapping[int, Group]
    space: Space

    @property
    def cases(self) -> int:
        """How many cases it holds."""
        axes = enumerate(self.space.axes)
        return prod(self.chosen[index].ways if index in self.chosen else axis.cases for index, axis in axes)

    @property
    def example(self) -> Values:
        """One contact of it; a field that is left out is unknown."""
        values: dict[str, Value] = {}
        for index, axis in enumerate(self.space.axes):
            values.update(self.chosen.get(index, axis.groups[0]).values)
        return values

    @property
    def telling(self) -> tuple[str, ...]:
        """The fields that decided."""
        return tuple(name for index in self.chosen for name in self.space.axes[index].fields)


def interview(space: Space, ask: Ask) -> Iterator[Leaf]:
    """Every way to answer, each with the contacts that do. Raises ``TooManyCasesError``."""
    return _Walk(space, ask).visit(())


class _Walk:
    """The groups chosen so far, and what they tell."""

    def __init__(self, space: Space, ask: Ask) -> None:
        self.space = space
        self.ask = ask
        self.chosen: dict[int, Group] = {}
        self.told: dict[int, bool | None] = {}  # by the identity of a single test

    def visit(self, answers: Answers) -> Iterator[Leaf]:
        while (index := self.ask(answers)) is not None:
            answer = self._answer(index)
            fork = self._fork(index) if answer is None else None
            if fork is not None:
                yield from self._each(fork, answers)
                return
            answers = (*answers, answer)
        yield Leaf(answers, dict(self.chosen), self.space)

    def _answer(self, index: int) -> bool | None:
        return decide(self.space.tests[index], self._single)

    def _single(self, test: Single) -> bool | None:
        """What is known of a single test; of two fields, that also the values of both are there to be compared."""
        if next(self.space.asked) >= MOST_QUESTIONS:
            raise TooManyCasesError
        needs = self.space.between.get(id(test)) if self.space.between else None
        if needs is not None:
            groups = [self.chosen.get(axis) for axis in needs]
            if any(group is None or group.blank & _fields(test) for group in groups):
                return None
        return self.told.get(id(test))

    def _fork(self, index: int) -> int | None:
        """The next axis on which an answer may depend."""
        return next((axis for axis in self.space.needs[index] if axis not in self.chosen), None)

    def _each(self, index: int, answers: Answers) -> Iterator[Leaf]:
        axis = self.space.axes[index]
        for group in axis.groups:
            self.chosen[index] = group
            self.told.update(zip(map(id, axis.atoms), group.answers, strict=True))
            yield from self.visit(answers)
        del self.chosen[index]
        for atom in axis.atoms:
            del self.told[id(atom)]


def _fields(test: Single) -> frozenset[str]:
    return frozenset(fields_of(test))

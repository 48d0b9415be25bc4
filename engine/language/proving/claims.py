"""What can never be, and what always is: answers about conditions, remembered by what was asked."""

from __future__ import annotations

from datetime import UTC, datetime

from engine.language.conditions import parse_condition
from engine.language.proving.groups import Answers, World
from engine.language.proving.interview import TooManyCasesError, interview
from engine.language.proving.spaces import knows, space_of
from engine.model import Condition, Test, Vocabulary

ANY_DAY = datetime(2025, 11, 12, 12, 0, tzinfo=UTC)
"""Proofs hold on every day, so any will do to make them on."""

Demand = tuple[Test, bool]
"""A test, and whether it must be true; False asks that it is not, so it may be undecided."""


class Claims:
    """Answers about the conditions of one file."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.read: dict[str, Condition | None] = {}
        self.found: dict[tuple[Demand, ...], bool] = {}
        self.truths: dict[tuple[Test, bool], bool] = {}

    def condition(self, text: object) -> Condition | None:
        """The condition that a text says; None when it has a flaw."""
        if not isinstance(text, str):
            return None
        if text not in self.read:
            found = parse_condition(text, self.vocabulary)
            self.read[text] = found if isinstance(found, Condition) else None
        return self.read[text]

    def possible(self, *demands: Demand) -> bool:
        """Whether some contact may meet all demands at one moment. No is certain; yes may be too much."""
        if demands not in self.found:
            self.found[demands] = self._possible(demands)
        return self.found[demands]

    def always(self, test: Test, *, known: bool) -> bool:
        """Whether a test is true of everybody, or of everybody whose fields are known. Yes is certain."""
        asked = test, known
        if asked not in self.truths:
            self.truths[asked] = self._always(test, known)
        return self.truths[asked]

    def _always(self, test: Test, known: bool) -> bool:
        space = space_of([test], self._world(test))
        part = space.while_unknown() if known else space
        try:
            return all(leaf.answers == (True,) for leaf in interview(part, lambda answers: None if answers else 0))
        except TooManyCasesError:
            return False

    def _possible(self, demands: tuple[Demand, ...]) -> bool:
        def ask(answers: Answers) -> int | None:
            return len(answers) if len(answers) < len(demands) and self._met(demands, answers) else None

        tests = [test for test, _ in demands]
        try:
            leaves = interview(space_of(tests, self._world(*tests)), ask)
            return any(len(leaf.answers) == len(demands) and self._met(demands, leaf.answers) for leaf in leaves)
        except TooManyCasesError:
            return True

    @staticmethod
    def _met(demands: tuple[Demand, ...], answers: Answers) -> bool:
        """Whether the last answer is what was demanded; those before it were."""
        return not answers or (answers[-1] is True) is demands[len(answers) - 1][1]

    def _world(self, *tests: Test) -> World:
        return World(self.vocabulary, ANY_DAY, knows(tests, self.vocabulary))

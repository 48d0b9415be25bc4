"""choose: take the first branch whose condition is true; the branches meet again after it."""

from __future__ import annotations

from dataclasses import dataclass

from engine.model import Condition, Jump, Move
from engine.scene import Scene
from engine.steps.kind import Reader, Spec


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """One way: when to take it (None: otherwise) and the step it begins with."""

    when: Condition | None
    first: str | None


@dataclass(frozen=True, slots=True)
class Choose:
    """The ways, in order, and the step where all of them meet."""

    branches: tuple[Branch, ...]
    meet: str | None

    def move(self, scene: Scene) -> Move:
        """Jump into the first way that is open, else past all of them."""
        for branch in self.branches:
            if branch.when is None:
                return Jump(branch.first, "otherwise")
            if scene.holds(branch.when):
                return Jump(branch.first, branch.when.text)
        return Jump(self.meet, "no branch applies")


def read(spec: Spec, reader: Reader) -> Choose:
    """A list of ``{when, steps}``; the last may be ``{otherwise: steps}``."""
    branches = tuple(
        Branch(when=None, first=reader.block(way["otherwise"]))
        if "otherwise" in way
        else Branch(when=reader.condition(way["when"]), first=reader.block(way["steps"]))
        for way in spec["choose"]
    )
    return Choose(branches, reader.block(()))


def target(spec: Spec) -> str:
    """A choice has no target: two of them in one sequence need ids."""
    return ""

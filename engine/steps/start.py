"""start: enrol the contact in a sequence; the sequence's re-entry rules say whether it begins."""

from __future__ import annotations

from dataclasses import dataclass

from engine.model import Do, Move, StartRun
from engine.scene import Scene
from engine.steps.kind import Reader, Spec


@dataclass(frozen=True, slots=True)
class Start:
    """The name of the sequence."""

    sequence: str

    def move(self, scene: Scene) -> Move:
        """Ask for the enrolment."""
        return Do(StartRun(sequence=self.sequence), self.sequence)


def read(spec: Spec, reader: Reader) -> Start:
    """A sequence's name."""
    return Start(spec["start"])


def target(spec: Spec) -> str:
    """The sequence."""
    return str(spec["start"])

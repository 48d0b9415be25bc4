"""stop: end this run with a reason, or end the contact's runs of another sequence."""

from __future__ import annotations

from dataclasses import dataclass

from engine.model import Do, Finish, Move, RunStatus, StopRuns
from engine.scene import Scene
from engine.steps.kind import Reader, Spec


@dataclass(frozen=True, slots=True)
class StopThis:
    """End the run whose step this is."""

    reason: str

    def move(self, scene: Scene) -> Move:
        """The end, with the author's reason."""
        return Finish(RunStatus.STOPPED, self.reason)


@dataclass(frozen=True, slots=True)
class StopSequence:
    """End the contact's runs of a sequence; this run goes on unless it is one of them.

    What this run was given tells which are meant, where the contact may have several (``enrolment.stopped_by``).
    """

    sequence: str

    def move(self, scene: Scene) -> Move:
        """Stop the others, or this one."""
        reason = f"stopped by {scene.program.name}"
        if scene.program.name == self.sequence:
            return Finish(RunStatus.STOPPED, reason)
        return Do(StopRuns(sequence=self.sequence, reason=reason, seen=scene.run.given), self.sequence)


def read(spec: Spec, reader: Reader) -> StopThis | StopSequence:
    """A reason, or ``{sequence: NAME}``."""
    stop = spec["stop"]
    return StopThis(stop) if isinstance(stop, str) else StopSequence(stop["sequence"])


def target(spec: Spec) -> str:
    """The sequence, where it names one."""
    return "" if isinstance(spec["stop"], str) else str(spec["stop"]["sequence"])

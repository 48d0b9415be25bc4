"""wait: the gap before the next step. It is no step: a run never stands on it."""

from __future__ import annotations

from dataclasses import dataclass

from engine.model import Duration, IfPast, IfUnknown, Move, Next, Wait
from engine.scene import Scene
from engine.steps.kind import Reader, Spec

ONE_MINUTE = Duration(text="1 minute", seconds=60)


@dataclass(frozen=True, slots=True)
class Rest:
    """What a list of steps ends with when its last word is a wait: a place to stand while waiting."""

    def move(self, scene: Scene) -> Move:
        """Nothing is left to do."""
        return Next()


def read(spec: Spec, reader: Reader, line: int = 0) -> Wait:
    """How long, and what to do when the moment has passed or cannot be told."""
    testing, when = spec.get("testing"), spec.get("when")
    return Wait(
        text=str(spec["wait"]),
        until=reader.until(spec["wait"]),
        window=reader.window(spec.get("between"), spec.get("only_on")),
        testing=reader.duration(testing) if testing else ONE_MINUTE,
        if_past=IfPast(spec.get("if_past", IfPast.SKIP)),
        if_unknown=IfUnknown(spec.get("if_unknown", IfUnknown.HOLD)),
        when=reader.condition(when) if when else None,
        line=line,
    )

"""What a verb may answer when its turn comes: any number of verbs, five moves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from engine.model.effects import Effect
from engine.model.runs import RunStatus


@dataclass(frozen=True, slots=True)
class Next:
    """Done; go to the step that follows."""

    note: str = ""


@dataclass(frozen=True, slots=True)
class Jump:
    """Go to another step (None: past the last one)."""

    to: str | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Sleep:
    """Not before this moment."""

    until: datetime
    note: str = ""


@dataclass(frozen=True, slots=True)
class Do:
    """Ask the world for something."""

    effect: Effect
    note: str = ""


@dataclass(frozen=True, slots=True)
class Finish:
    """The run is over, or (held) waits for a person or a value."""

    status: Literal[RunStatus.FINISHED, RunStatus.STOPPED, RunStatus.FAILED, RunStatus.HELD]
    reason: str


Move = Next | Jump | Sleep | Do | Finish

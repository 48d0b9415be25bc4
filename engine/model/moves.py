"""What a verb may answer when its turn comes: any number of verbs, five moves."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from engine.model.effects import Effect
from engine.model.noun import Noun
from engine.model.runs import RunStatus


class Next(Noun, frozen=True):
    """Done; go to the step that follows."""

    note: str = ""


class Jump(Noun, frozen=True):
    """Go to another step (None: past the last one)."""

    to: str | None
    note: str = ""


class Sleep(Noun, frozen=True):
    """Not before this moment."""

    until: datetime
    note: str = ""


class Do(Noun, frozen=True):
    """Ask the world for something."""

    effect: Effect
    note: str = ""


class Finish(Noun, frozen=True):
    """The run is over, or (held) waits for a person or a value."""

    status: Literal[RunStatus.FINISHED, RunStatus.STOPPED, RunStatus.FAILED, RunStatus.HELD]
    reason: str


Move = Next | Jump | Sleep | Do | Finish

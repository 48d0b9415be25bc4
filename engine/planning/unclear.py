"""The one question that a file must not leave open: whether a step was renamed or replaced."""

from __future__ import annotations

from engine.errors import Problem, Severity
from engine.model import Playbook, Spot
from engine.planning.edits import StepReplaced
from engine.planning.told import people


def unclear_rename(edit: StepReplaced, new: Playbook, file: str, there: int | None = None) -> Problem:
    """A step has gone, and nobody says whether another one is the same. ``there`` is how many people wait at it."""
    waiting = "" if there is None else f", and {people(there)} {'waits' if there == 1 else 'wait'} there"
    spot = new.sequences[edit.program].steps[edit.by].spot or Spot(file, 1, 1, 1)
    return Problem(
        file=spot.file or file,
        line=spot.line,
        column=spot.column,
        end_line=spot.line,
        end_column=spot.end_column,
        severity=Severity.ERROR,
        rule="unclear-rename",
        message=f'"{edit.step}" of {edit.program} has gone and "{edit.by}" stands in its place{waiting}: a rename?',
        hint=f"write  was: {edit.step}  if it is the same step, or  was: nothing  if it is a new one",
    )

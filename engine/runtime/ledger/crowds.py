"""How many people stand at each step, for pictures: counted by the database, nobody is read."""

from __future__ import annotations

from dataclasses import dataclass

from engine.runtime.ledger.run_rows import LIVE
from engine.runtime.ledger.session import Session, Statement

# ruff: noqa: S608 - the only words put into SQL here are our own

_CROWDS = Statement(f"""
    SELECT step,
        SUM(CASE WHEN paused_at IS NULL AND status <> 'held' THEN 1 ELSE 0 END),
        SUM(CASE WHEN paused_at IS NULL AND status = 'held' THEN 1 ELSE 0 END),
        SUM(CASE WHEN paused_at IS NOT NULL THEN 1 ELSE 0 END)
    FROM runs WHERE program = :program AND status IN {LIVE} GROUP BY step ORDER BY step
""")


@dataclass(frozen=True, slots=True)
class StepCrowd:
    """Everybody whose next step this is: who waits for it, who is held at it, who is paused there."""

    step: str
    waiting: int
    held: int
    paused: int


class Crowds(Session):
    """Statements that count."""

    def standing_by_step(self, program: str) -> list[StepCrowd]:
        """The steps of a program at which somebody stands. Who has no step yet stands at an empty name."""
        rows = self._all(_CROWDS, program=program)
        return [StepCrowd(step or "", int(waiting), int(held), int(paused)) for step, waiting, held, paused in rows]

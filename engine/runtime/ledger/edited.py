"""What the ledger keeps of edits of the file: where steps went, and runs whose moment is another one now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from engine.model import Moved, Run
from engine.runtime.ledger.encoding import millis
from engine.runtime.ledger.run_rows import LIVE
from engine.runtime.ledger.session import Session, Statement

_MOVED = Statement("SELECT program, step, to_step, renamed FROM moved ORDER BY program, step")
_MOVE = Statement("""
    INSERT INTO moved (program, step, to_step, renamed) VALUES (:program, :step, :to_step, :renamed)
    ON CONFLICT (program, step) DO UPDATE SET to_step = excluded.to_step, renamed = excluded.renamed
""")
_COUNT_AT = Statement(f"""
    SELECT count(*) FROM runs WHERE program = :program AND status IN {LIVE} AND step = :step AND pinned IS NULL
""")  # noqa: S608 - our own words
# Jumps from one number to the next in the index, so that a million pinned runs cost nothing.
_PINNED = Statement("""
    WITH RECURSIVE seen (number) AS (
        SELECT min(pinned) FROM runs WHERE pinned IS NOT NULL
        UNION ALL
        SELECT (SELECT min(r.pinned) FROM runs AS r WHERE r.pinned IS NOT NULL AND r.pinned > seen.number) FROM seen
        WHERE seen.number IS NOT NULL
    ) SELECT number FROM seen WHERE number IS NOT NULL
""")
# Who is in hand is looked at once more as soon as it is given back: the worker may have had the file of before.
_RESET = Statement("""
    UPDATE runs SET due_at = :due_at,
        wake_at = CASE WHEN lease_until > :now THEN wake_at ELSE :due_at END,
        poked_at = CASE WHEN lease_until > :now THEN :now ELSE poked_at END
    WHERE id = :id AND status = 'waiting' AND paused_at IS NULL AND step = :step
""")


class Edited(Session):
    """Statements about people in flight when the file changes."""

    def moved(self) -> dict[str, dict[str, Moved]]:
        """Where the people are now of steps that are no longer in the file under their ids, by program and step."""
        found: dict[str, dict[str, Moved]] = {}
        for program, step, to, renamed in self._all(_MOVED):
            found.setdefault(program, {})[step] = Moved(to, renamed=bool(renamed))
        return found

    def put_moved(self, moved: Mapping[str, Mapping[str, Moved]]) -> None:
        """Keep where steps went, over what was said of them before."""
        for program, steps in moved.items():
            for step, one in steps.items():
                self._do(_MOVE, program=program, step=step, to_step=one.to, renamed=int(one.renamed))

    def standing_at(self, program: str, step: str) -> int:
        """How many runs stand before a step and follow the file as it is."""
        row = self._first(_COUNT_AT, program=program, step=step)
        return int(row[0]) if row else 0

    def pinned_revisions(self) -> list[int]:
        """The numbers of all versions of the file that runs have kept."""
        return [row[0] for row in self._all(_PINNED)]

    def reset_due(self, runs: Iterable[tuple[Run, datetime]], now: datetime) -> None:
        """Waiting runs want to be looked at at another moment, those of them that stand where they stood."""
        self._many(
            _RESET,
            [{"id": run.id, "step": run.step, "due_at": millis(due), "now": millis(now)} for run, due in runs],
        )

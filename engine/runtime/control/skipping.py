"""Runs leave out the step that they stand before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.interpreter import advance
from engine.model import Skipped
from engine.resuming import end_of_gap
from engine.runtime.control.facts import IN_HAND, LIVE, Facts, because, is_over, settle
from engine.runtime.control.selection import Selection
from engine.runtime.ledger import Transaction
from engine.runtime.ledger.control import Standing


@dataclass(frozen=True, slots=True)
class Skip:
    """Runs leave out the step that they stand before."""

    reason: str | None = None
    name = "skip"
    statuses = LIVE
    paused = None
    needs_hands = True
    needs_contacts = True

    @property
    def event(self) -> Skipped:
        """What happens to the run."""
        return Skipped(because("left out by hand", self.reason))

    def takes_triggers(self, selection: Selection) -> bool:
        """Only a run that is named."""
        return selection.run is not None

    def unfit(self, standing: Standing) -> str | None:
        """It must live."""
        return is_over(standing)

    def refusal(self, standing: Standing, facts: Facts) -> str | None:
        """There must be a step to leave out, and a file that says what follows it."""
        run, program = standing.run, facts.program(standing.run)
        if run.step is None:
            return "it has no step left: it ends at its next look"
        if program is None:
            return f"{run.program} is no longer in the file, so nobody can say what follows"
        if program.standing_before(run.step) is None:
            return f'step "{run.step}" is no longer in the file; say which step it is now with  was: {run.step}'
        return None

    def due(self, standing: Standing, facts: Facts) -> datetime | None:
        """When the gap behind the step is over, which begins now."""
        program, contact = facts.program(standing.run), facts.contacts.get(standing.run.contact_id)
        if program is None or contact is None or standing.paused:
            return None
        after = advance(program, standing.run, contact, self.event, facts.now).run
        return end_of_gap(program, after, contact, facts.now) if after.step else None

    def apply(self, tx: Transaction, page: Sequence[Standing], facts: Facts, revision: str) -> set[str]:
        """Take them in hand and let the interpreter leave the step out."""
        programs = {one.run.id: facts.program(one.run) for one in page}
        taken = tx.take([one.run.id for one in page if programs[one.run.id]], facts.now, IN_HAND)
        decisions = [
            advance(program, one.run, one.contact, self.event, facts.now)
            for one in taken
            if (program := programs[one.run.id]) is not None
        ]
        return settle(tx, decisions, revision)

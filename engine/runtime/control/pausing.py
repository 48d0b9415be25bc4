"""Runs stand still until somebody lets them go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.model import Entry
from engine.runtime.control.facts import LIVE, Facts, because, is_over, of_trigger
from engine.runtime.control.selection import Selection
from engine.runtime.ledger import Transaction
from engine.runtime.ledger.control import Standing


@dataclass(frozen=True, slots=True)
class Pause:
    """Runs stand still until somebody resumes them. Their waits are held."""

    reason: str | None = None
    name = "pause"
    statuses = LIVE
    paused = False
    needs_hands = False
    needs_contacts = False

    @property
    def words(self) -> str:
        """What the story says."""
        return because("paused by hand", self.reason)

    def takes_triggers(self, selection: Selection) -> bool:
        """What came in is always taken in."""
        return False

    def unfit(self, standing: Standing) -> str | None:
        """It must live, and not be paused."""
        if of_trigger(standing.run):
            return "it is the run of a trigger, and what comes in is always taken in; pause a sequence"
        return is_over(standing) or ("it is paused already" if standing.paused else None)

    def refusal(self, standing: Standing, facts: Facts) -> str | None:
        """Any live run can stand still."""
        return None

    def due(self, standing: Standing, facts: Facts) -> datetime | None:
        """Never."""
        return None

    def apply(self, tx: Transaction, page: Sequence[Standing], facts: Facts, revision: str) -> set[str]:
        """One statement, and a line in each story."""
        done = tx.pause_runs([one.run.id for one in page], facts.now)
        lines = [
            (one.run.id, Entry(at=facts.now, step=one.run.step, kind="pause", note=self.words))
            for one in page
            if one.run.id in done
        ]
        tx.tell(lines, revision)
        return done

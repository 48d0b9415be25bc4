"""Paused runs go on, and how they catch up: at once, spread over a time, or as if the pause had not been."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.model import Entry, Run
from engine.resuming import Spread, shifted
from engine.runtime.control.facts import LIVE, Facts, is_over
from engine.runtime.control.selection import Selection
from engine.runtime.ledger import Transaction
from engine.runtime.ledger.control import Standing
from engine.runtime.lengths import in_words


@dataclass(frozen=True, slots=True)
class AtOnce:
    """Whatever is overdue is due now."""

    words = "now"


@dataclass(frozen=True, slots=True)
class Over:
    """What is overdue is spread evenly over a length of time, the oldest first."""

    length: timedelta

    @property
    def words(self) -> str:
        """As the shell has it."""
        return f"spread {in_words(self.length)}"


@dataclass(frozen=True, slots=True)
class Shift:
    """The time paused does not count."""

    words = "shift"


CatchUp = AtOnce | Over | Shift


@dataclass(frozen=True, slots=True)
class Resume:
    """Paused runs go on. ``spread`` has a place for each that is overdue; it is made when all of them are known."""

    catch_up: CatchUp
    spread: Spread | None = None
    name = "resume"
    statuses = LIVE
    paused = True
    needs_hands = False
    needs_contacts = True

    def placing(self, overdue: Iterable[datetime], now: datetime) -> Resume:
        """The same, with a place for each of these."""
        if not isinstance(self.catch_up, Over):
            return self
        return Resume(self.catch_up, Spread(overdue, now, self.catch_up.length))

    def takes_triggers(self, selection: Selection) -> bool:
        """Nobody pauses them by hand, but a restored backup does."""
        return True

    def unfit(self, standing: Standing) -> str | None:
        """It must be paused."""
        return is_over(standing) or (None if standing.paused else "it is not paused")

    def refusal(self, standing: Standing, facts: Facts) -> str | None:
        """Any paused run can go on."""
        return None

    def due(self, standing: Standing, facts: Facts) -> datetime | None:
        """When it would be looked at; what is to be spread counts as due now."""
        run = self._shifted(standing, facts)
        return (run.due_at or facts.now) if run.step else None

    def apply(self, tx: Transaction, page: Sequence[Standing], facts: Facts, revision: str) -> set[str]:
        """Give each its time, and a line in its story."""
        moved = [(one, self._moved(one, facts)) for one in page if one.paused]
        tx.resume_runs(moved, facts.now)
        tx.tell([(run.id, self._entry(one, run, facts.now)) for one, run in moved], revision)
        return {run.id for _, run in moved}

    def _shifted(self, standing: Standing, facts: Facts) -> Run:
        run, contact = standing.run, facts.contacts.get(standing.run.contact_id)
        if not isinstance(self.catch_up, Shift) or contact is None or standing.paused_at is None:
            return run
        return shifted(facts.program(run), run, contact, standing.paused_at, facts.now)

    def _moved(self, standing: Standing, facts: Facts) -> Run:
        run = self._shifted(standing, facts)
        due = run.due_at or facts.now
        if self.spread is not None and due <= facts.now:
            due = self.spread.place(due)
        elif standing.poked:
            due = min(due, facts.now)  # its contact has changed meanwhile: what it waits for may have moved
        return run.evolve(due_at=due)

    def _entry(self, standing: Standing, run: Run, now: datetime) -> Entry:
        paused = f" after {in_words(now - standing.paused_at)}" if standing.paused_at else ""
        counts = "; the time paused does not count" if run.since != standing.run.since else ""
        until = run.due_at if run.due_at and run.due_at > now else None
        return Entry(at=now, step=run.step, kind="resume", note=f"resumed by hand{paused}{counts}", until=until)

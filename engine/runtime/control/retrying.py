"""Held and failed runs are tried again, with fresh tries; but no email that may be out already, unless that is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.asking import UNSURE
from engine.model import Entry, Run, RunStatus
from engine.patience import KEY_MEMORY
from engine.runtime.control.facts import Facts
from engine.runtime.control.selection import Selection
from engine.runtime.ledger import Transaction
from engine.runtime.ledger.control import Standing

_DONE = (RunStatus.FINISHED, RunStatus.STOPPED)


@dataclass(frozen=True, slots=True)
class Retry:
    """Runs are due now, and their tries begin anew. ``send_again`` takes the risk of a second copy."""

    send_again: bool = False
    name = "retry"
    statuses = (RunStatus.HELD, RunStatus.FAILED)
    paused = False
    needs_hands = True
    needs_contacts = False

    def takes_triggers(self, selection: Selection) -> bool:
        """A trigger may be held as well."""
        return True

    def unfit(self, standing: Standing) -> str | None:
        """It must be held, or have failed."""
        status = standing.run.status
        if standing.paused:
            return "it is paused: resume it"
        return (
            None if status in self.statuses else f"it is {status.value}: only what is held or has failed is tried again"
        )

    def refusal(self, standing: Standing, facts: Facts) -> str | None:
        """Not twice, and not beside a newer run."""
        run = standing.run
        if not self.send_again and unsure(run, facts.now):
            return f"{UNSURE}; skip counts it as sent, retry --send-again may send it twice"
        if run.status is RunStatus.FAILED and (newer := _newer(run, facts)):
            return f"a newer run of the same person in {run.program} is {newer.status.value}: {newer.id}"
        return None

    def due(self, standing: Standing, facts: Facts) -> datetime | None:
        """At once."""
        return facts.now

    def apply(self, tx: Transaction, page: Sequence[Standing], facts: Facts, revision: str) -> set[str]:
        """Two statements, and a line in each story."""
        risky = [one.run.id for one in page if unsure(one.run, facts.now)] if self.send_again else []
        safe = [one.run.id for one in page if one.run.id not in risky]
        again = tx.retry_runs(risky, facts.now, send_again=True)
        done = tx.retry_runs(safe, facts.now, send_again=False) | again
        tx.tell([(one.run.id, _entry(one.run, again, facts.now)) for one in page if one.run.id in done], revision)
        return done


def unsure(run: Run, now: datetime) -> bool:
    """Whether an email may be out that the provider would not recognise any more."""
    if not run.in_doubt:
        return False
    forgotten = run.asked_at is not None and now - run.asked_at > KEY_MEMORY
    return forgotten or (run.reason or "").startswith(UNSURE)


def _newer(run: Run, facts: Facts) -> Run | None:
    """A later run that lives, or that could be tried again itself."""
    later = [one for one in facts.runs.get(run.contact_id, ()) if (one.started_at, one.id) > (run.started_at, run.id)]
    open_ones = [one for one in later if one.program == run.program and one.status not in _DONE]
    return open_ones[-1] if open_ones else None


def _entry(run: Run, again: set[str], now: datetime) -> Entry:
    risk = ", although it may have been sent already" if run.id in again else ""
    return Entry(at=now, step=run.step, kind="again", note=f"tried again by hand{risk}")

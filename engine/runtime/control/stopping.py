"""Runs are ended by hand, whatever the file says of them now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.interpreter import stop
from engine.runtime.control.facts import IN_HAND, LIVE, Facts, because, is_over, settle
from engine.runtime.control.selection import Selection
from engine.runtime.ledger import Transaction
from engine.runtime.ledger.control import Standing


@dataclass(frozen=True, slots=True)
class Stop:
    """Runs end, with a reason."""

    reason: str | None = None
    name = "stop"
    statuses = LIVE
    paused = None
    needs_hands = True
    needs_contacts = False

    def takes_triggers(self, selection: Selection) -> bool:
        """What has come in and has not yet started anything is undone too, unless a sequence is named."""
        return True

    def unfit(self, standing: Standing) -> str | None:
        """It must live."""
        return is_over(standing)

    def refusal(self, standing: Standing, facts: Facts) -> str | None:
        """Any live run can be ended."""
        return None

    def due(self, standing: Standing, facts: Facts) -> datetime | None:
        """Never."""
        return None

    def apply(self, tx: Transaction, page: Sequence[Standing], facts: Facts, revision: str) -> set[str]:
        """Take them in hand, end them, write that down."""
        words = because("stopped by hand", self.reason)
        taken = tx.take([one.run.id for one in page], facts.now, IN_HAND)
        return settle(tx, [stop(one.run, one.contact, words, facts.now) for one in taken], revision)

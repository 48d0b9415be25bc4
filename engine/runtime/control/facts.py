"""What actions share: what they know beside a run, and how they write down what they decided.

An action says which statuses it is for; whether there is nothing to do to a run (``unfit``), or it cannot be done
(``refusal``), in a sentence each; when the run would be looked at because of it (``due``, None for never); and it
does it to a page of runs in one transaction (``apply``), which answers with the ids of those it was done to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from engine.model import TRIGGER_PREFIX, Contact, Decision, Playbook, Program, Run, RunStatus
from engine.runtime.ledger import Transaction
from engine.runtime.ledger.control import Standing

LIVE = (RunStatus.READY, RunStatus.WAITING, RunStatus.SENDING, RunStatus.CALLING, RunStatus.HELD)
IN_HAND = timedelta(minutes=1)
"""How long an action has runs in hand: until its transaction ends, if the clock does not jump."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known beside the runs of a page: the file as it runs now, their contacts, all runs of who failed."""

    now: datetime
    playbook: Playbook | None = None
    contacts: Mapping[str, Contact] = field(default_factory=dict)
    runs: Mapping[str, Sequence[Run]] = field(default_factory=dict)

    def program(self, run: Run) -> Program | None:
        """The program of a run, as the file has it now, or had it when the run began, if it keeps that."""
        return self.playbook.program_of(run) if self.playbook else None


def because(words: str, reason: str | None) -> str:
    """``paused by hand: wrong prices``."""
    return f"{words}: {reason}" if reason else words


def is_over(standing: Standing) -> str | None:
    """Why nothing can be done to a run that has ended."""
    run = standing.run
    return f"it is over: {because(run.status.value, run.reason)}" if run.status.ended else None


def of_trigger(run: Run) -> bool:
    """Whether it is the ``then:`` of a trigger and no sequence."""
    return run.program.startswith(TRIGGER_PREFIX)


def settle(tx: Transaction, decisions: Sequence[Decision], revision: str) -> set[str]:
    """Write what was decided on runs that were taken in this transaction; none of it asks anything of the world."""
    tx.settle([one.run for one in decisions])
    tx.tell([(one.run.id, entry) for one in decisions for entry in one.story], revision)
    return {one.run.id for one in decisions}

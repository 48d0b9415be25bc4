"""What an action would do, counted before anything is done: whom, where they stand, and how much would go out soon."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from sys import intern

from engine.model import Run
from engine.runtime.control.facts import Facts, of_trigger
from engine.runtime.control.pausing import Pause
from engine.runtime.control.resuming import Over, Resume
from engine.runtime.control.retrying import Retry
from engine.runtime.control.selection import Selection
from engine.runtime.control.skipping import Skip
from engine.runtime.control.stopping import Stop
from engine.runtime.ledger.control import Standing

Action = Pause | Resume | Skip | Retry | Stop

SOON = timedelta(minutes=10)
"""Emails that would go out within this count as going out together."""
EXAMPLES = 3
MOST_TOLD = 100
"""Runs that are told one by one; of more, only the number."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Told:
    """A run, and why nothing can be done to it."""

    run: Run
    why: str


@dataclass(slots=True)
class Preview:
    """An action, the runs it would be done to, and what would follow. Counts grow while runs are read.

    ``chosen`` are their ids and where each stood: what is shown is what is done, and nothing else.
    ``soon`` is how many emails would be due within ``SOON`` at the most; ``overdue`` how many runs are.
    """

    selection: Selection
    action: Action
    now: datetime
    chosen: list[tuple[str, str]] = field(default_factory=list)
    steps: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)
    in_hand: int = 0
    refused: list[Told] = field(default_factory=list)
    refusals: int = 0
    unfit: list[Told] = field(default_factory=list)
    soon: int = 0
    standing_still: bool = False
    oldest_pause: datetime | None = None
    oldest_due: datetime | None = None
    _overdue: array[int] = field(default_factory=lambda: array("q"))

    @property
    def overdue(self) -> int:
        """How many of them should have been looked at by now."""
        return len(self._overdue)

    @property
    def nothing(self) -> bool:
        """Whether there is nothing to do."""
        if self.chosen or self.selection.whole is None:
            return not self.chosen
        match self.action:
            case Pause():
                return self.standing_still
            case Resume():
                return not self.standing_still
            case _:
                return True

    def take(self, page: Sequence[Standing], facts: Facts) -> None:
        """Judge a page of runs."""
        for one in page:
            if why := self._unfit(one):
                _note(self.unfit, one.run, why)
            elif why := self.action.refusal(one, facts):
                self.refusals += 1
                _note(self.refused, one.run, why)
            else:
                self._choose(one, facts)

    def finish(self) -> None:
        """All runs are known: what is overdue gets its places, and what of it is soon is counted."""
        if not isinstance(self.action, Resume):
            return
        self.action = self.action.placing(_moments(self._overdue), self.now)
        if isinstance(self.action.catch_up, Over):
            share = min(SOON / self.action.catch_up.length, 1)
            self.soon += math.ceil(self.overdue * share)
        else:
            self.soon += self.overdue

    def _unfit(self, one: Standing) -> str | None:
        if of_trigger(one.run) and not self.action.takes_triggers(self.selection):
            return self.action.unfit(one) or "it is the run of a trigger: name it by its id"
        return self.action.unfit(one)

    def _choose(self, one: Standing, facts: Facts) -> None:
        run = one.run
        self.chosen.append((run.id, intern(run.step or "")))
        self.steps[run.program, run.step or ""] += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(run.contact_id)
        self.in_hand += one.in_hand(self.now)
        if one.paused_at is not None:
            self.oldest_pause = min(self.oldest_pause or one.paused_at, one.paused_at)
        self._count(self.action.due(one, facts))

    def _count(self, due: datetime | None) -> None:
        if due is None:
            return
        if isinstance(self.action, Resume) and due <= self.now:
            self._overdue.append((due - _EPOCH) // _MILLISECOND)
            self.oldest_due = min(self.oldest_due or due, due)
        else:
            self.soon += due <= self.now + SOON


def _moments(milliseconds: array[int]) -> Iterator[datetime]:
    return (_EPOCH + timedelta(milliseconds=one) for one in milliseconds)


def _note(told: list[Told], run: Run, why: str) -> None:
    if len(told) < MOST_TOLD:
        told.append(Told(run, why))

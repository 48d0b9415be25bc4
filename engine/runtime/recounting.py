"""After an edit of the file: whoever waits in a changed gap is given a new moment, and who must stop is looked at.

The plan is a note in the ledger, written in the transaction in which the edit takes effect; any working process
carries it out, page by page, and a killed one is followed by another. Doing it twice does no harm: a run's moment
follows from the file and the moment its gap began. What is overdue by the new file goes out spread over ten minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from time import monotonic

import structlog

from engine.model import Playbook, Run, RunStatus
from engine.planning import Comparison, Person
from engine.ports import Clock
from engine.resuming import Spread
from engine.runtime.control.playbook import recompiled
from engine.runtime.ledger import Ledger, Transaction
from engine.runtime.ledger.control import Standing
from engine.runtime.ledger.encoding import json_object, json_text

log = structlog.get_logger(__name__)

SPREAD = timedelta(minutes=10)
"""Over so long go out emails that are overdue because of an edit."""
SETTLING = timedelta(seconds=3)
"""By then every process has read the edit: a worker with the old file would put a run back to the old moment."""
NOTE = "edits to be carried to people in flight"
CLAIM = timedelta(minutes=5)
"""A process that began to carry an edit and died is followed by another after so long."""
AT_A_TIME = 0.5
"""Seconds that housekeeping is given to it at a time."""
PAGE = 500


def plan_recount(tx: Transaction, comparison: Comparison, now: datetime) -> None:
    """Note that an edit is to be carried to people; one that was not carried yet is carried together with it."""
    if comparison.edits:
        noted = _noted(tx)
        begun = noted["from"] if noted else comparison.old.revision
        tx.put_note(NOTE, json_text({"from": begun, "at": now.isoformat(), "until": (now + SETTLING).isoformat()}))


class Recounting:
    """The housekeeper's hand: ``step`` as often as you like; each does as many pages as it can in a moment."""

    def __init__(self, ledger: Ledger, playbook: Callable[[], Playbook], clock: Clock) -> None:
        self._ledger = ledger
        self._playbook = playbook
        self._clock = clock
        self._pass: Iterator[int] = iter(())

    def step(self) -> int:
        """Carry an edit to some people, if there is one to carry; how many were given another moment."""
        until, moved = monotonic() + AT_A_TIME, 0
        while (done := next(self._pass, None)) is not None or self._begin():
            moved += done or 0
            if monotonic() > until:
                break
        return moved

    def _begin(self) -> bool:
        claimed = self._claimed()
        self._pass = self._carry(*claimed) if claimed else iter(())
        return claimed is not None

    def _claimed(self) -> tuple[str, Comparison] | None:
        """The edit to carry, if it is time, and nobody else is at it."""
        now = self._clock.now()
        with self._ledger.read() as tx:
            noted = _noted(tx)
        if noted is None or now < datetime.fromisoformat(noted["until"]) <= now + CLAIM:
            return None
        return self._ledger.transact(lambda tx: self._claim(tx, now))

    def _claim(self, tx: Transaction, now: datetime) -> tuple[str, Comparison] | None:
        noted = _noted(tx)
        if noted is None or now < datetime.fromisoformat(noted["until"]) <= now + CLAIM:
            return None
        revision = tx.revision(noted["from"])
        old = recompiled(revision.text, testing=self._playbook().testing) if revision else None
        if old is None:
            tx.put_note(NOTE, None)
            return None
        tx.put_note(NOTE, json_text({**noted, "until": (now + CLAIM).isoformat()}))
        return noted["at"], Comparison(old, self._playbook())

    def _carry(self, at: str, comparison: Comparison) -> Iterator[int]:
        """First who is overdue, so that each has a place among them; then their moments, a transaction a page."""
        start = datetime.fromisoformat(at)
        overdue: list[datetime] = []
        for page in self._pages(comparison):
            overdue += [due for _, due in _moments(comparison, page, start) if due <= start]
            yield 0
        spread, moved = Spread(overdue, start, SPREAD), 0
        for page in self._pages(comparison):
            moments = list(_moments(comparison, page, start))
            self._put([(one.run, _placed(comparison, one, due, start, spread)) for one, due in moments])
            moved += len(moments)
            yield len(moments)
        self._ledger.transact(lambda tx: _end(tx, at))
        log.info("edit carried to people in flight", runs=moved, overdue=len(overdue))

    def _put(self, placed: Sequence[tuple[Run, datetime]]) -> None:
        self._ledger.transact(lambda tx: tx.reset_due(placed, self._clock.now()))

    def _pages(self, comparison: Comparison) -> Iterator[Sequence[Person]]:
        for program in dict.fromkeys(edit.program for edit in comparison.edits):
            after = ""
            while page := self._page(program, after):
                yield page
                after = page[-1].run.id

    def _page(self, program: str, after: str) -> Sequence[Person]:
        with self._ledger.read() as tx:
            return people_of(tx, tx.page_of_runs(program, RunStatus.WAITING, after=after, limit=PAGE))


def people_of(tx: Transaction, standings: Sequence[Standing]) -> list[Person]:
    """Runs with their contacts."""
    contacts = tx.contacts(one.run.contact_id for one in standings)
    return [Person(one.run, contacts[one.run.contact_id], one.paused) for one in standings]


def _moments(comparison: Comparison, page: Sequence[Person], now: datetime) -> Iterator[tuple[Person, datetime]]:
    for person in page:
        due = comparison.due(person, now)
        if due is not None:
            yield person, due


def _placed(comparison: Comparison, person: Person, due: datetime, start: datetime, spread: Spread) -> datetime:
    if due > start or comparison.ends(person, start):
        return due
    return spread.place(due)


def _end(tx: Transaction, at: str) -> None:
    """It is done, unless another edit came meanwhile."""
    noted = _noted(tx)
    if noted is not None and noted["at"] == at:
        tx.put_note(NOTE, None)


def _noted(tx: Transaction) -> Mapping[str, str] | None:
    found = tx.note(NOTE)
    return json_object(found) if found else None

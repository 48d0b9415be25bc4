"""Looks at what an action would do, and does it: some hundred runs to a transaction, and nobody is locked out.

A run that a worker has in hand is never taken away from it: the email that it is sending would be out, and the
ledger would not know. What needs such a run waits a little for it, and says which ones it did not get.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from time import sleep as real_sleep
from typing import Protocol

from engine.model import Playbook, Run, RunStatus
from engine.ports import Clock
from engine.runtime.control.facts import Facts
from engine.runtime.control.pausing import Pause
from engine.runtime.control.preview import Preview
from engine.runtime.control.resuming import Resume
from engine.runtime.control.selection import PAGE, pages
from engine.runtime.ledger import Ledger, Transaction
from engine.runtime.ledger.control import Standing

BREATH = 0.01
"""Seconds between two transactions, in which others write."""
LOOK_AGAIN = 0.25
"""Seconds between looks at runs in a worker's hands."""
LOOKS = 60
"""How often they are looked for."""
ROUNDS = 20
"""How often a sequence is searched for runs that began meanwhile."""

Chosen = Sequence[tuple[str, str]]


class Watch(Protocol):
    """Who is told how it goes."""

    def found(self, runs: int) -> None:
        """So many runs are found by now."""
        ...

    def done(self, runs: int) -> None:
        """So many more runs are seen to."""
        ...

    def waits(self, runs: int) -> None:
        """So many runs are in workers' hands."""
        ...


class Unwatched:
    """Nobody looks."""

    def found(self, runs: int) -> None:
        """Nothing."""

    def done(self, runs: int) -> None:
        """Nothing."""

    def waits(self, runs: int) -> None:
        """Nothing."""


@dataclass(slots=True)
class Outcome:
    """What was done. ``in_hand`` are runs that a worker had all the time; ``missed`` had moved on meanwhile."""

    done: int = 0
    missed: set[str] = field(default_factory=set)
    in_hand: list[str] = field(default_factory=list)

    @property
    def moved(self) -> int:
        """How many had moved on, or ended, and were left alone."""
        return len(self.missed)


class Control:
    """Previews and carries out actions on the runs of a ledger. ``playbook`` is the file as it runs now."""

    def __init__(
        self, ledger: Ledger, playbook: Playbook | None, *, clock: Clock, sleep: Callable[[float], None] = real_sleep
    ) -> None:
        self._ledger = ledger
        self._playbook = playbook
        self._clock = clock
        self._sleep = sleep

    def look(self, preview: Preview, watch: Watch | None = None) -> Preview:
        """Read every run that is meant, and count what would be done to it."""
        watching = watch or Unwatched()
        for page in self._pages(preview):
            with self._ledger.read() as tx:
                facts = self._facts(tx, preview, page, preview.now)
            preview.take(page, facts)
            watching.found(len(preview.chosen))
        preview.finish()
        with self._ledger.read() as tx:
            found = {one.program for one in tx.standstills()}
            contacts = tx.contacts(preview.examples)
        preview.standing_still = preview.selection.whole in found
        preview.examples = [contacts[contact].email for contact in dict.fromkeys(preview.examples)]
        return preview

    def carry_out(self, preview: Preview, watch: Watch | None = None) -> Outcome:
        """Do it to the runs that were previewed, and of a whole sequence to those that began since."""
        outcome, watching = Outcome(), watch or Unwatched()
        self._stand(preview)
        self._all(preview, preview.chosen, outcome, watching)
        for _ in range(ROUNDS if preview.selection.whole and isinstance(preview.action, Pause | Resume) else 0):
            self._sleep(LOOK_AGAIN)  # a transaction that began before ours may still bring a run
            more = [(one.run.id, one.run.step or "") for page in self._pages(preview) for one in page]
            if not more:
                break
            self._all(preview, more, outcome, watching)
        return outcome

    def _pages(self, preview: Preview) -> Iterator[list[Standing]]:
        action, selection = preview.action, preview.selection
        triggers = action.takes_triggers(selection)
        return pages(self._ledger, selection, action.statuses, paused=action.paused, triggers=triggers)

    def _facts(self, tx: Transaction, preview: Preview, page: Sequence[Standing], now: datetime) -> Facts:
        contacts = {one.run.contact_id for one in page} if preview.action.needs_contacts else set()
        runs = _runs_beside(tx, page)
        return Facts(now=now, playbook=self._playbook, contacts=tx.contacts(contacts), runs=runs)

    def _stand(self, preview: Preview) -> None:
        """A whole sequence stands still from now on, or no more."""
        program, action, now = preview.selection.whole, preview.action, self._clock.now()
        if program is None:
            return
        with self._ledger.write() as tx:
            if isinstance(action, Pause):
                tx.stand_still(program, action.words, now)
            elif isinstance(action, Resume):
                tx.stand_no_more(program)

    def _all(self, preview: Preview, chosen: Chosen, outcome: Outcome, watch: Watch) -> None:
        waiting = self._round(preview, chosen, outcome, watch)
        for _ in range(LOOKS):
            if not waiting:
                return
            watch.waits(len(waiting))
            self._sleep(LOOK_AGAIN)
            waiting = self._round(preview, waiting, outcome, watch)
        outcome.in_hand += [run_id for run_id, _ in waiting]

    def _round(self, preview: Preview, chosen: Chosen, outcome: Outcome, watch: Watch) -> Chosen:
        """Do it to all of them; those that a worker has in hand."""
        waiting: list[tuple[str, str]] = []
        for start in range(0, len(chosen), PAGE):
            if start:
                self._sleep(BREATH)
            part = dict(chosen[start : start + PAGE])
            done, held = self._part(preview, part)
            waiting += [(run_id, part[run_id]) for run_id in held]
            outcome.done += len(done)
            outcome.missed |= part.keys() - done - set(held)
            outcome.missed -= done  # a whole sequence is searched again, and finds them where they are now
            watch.done(len(part) - len(held))
        return waiting

    def _part(self, preview: Preview, part: Mapping[str, str]) -> tuple[set[str], list[str]]:
        """One transaction: the runs it was done to, and those in a worker's hands."""
        action, now = preview.action, self._clock.now()

        def work(tx: Transaction) -> tuple[set[str], list[str]]:
            latest = tx.latest_revision()
            tx.lock_contacts({one.run.contact_id for one in tx.standings(part)})  # contacts first, as every writer does
            found = [one for one in tx.standings(part) if (one.run.step or "") == part[one.run.id]]
            facts = self._facts(tx, preview, found, now)
            fit = [one for one in found if not action.unfit(one) and not action.refusal(one, facts)]
            held = [one.run.id for one in fit if action.needs_hands and one.in_hand(now)]
            page = [one for one in fit if one.run.id not in held]
            done = action.apply(tx, page, facts, latest.hash if latest else "")
            return done, held

        return self._ledger.transact(work)


def _runs_beside(tx: Transaction, page: Sequence[Standing]) -> Mapping[str, Sequence[Run]]:
    """Every run of those whose run has failed: a newer one may have taken its place."""
    failed: dict[str, set[str]] = {}
    for one in page:
        if one.run.status is RunStatus.FAILED:
            failed.setdefault(one.run.program, set()).add(one.run.contact_id)
    found: dict[str, list[Run]] = {}
    for program, contacts in failed.items():
        for contact, runs in tx.runs_of_many(contacts, program).items():
            found.setdefault(contact, []).extend(runs)
    return found

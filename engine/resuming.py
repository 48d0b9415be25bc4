"""How a run goes on after a pause: as it stood, a little later than others, or as if the pause had not been."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from engine.gaps import Gap, gap
from engine.model import Contact, Program, Run, RunStatus
from engine.scene import Scene

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def end_of_gap(program: Program | None, run: Run, contact: Contact, now: datetime) -> datetime:
    """When the gap before the run's step is over; ``now`` where only a look at the run can tell."""
    found = _gap(program, run, contact, now)
    return now if found is None or found.stops or found.holds else found.until


def _gap(program: Program | None, run: Run, contact: Contact, now: datetime) -> Gap | None:
    step = program.standing_before(run.step) if program else None
    if program is None or step is None:
        return None
    return gap(step.gap, Scene(program=program, run=run, contact=contact, now=now))


def shifted(program: Program | None, run: Run, contact: Contact, paused_at: datetime, now: datetime) -> Run:
    """The run as if the time since ``paused_at`` had not passed: a gap that was not over then has as much left.

    What the gap ends at is computed again from its new beginning, so that a wait until a date, or before an
    event, still ends when the calendar and the contact say. Whatever was due at the pause is due now, and so is a
    run for which what it waited for came during the pause.
    """
    held = max(paused_at, run.since)  # an email that was going out when it was paused began another gap since
    counting = run.status in {RunStatus.READY, RunStatus.WAITING}
    if counting and (found := _gap(program, run, contact, now)) and found.met:
        return run.evolve(due_at=found.until)
    if not counting or end_of_gap(program, run, contact, held) <= held:
        return run
    moved = run.evolve(since=run.since + (now - held))
    return moved.evolve(due_at=end_of_gap(program, moved, contact, now))


class Spread:
    """Moments for all that is overdue, evenly over a length of time, what was due first first."""

    def __init__(self, due: Iterable[datetime], start: datetime, length: timedelta) -> None:
        self._due = array("q", sorted((moment - _EPOCH) // _MILLISECOND for moment in due))
        self._given: Counter[int] = Counter()
        self._start = start
        self._length = length

    def place(self, due: datetime) -> datetime:
        """The moment for one of them; those due at the same moment come in the order in which they are asked for."""
        at = (due - _EPOCH) // _MILLISECOND
        rank = bisect_left(self._due, at) + self._given[at]
        self._given[at] += 1
        last = len(self._due) - 1  # whoever falls due while the others are counted comes with the last of them
        return self._start + self._length * (max(min(rank, last), 0) / max(len(self._due), 1))

"""What an edit does to one person in flight, and how many people it does it to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from engine.model import Contact, Playbook, Program, Run, RunStatus, Verb
from engine.planning.edits import (
    Edit,
    SequenceAdded,
    SequenceRemoved,
    StepAdded,
    StepRemoved,
    StepRenamed,
    StepReplaced,
    StopChanged,
    WaitChanged,
    edits,
    moved,
)
from engine.resuming import end_of_gap
from engine.scene import Scene
from engine.steps.choose import Choose

_MOVING = (RunStatus.READY, RunStatus.WAITING)


class Fate(StrEnum):
    """What an edit does to somebody."""

    AT_ONCE = "at once"
    EARLIER = "earlier"
    LATER = "later"
    SAME = "same"
    AHEAD = "ahead"
    PAST = "past"
    GOES_ON = "goes on"
    STAYS = "stays"
    UNCLEAR = "unclear"
    STOPS = "stops"
    HELD = "held"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class Person:
    """A run that is not over, with its contact; a paused one is moved by nothing."""

    run: Run
    contact: Contact
    paused: bool = False


class Comparison:
    """Two versions of a file, ``old`` and ``new``, and what their ``edits`` do to people."""

    def __init__(self, old: Playbook, new: Playbook) -> None:
        self.old = old
        self.moved = moved(old, new)
        self.new = new.with_moved(self.moved)
        self.edits = edits(old, new)
        self._ahead = {name: _ahead(program) for name, program in new.sequences.items()}

    def fates(self, person: Person, now: datetime) -> Iterator[tuple[Edit, Fate]]:
        """What becomes of a person: each edit that is their business, and how."""
        if person.run.pinned is None:
            for edit in self.edits:
                fate = self._fate(edit, person, now) if edit.program == person.run.program else None
                if fate is not None:
                    yield edit, fate

    def due(self, person: Person, now: datetime) -> datetime | None:
        """When a person who waits is to be looked at because of the edits; None when they change nothing there."""
        if person.paused or person.run.status is not RunStatus.WAITING:
            return None
        fates = dict(self.fates(person, now))
        if self.ends(person, now):
            return now
        if any(_shifts(edit, fate) for edit, fate in fates.items()):
            return end_of_gap(self.new.program(person.run.program), person.run, person.contact, now)
        return None

    def ends(self, person: Person, now: datetime) -> bool:
        """Whether the edits stop or hold a person: nothing is sent."""
        return any(fate in (Fate.STOPS, Fate.HELD) for _, fate in self.fates(person, now))

    def _fate(self, edit: Edit, person: Person, now: datetime) -> Fate | None:
        match edit:
            case WaitChanged():
                return self._waits(edit, person, now)
            case StepAdded():
                return Fate.AHEAD if self._reaches(edit, person) else Fate.PAST
            case StepRemoved():
                return Fate.GOES_ON if person.run.step == edit.step else None
            case StepReplaced():
                return Fate.UNCLEAR if person.run.step == edit.step else None
            case StepRenamed():
                return Fate.STAYS if person.run.step == edit.step else None
            case StopChanged():
                return self._stops(edit, person, now)
            case SequenceRemoved():
                return Fate.HELD
            case SequenceAdded():
                return None
            case _:
                assert_never(edit)

    def _waits(self, edit: WaitChanged, person: Person, now: datetime) -> Fate | None:
        old, new = self.old.sequences[edit.program], self.new.sequences[edit.program]
        step = new.standing_before(person.run.step)
        if step is None or step.id != edit.step:
            return Fate.AHEAD if self._reaches(edit, person) else None
        if person.paused:
            return Fate.PAUSED
        if person.run.status not in _MOVING:
            return None
        before, after = (end_of_gap(program, person.run, person.contact, now) for program in (old, new))
        if after <= now:
            return Fate.AT_ONCE if before > now else Fate.SAME
        return Fate.EARLIER if after < before else Fate.LATER if after > before else Fate.SAME

    def _reaches(self, edit: WaitChanged | StepAdded, person: Person) -> bool:
        standing = self.new.sequences[edit.program].standing_before(person.run.step)
        return standing is not None and edit.step in self._ahead[edit.program][standing.id]

    def _stops(self, edit: StopChanged, person: Person, now: datetime) -> Fate | None:
        program = self.new.sequences[edit.program]
        if program.stop_when is None or person.paused:
            return None
        scene = Scene(program=program, run=person.run, contact=person.contact, now=now)
        return Fate.STOPS if scene.holds(program.stop_when) else None


def _shifts(edit: Edit, fate: Fate) -> bool:
    """Whether the gap that somebody stands in may end at another moment now."""
    return isinstance(edit, StepRemoved) or (isinstance(edit, WaitChanged) and fate is not Fate.AHEAD)


def _ahead(program: Program) -> Mapping[str, frozenset[str]]:
    """For each step: itself and every step that can come after it. Steps lead onwards only, so the last comes first."""
    found: dict[str, frozenset[str]] = {}

    def reach(name: str) -> frozenset[str]:
        if name not in found:
            ways = [program.steps[name].then, *_ways(program.steps[name].verb)]
            found[name] = frozenset({name}).union(*(reach(way) for way in ways if way is not None))
        return found[name]

    for name in reversed(list(program.steps)):
        reach(name)
    return found


def _ways(verb: Verb) -> list[str | None]:
    return [branch.first for branch in verb.branches] if isinstance(verb, Choose) else []


class Tally:
    """How many people each edit moves, and how. Fed with pages, so that nobody holds a million people at once."""

    def __init__(self, comparison: Comparison, now: datetime) -> None:
        self.comparison = comparison
        self.now = now
        self.counts: Counter[tuple[Edit, Fate]] = Counter()
        self.paused = 0
        """People whom an edit would move, if they did not stand still until somebody resumes them."""

    def add(self, people: Iterable[Person]) -> None:
        """Count these people in."""
        for person in people:
            found = list(self.comparison.fates(person, self.now))
            self.counts.update(found)
            self.paused += any(fate is Fate.PAUSED for _, fate in found)

    def count(self, edit: Edit, fate: Fate) -> int:
        """How many people an edit does this to."""
        return self.counts[edit, fate]

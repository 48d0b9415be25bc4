"""What an edit changes for one contact: two simulations as sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from server.cli.stories import Calendar

if TYPE_CHECKING:
    from engine.model import Entry, Playbook
    from engine.simulation import Simulation

_TOLD = ("alert", "save", "start", "http")
"""What is compared beside emails; ends, holds and waits follow from the rest, or are told as the outcome."""

Key = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: the step, what kind it is, and how it was and is in words; None where it is not there."""

    step: str
    kind: str
    before: str | None
    after: str | None

    def sentence(self) -> str:
        """The difference in a line."""
        match self.kind:
            case "new":
                return f"{self.step} is new: {self.after}"
            case "not sent" | "not done":
                return f"{self.step} is {self.kind} any more (it was: {self.before})"
            case "time" | "moved":
                return f"{self.step}: {self.before} -> {self.after}"
            case _:
                return f"{self.step} has another {self.kind}: {self.before} -> {self.after}"

    def record(self) -> dict[str, Any]:
        """The difference for programs."""
        return {"step": self.step, "change": self.kind, "before": self.before, "after": self.after}


def changes(before: Simulation, after: Simulation, new: Playbook, zone: ZoneInfo) -> list[Change]:
    """Every difference, in the order in which it is met."""
    comparing = _Comparing(Calendar([*before.story, *after.story], zone), _renamed(new))
    return [*comparing.steps(before, after), *_outcomes(before, after)]


def _renamed(playbook: Playbook) -> Mapping[tuple[str, str], str]:
    """What the steps of a sequence are called now, by sequence and former id."""
    steps = [(name, step) for name, program in playbook.sequences.items() for step in program.steps.values()]
    return {(name, step.was): step.id for name, step in steps if step.was}


@dataclass(frozen=True, slots=True)
class _Comparing:
    """What the words of a comparison need."""

    calendar: Calendar
    renamed: Mapping[tuple[str, str], str]

    def steps(self, before: Simulation, after: Simulation) -> Iterator[Change]:
        old, new = self._done(before, self.renamed), self._done(after, {})
        for key in sorted(dict.fromkeys([*new, *old]), key=lambda key: (new.get(key) or old[key]).at):
            yield from self._step(key, old.get(key), new.get(key))

    def _done(self, simulation: Simulation, renamed: Mapping[tuple[str, str], str]) -> dict[Key, Entry]:
        """What was done, by sequence, step and how often before."""
        found: dict[Key, Entry] = {}
        for line in simulation.lines:
            entry = line.entry
            if entry.step is None or not _is_told(entry):
                continue
            step, number = renamed.get((line.program, entry.step), entry.step), 0
            while (line.program, step, number) in found:
                number += 1
            found[line.program, step, number] = entry
        return found

    def _step(self, key: Key, old: Entry | None, new: Entry | None) -> Iterator[Change]:
        name = key[1] if not key[2] else f"{key[1]} (time {key[2] + 1})"
        if old is not None and new is not None:
            yield from self._both(name, old, new)
        elif new is not None:
            yield Change(name, "new", None, self._text(new))
        elif old is not None:
            yield Change(name, "not sent" if old.template is not None else "not done", self._text(old), None)

    def _both(self, name: str, old: Entry, new: Entry) -> Iterator[Change]:
        if old.at != new.at:
            yield Change(name, "time", self.calendar.when(old.at), self.calendar.when(new.at))
        for kind, one, other in _parts(old, new):
            if one != other:
                yield Change(name, kind, f'"{one}"', f'"{other}"')

    def _text(self, entry: Entry) -> str:
        said = entry.subject if entry.template is not None else entry.note
        return f"{self.calendar.when(entry.at)}  {said}"


def _is_told(entry: Entry) -> bool:
    return entry.template is not None or (entry.kind in _TOLD and not entry.note.startswith("skipped: "))


def _parts(old: Entry, new: Entry) -> Sequence[tuple[str, str | None, str | None]]:
    if new.template is None:
        return [("text", old.note, new.note)]
    return [("template", old.template, new.template), ("subject", old.subject, new.subject)]


def _outcomes(before: Simulation, after: Simulation) -> Iterator[Change]:
    old, new = before.run, after.run
    segments = [(run.segment or "none") if run else "none" for run in (old, new)]
    if segments[0] != segments[1]:
        yield Change("segment", "moved", *segments)
    ends = [_end(simulation) for simulation in (before, after)]
    if ends[0] != ends[1]:
        yield Change("it ends", "moved", *ends)


def _end(simulation: Simulation) -> str:
    run = simulation.run
    if run is None:
        return "not started"
    return run.status.value if run.status.value == "finished" else f"{run.status.value}: {run.reason}"

"""What is different between two versions of a file, as far as people in flight can feel it.

Steps are the same when their ids are, or when the new one says ``was:`` the old one. An id that has gone, with a new
one of the same kind between the same neighbours, may be a new name or may not: that is for the author to say, because
whoever waits there either gets the new step or does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest

from engine.language.checks.ids import BEFORE
from engine.model import NEW, Moved, Playbook, Program, Step
from engine.planning.gaps import difference

_STANDING = ("email", "http")
"""Steps before which people can stand although there is no gap: their answer may be late."""


@dataclass(frozen=True, slots=True)
class WaitChanged:
    """The gap before a step is another one. The texts are the author's; empty where there is none."""

    program: str
    step: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class StepAdded:
    """A step is new; ``behind`` is the one before it in the file, None for the first."""

    program: str
    step: str
    behind: str | None


@dataclass(frozen=True, slots=True)
class StepRemoved:
    """A step has gone; its people go on to ``to`` (None: to the end)."""

    program: str
    step: str
    to: str | None


@dataclass(frozen=True, slots=True)
class StepRenamed:
    """A step has another id, and says so."""

    program: str
    step: str
    to: str


@dataclass(frozen=True, slots=True)
class StepReplaced:
    """A step has gone, another stands in its place, and nobody says whether it is the same one.

    ``to`` is where its people go if it is not.
    """

    program: str
    step: str
    by: str
    to: str | None


@dataclass(frozen=True, slots=True)
class StopChanged:
    """``stop_when`` is another one."""

    program: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class SequenceAdded:
    """A sequence is new."""

    program: str


@dataclass(frozen=True, slots=True)
class SequenceRemoved:
    """A sequence has gone; its people stay where they are, and are held."""

    program: str


Edit = (
    WaitChanged | StepAdded | StepRemoved | StepRenamed | StepReplaced | StopChanged | SequenceAdded | SequenceRemoved
)


def edits(old: Playbook, new: Playbook) -> tuple[Edit, ...]:
    """Every edit of a sequence that people can feel, in the order of the new file; sequences that have gone last."""
    found: list[Edit] = []
    for name, program in new.sequences.items():
        before = old.sequences.get(name)
        found += [SequenceAdded(name)] if before is None else _of_program(before, program)
    return (*found, *(SequenceRemoved(name) for name in old.sequences if name not in new.sequences))


def moved(old: Playbook, new: Playbook) -> Mapping[str, Mapping[str, Moved]]:
    """For each program of both: where the people of the steps are now that are no longer in it under their ids."""
    found: dict[str, Mapping[str, Moved]] = {}
    for name, program in _programs(new).items():
        before = _programs(old).get(name)
        gone = [step for step in before.steps if step not in program.steps] if before else []
        if before and gone:
            found[name] = {step: _where(before, program, step) for step in gone}
    return found


def _programs(playbook: Playbook) -> dict[str, Program]:
    return {**playbook.sequences, **{one.program.name: one.program for one in playbook.triggers.values()}}


def _where(old: Program, new: Program, step: str) -> Moved:
    """A step that has gone: under its new id, or at the first step behind it that is still there."""
    same = new.moved.get(step)
    if same is not None:
        return same
    if (place := _place_before(old, new, step)) is not None:
        return Moved(place, renamed=True)
    behind: str | None = old.steps[step].then
    while behind is not None and new.find(behind) is None:
        behind = old.steps[behind].then
    found = new.find(behind)
    return Moved(found.id if found else None)


def _place_before(old: Program, new: Program, step: str) -> str | None:
    """Where people wait for something before other waits: that place is called after the step behind it."""
    behind = step.removeprefix(BEFORE)
    if behind == step or behind not in old.steps:
        return None
    now = behind if behind in new.steps else _where(old, new, behind).to
    place = f"{BEFORE}{now}"
    return place if place in new.steps and place not in old.steps else None


def _of_program(old: Program, new: Program) -> Iterator[Edit]:
    if (old.stop_when and old.stop_when.test) != (new.stop_when and new.stop_when.test):
        yield StopChanged(new.name, *(one.stop_when.text if one.stop_when else None for one in (old, new)))
    replaced = dict(_replaced(old, new))
    for gone in old.steps:
        if gone not in new.steps:
            yield _gone(old, new, gone, replaced.get(gone))
    behind: str | None = None
    for step in new.steps.values():
        former = old.steps.get(_former(step, old))
        if former is None and step.id not in replaced.values():
            yield StepAdded(new.name, step.id, behind)
        elif former is not None and (told := difference(old, new, former.gap, step.gap)):
            yield WaitChanged(new.name, step.id, *told)
        behind = step.id


def _gone(old: Program, new: Program, step: str, by: str | None) -> Edit:
    where = _where(old, new, step)
    if where.renamed:
        return StepRenamed(new.name, step, where.to or "")
    if by is not None:
        return StepReplaced(new.name, step, by, where.to)
    return StepRemoved(new.name, step, where.to)


def _former(step: Step, old: Program) -> str:
    """The id under which the old file has this step."""
    return step.id if step.id in old.steps or step.was in (None, NEW) else str(step.was)


def _replaced(old: Program, new: Program) -> Iterator[tuple[str, str]]:
    """Steps that have gone, each with a new one of the same kind that stands in its place."""
    before, after = list(old.steps), [_former(step, old) for step in new.steps.values()]
    ids = list(new.steps)
    for tag, low, high, start, end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "replace":
            gone = [old.steps[name] for name in before[low:high] if name not in after]
            fresh = [new.steps[name] for name in ids[start:end]]
            yield from _paired(list(filter(_holds_people, gone)), [step for step in fresh if _is_new(step, old)])


def _is_new(step: Step, old: Program) -> bool:
    return step.was is None and step.id not in old.steps


def _paired(gone: Sequence[Step], fresh: Sequence[Step]) -> Iterator[tuple[str, str]]:
    for kind in dict.fromkeys(step.kind for step in gone):
        pairs = zip_longest(*([one.id for one in steps if one.kind == kind] for steps in (gone, fresh)))
        yield from ((left, right) for left, right in pairs if left and right)


def _holds_people(step: Step) -> bool:
    """Whether people stand there by a name that an author can give; places behind waits find their own way."""
    return step.kind != "rest" and (bool(step.gap) or step.kind in _STANDING)

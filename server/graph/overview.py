"""The whole file as a picture: which trigger starts which sequence, and which sequence starts or ends another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from engine.model import Playbook, Program, Step, Trigger
from engine.steps.alert import Alert
from engine.steps.choose import Choose
from engine.steps.start import Start
from engine.steps.stop import StopSequence
from server.graph.people import Crowd, told_of
from server.graph.picture import Arrow, Box, Label, Look, Picture, Says

_ENDS = Label(Says.CONDITION, "ends it")


def draw_playbook(playbook: Playbook, crowds: Mapping[str, Crowd], title: str) -> Picture:
    """Every trigger and every sequence; ``crowds`` is who is in each sequence."""
    picture = Picture(title)
    picture.boxes.extend(map(_trigger, playbook.triggers.values()))
    picture.boxes.extend(_sequence(program, crowds.get(name, Crowd())) for name, program in playbook.sequences.items())
    programs = [trigger.program for trigger in playbook.triggers.values()] + list(playbook.sequences.values())
    picture.arrows.extend(arrow for program in programs for arrow in _arrows(program))
    return picture


def starters(playbook: Playbook, sequence: str) -> list[str]:
    """The triggers and sequences that start a sequence, as sentences name them."""
    programs = [trigger.program for trigger in playbook.triggers.values()] + list(playbook.sequences.values())
    return [_called(program) for program in programs if any(verb.sequence == sequence for _, verb in _starts(program))]


def _called(program: Program) -> str:
    return program.name if program.of_trigger else f"sequence {program.name}"


def _trigger(trigger: Trigger) -> Box:
    alerts = any(isinstance(step.verb, Alert) for step in trigger.program.steps.values())
    notes = [f"POST {trigger.path}", *(["alerts the team"] if alerts else [])]
    return Box(id=trigger.program.name, look=Look.TRIGGER, tag="trigger", title=trigger.name, notes=tuple(notes))


def _sequence(program: Program, crowd: Crowd) -> Box:
    emails = sum(step.kind == "email" for step in program.steps.values())
    notes = [f"{emails} email{'' if emails == 1 else 's'}"]
    if program.stop_when:
        notes.append(f"stops when {program.stop_when.text}")
    if any(verb.sequence == program.name for _, verb in _starts(program)):
        notes.append("starts itself again")
    box = Box(id=program.name, look=Look.SEQUENCE, tag="sequence", title=program.name, notes=tuple(notes))
    people, trouble = told_of(crowd)
    return replace(box, people=people, trouble=trouble)


def _starts(program: Program) -> Iterator[tuple[Step, Start]]:
    for step in program.steps.values():
        if isinstance(step.verb, Start):
            yield step, step.verb


def _arrows(program: Program) -> Iterator[Arrow]:
    conditions = _conditions(program)
    for step in program.steps.values():
        labels = tuple(Label(Says.CONDITION, text) for text in conditions.get(step.id, ()))
        match step.verb:
            case Start(sequence=name) if name != program.name:
                yield Arrow(program.name, name, labels)
            case StopSequence(sequence=name) if name != program.name:
                yield Arrow(program.name, name, (*labels, _ENDS), faint=True)
            case _:
                pass


def _conditions(program: Program) -> dict[str, tuple[str, ...]]:
    """What must be true for a step to have its turn: the branches around it, and its own ``when``."""
    around: dict[str, tuple[str, ...]] = {}
    for step in program.steps.values():  # a choice stands before what is in it
        own = (step.when.text,) if step.when else ()
        if isinstance(step.verb, Choose):
            for branch in step.verb.branches:
                told = branch.when.text if branch.when else "otherwise"
                for inner in _until(program, branch.first, step.verb.meet):
                    around[inner] = (*around.get(step.id, ()), *own, told)
    for step in program.steps.values():
        if step.when:
            around[step.id] = (*around.get(step.id, ()), step.when.text)
    return around


def _until(program: Program, first: str | None, meet: str | None) -> Iterator[str]:
    while first is not None and first != meet:
        yield first
        first = program.steps[first].then

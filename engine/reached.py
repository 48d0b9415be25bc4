"""Which steps, and which emails of a step, the tests of a file reach: what no test reaches is proved by none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from engine.model import Playbook, Program, Step
from engine.scenarios import Verdict
from engine.steps.email import Email

_LEFT_OUT = ("skipped: ", "left out: ", "not sent: ")
"""How the lines of steps begin that were passed by."""

Done = tuple[str, str, str, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """A step of a program, for an email each of its templates, and in how many tests it was done."""

    program: str
    step: str
    template: str | None
    line: int
    tests: int


def reached(playbook: Playbook, verdicts: Iterable[Verdict]) -> tuple[Reached, ...]:
    """Every step of every sequence and trigger, in the order of the file."""
    counts: dict[Done, int] = {}
    for verdict in verdicts:
        for done in set(_done(verdict)):
            counts[done] = counts.get(done, 0) + 1
    programs = [*(trigger.program for trigger in playbook.triggers.values()), *playbook.sequences.values()]
    return tuple(one for program in programs for step in _steps(program) for one in _told(program, step, counts))


def _steps(program: Program) -> Iterator[Step]:
    """The steps in the order of the file; places to rest are nobody's work."""
    return iter(sorted((step for step in program.steps.values() if step.kind != "rest"), key=lambda step: step.line))


def _done(verdict: Verdict) -> Iterator[Done]:
    for line in verdict.simulation.lines if verdict.simulation else ():
        entry = line.entry
        if entry.step is not None and not entry.note.startswith(_LEFT_OUT):
            yield line.program, entry.step, entry.kind, entry.template


def _told(program: Program, step: Step, counts: Mapping[Done, int]) -> Iterator[Reached]:
    for template in _templates(step):
        tests = counts.get((program.name, step.id, step.kind, template), 0)
        yield Reached(program=program.name, step=step.id, template=template, line=step.line, tests=tests)


def _templates(step: Step) -> list[str | None]:
    if not isinstance(step.verb, Email):
        return [None]
    named = [*(template for _, template in step.verb.by_segment), step.verb.otherwise]
    return list(dict.fromkeys(name for name in named if name is not None))

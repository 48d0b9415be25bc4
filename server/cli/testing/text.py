"""Tests told for people: a line each, and under a failing one what was expected, what was found, and what happened."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from server.cli.printing import bold, grey, plain, table
from server.cli.stories import Calendar
from server.cli.testing.marks import Marks

if TYPE_CHECKING:
    from engine.reached import Reached
    from engine.scenarios import Failure, Verdict


def told(verdict: Verdict, marks: Marks) -> str:
    """One test."""
    name = plain(verdict.scenario.name)
    if verdict.passed:
        return f"{click.style(marks.passed, fg='green')} {name}"
    lines = [f"{click.style(marks.failed, fg='red')} {bold(name)}"]
    for failure in verdict.failures:
        lines += _failure(failure, verdict.scenario.file, marks)
    return "\n".join([*lines, *_calendar(verdict)])


def plain_text(verdict: Verdict, marks: Marks) -> str:
    """What is wrong with a test, without its name and without colour."""
    lines = [line for failure in verdict.failures for line in _failure(failure, verdict.scenario.file, marks)]
    return click.unstyle("\n".join([*lines, *_calendar(verdict)]))


def _failure(failure: Failure, file: str, marks: Marks) -> Iterator[str]:
    yield f"  {bold(f'{file}:{failure.line}:')} {plain(failure.message)}"
    if len(failure.rows) < 2:
        return
    cells = [("", "expected", "found")]
    cells += [("" if row.right else marks.wrong, plain(row.expected), plain(row.found)) for row in failure.rows]
    head, *rows = table(cells)
    yield f"    {grey(head)}"
    for row, line in zip(failure.rows, rows, strict=True):
        yield f"    {line if row.right else click.style(line, fg='red')}"


def _calendar(verdict: Verdict) -> Iterator[str]:
    if verdict.simulation is None:
        return
    scenario = verdict.scenario
    yield grey(f"  what happened, on the clock of {scenario.zone.key}:")
    lines = Calendar(verdict.simulation.story, scenario.zone).lines()
    yield from (f"    {line}" for line in lines or [grey("nothing")])


def summary(verdicts: Sequence[Verdict], file: str, left: int) -> str:
    """``2 passed, 1 failed in sequences.yaml``. ``left`` is how many were not played any more."""
    failed = sum(not verdict.passed for verdict in verdicts)
    counts = [f"{len(verdicts) - failed} passed", f"{failed} failed", *([f"{left} not played"] if left else [])]
    return click.style(f"{', '.join(counts)} in {file}", fg="red" if failed else "green")


# -- What the tests reach -----------------------------------------------------------------------


def hint(found: Sequence[Reached]) -> str:
    """One line about what no test reaches; empty where there is nothing."""
    missed = [f"{one.program}: {_name(one)}" for one in found if not one.tests]
    if not missed:
        return ""
    shown = ", ".join(missed[:3]) + (f" and {len(missed) - 3} more" if len(missed) > 3 else "")
    return grey(f"reached by no test: {shown}  (busos test --coverage)")


def coverage(found: Sequence[Reached], file: str) -> list[str]:
    """Every step with the number of tests that reach it."""
    rows = [(one.program, _name(one), _count(one.tests), f"{file}:{one.line}") for one in found]
    lines = table([("of", "step", "tests", ""), *rows])
    head, *rest = lines
    counted = [line if one.tests else click.style(line, fg="yellow") for one, line in zip(found, rest, strict=True)]
    reached = sum(one.tests > 0 for one in found)
    return [grey(head), *counted, f"{reached} of {len(found)} steps and emails are reached by a test"]


def _name(one: Reached) -> str:
    return plain(f"{one.step} ({one.template})" if one.template and one.template != one.step else one.step)


def _count(tests: int) -> str:
    return str(tests) if tests else "none"

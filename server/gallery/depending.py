"""What it depends on that somebody gets to a step: its own condition, and those of the branches around it."""

from __future__ import annotations

from collections.abc import Iterator

from engine.model import All, Compare, Condition, Constant, Program, Value
from engine.steps.choose import Choose

Conditions = tuple[Condition | None, ...]
"""From the outside in; None is an otherwise."""


def conditions_of(program: Program) -> Iterator[tuple[str, Conditions]]:
    """What each step depends on: those of the branches around it, outermost first (None: otherwise), and its own."""
    around: dict[str, Conditions] = {}
    for step in program.steps.values():
        here = around.get(step.id, ())
        if isinstance(step.verb, Choose):
            for branch in step.verb.branches:
                for inner in _chain(program, branch.first, step.verb.meet):
                    around[inner] = (*here, branch.when)
        own = (*here, step.when) if step.when else here
        if own:
            yield step.id, own


def told(conditions: Conditions) -> str:
    """In words; empty for none."""
    texts = [one.text if one else "no branch above it is taken" for one in conditions]
    return f"only when {', and '.join(texts)}" if texts else ""


def wished(conditions: Conditions) -> Iterator[tuple[str, Value]]:
    """The values that conditions plainly ask for, so that an email behind them looks as it will."""
    for condition in conditions:
        test = condition.test if condition else None
        for one in test.tests if isinstance(test, All) else [test]:
            if isinstance(one, Compare) and one.op == "=" and isinstance(one.operand, Constant):
                yield one.field, one.operand.value


def _chain(program: Program, first: str | None, end: str | None) -> Iterator[str]:
    while first is not None and first != end:
        yield first
        first = program.steps[first].then

"""The command: reads the options, runs a trial or drills, prints and judges."""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from benchmarks.survive import report
from benchmarks.survive.children import CouldNotRun
from benchmarks.survive.drills import DRILLS, Drill, usual
from benchmarks.survive.judge import judge
from benchmarks.survive.plan import Plan, given, parser
from benchmarks.survive.trial import Trial
from benchmarks.survive.verdict import Verdict

WIDTH = 110
"""Columns of what is printed into a file."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0 everything holds, 1 something does not, 2 it could not run."""
    options, out = parser().parse_args(arguments), console()
    if options.list:
        for drill in DRILLS.values():
            out.print(f"[bold]{drill.name:20}[/] {drill.summary}")
        return 0
    asked = {"seed": random.randrange(10**6), **given(options)}
    try:
        found = [run(drill, asked, out, options.keep) for drill in chosen(options.drill)]
    except CouldNotRun as error:
        out.print(f"it could not run: {error}", style="bold red", markup=False)
        return 2
    if options.json:
        Path(options.json).write_text(json.dumps(found if len(found) > 1 else found[0], indent=1, default=list))
    return int(not all(one["ok"] for one in found))


def console() -> Console:
    """Where it prints: as wide as the terminal, or as a page."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)


def chosen(name: str | None) -> list[Drill]:
    """The drills of this name; the usual trial where none is named."""
    if name is None:
        return [usual]
    if name == "all":
        return list(DRILLS.values())
    if name not in DRILLS:
        raise CouldNotRun(f"there is no drill called {name}; --list names them")
    return [DRILLS[name]]


def run(drill: Drill, asked: dict[str, Any], out: Console, keep: str | None) -> dict[str, Any]:
    """One trial: the report as JSON."""
    plan = Plan(**{**drill.plan, **asked})
    title = f"{drill.name}: {plan.said}"
    out.print(f"\n{title}", style="bold")
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="survive-", ignore_cleanup_errors=True) as name:
        verdicts, numbers = tried(drill, plan, Path(name), teller(out, begun), keep)
    numbers["seconds"] = round(time.monotonic() - begun, 1)
    report.show(out, title, verdicts, numbers)
    return report.as_json(drill.name, plan, verdicts, numbers)


def tried(
    drill: Drill, plan: Plan, folder: Path, say: Callable[[str], None], keep: str | None
) -> tuple[list[Verdict], dict[str, Any]]:
    """What is to be said of it, and its figures."""
    trial = Trial(plan, folder, say)
    try:
        with trial:
            drill.hurt(trial)
            ended = trial.finish()
            seen = trial.evidence()
            verdicts = [*judge(seen, timed=plan.timed), *drill.look(trial, seen)]
            if not ended:
                say("it did not come to an end")
            return verdicts, report.figures(seen, 0.0)
    finally:
        if keep:
            trial.keep(Path(keep))


def teller(out: Console, begun: float) -> Callable[[str], None]:
    """Prints lines with the seconds before them."""

    def say(line: str) -> None:
        out.print(Text.assemble((f"{time.monotonic() - begun:7.1f} s", "dim"), f"  {line}"))

    return say

"""What is printed: lines while it runs, a table at the end, and the same as JSON."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchmarks.survive.evidence import Evidence
from benchmarks.survive.plan import Plan
from benchmarks.survive.verdict import Verdict

MARKS = {True: ("yes", "green"), False: ("NO", "bold red"), None: ("", "dim")}


def holds(verdicts: Sequence[Verdict]) -> bool:
    """Whether everything holds that has a limit."""
    return all(verdict.holds is not False for verdict in verdicts)


def table(title: str, verdicts: Sequence[Verdict]) -> Table:
    """One row for each verdict, and below it the first few that break it."""
    made = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    made.add_column("what must hold", min_width=46)
    made.add_column("found", min_width=40)
    made.add_column("limit", justify="right", no_wrap=True)
    made.add_column("holds", no_wrap=True)
    for verdict in verdicts:
        mark, style = MARKS[verdict.holds]
        colour = "red" if verdict.holds is False else ""
        made.add_row(verdict.name, Text(verdict.figure, style=colour), verdict.limit, Text(mark, style=style))
        for offender in verdict.offenders:
            made.add_row("", Text(offender, style="red"), "", "")
    return made


def figures(seen: Evidence, seconds: float) -> dict[str, Any]:
    """What the trial was, in numbers."""
    blows = [kill for kill in seen.kills if kill.how != "end"]
    resend = seen.conduct.get("resend")
    return {
        "emails accepted": len(seen.sent),
        "requests to resend": resend.requests if resend else 0,
        "most requests for one email": resend.most_tries if resend else 0,
        "blows": len(blows),
        "blows between acceptance and answer": sum(kill.window > 0 for kill in blows),
        "load of the machine": round(os.getloadavg()[0], 1),
        "seconds": round(seconds, 1),
    }


def show(console: Console, title: str, verdicts: Sequence[Verdict], numbers: Mapping[str, Any]) -> None:
    """The table, with the numbers under it."""
    console.print()
    console.print(table(title, verdicts))
    console.print(", ".join(f"{name} {value:,}" for name, value in numbers.items()), style="dim")
    word = Text("everything holds", "bold green") if holds(verdicts) else Text("SOMETHING DOES NOT HOLD", "bold red")
    console.print(word)


def as_json(name: str, plan: Plan, verdicts: Sequence[Verdict], numbers: Mapping[str, Any]) -> dict[str, Any]:
    """The same for machines."""
    return {
        "trial": name,
        "plan": asdict(plan),
        "machine": {"python": platform.python_version(), "system": platform.platform(), "processors": os.cpu_count()},
        "figures": dict(numbers),
        "verdicts": [asdict(verdict) for verdict in verdicts],
        "ok": holds(verdicts),
    }

"""What people see before and after runs are controlled: whom it is about, where they stand, what would follow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import click

from server.cli.printing import bold, grey, plain

if TYPE_CHECKING:
    from engine.model import Run
    from engine.runtime.control import Outcome, Preview, Told

BAR = 24
MOST_ROWS = 20
VERBS = {
    "pause": ("pause", "paused"),
    "resume": ("resume", "resumed"),
    "skip": ("leave out a step of", "left out a step of"),
    "retry": ("try again", "tried again"),
    "stop": ("stop", "stopped"),
}
NOBODY = {
    "pause": "nobody there is in a sequence and not paused already",
    "resume": "nobody there is paused",
    "skip": "nobody there is in a sequence",
    "retry": "no run there is held or has failed",
    "stop": "nobody there is in a sequence",
}


def counted(number: int, word: str = "run") -> str:
    """``1 run``, ``1,312 runs``."""
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"


# -- Before -----------------------------------------------------------------------------------


def before(preview: Preview) -> Iterator[str]:
    """What would happen."""
    yield _title(preview)
    yield from _steps(preview)
    if preview.examples:
        yield f"  {_people(preview)}"
    yield from (f"  {line}" for line in _follows(preview))
    yield from refused(preview)


def _title(preview: Preview) -> str:
    later = {"pause": "; whoever enters it later waits at its door", "resume": "; whoever enters it goes on, too"}
    told = later.get(preview.action.name, "") if preview.selection.whole else ""
    verb = VERBS[preview.action.name][0]
    return bold(f"{verb[0].upper()}{verb[1:]} {counted(len(preview.chosen))}{_of_one(preview)}") + told


def _of_one(preview: Preview) -> str:
    """`` of nurture``, where it is about one sequence."""
    programs = {program for program, _ in preview.steps} | {preview.selection.whole or ""} - {""}
    return f" of {next(iter(programs))}" if len(programs) == 1 else ""


def _steps(preview: Preview) -> Iterator[str]:
    """A row for each place where they stand, with a bar as long as its share."""
    programs = {program for program, _ in preview.steps}
    rows = sorted(preview.steps.items(), key=lambda row: (row[0][0], -row[1], row[0][1]))[:MOST_ROWS]
    names = [
        (program if len(programs) > 1 else "", f"before {step}" if step else "at its end")
        for (program, step), _ in rows
    ]
    width, wide = max((len(name) for name, _ in names), default=0), max((len(step) for _, step in names), default=0)
    most = max((count for _, count in rows), default=1)
    for (program, step), (_, count) in zip(names, rows, strict=True):
        place = f"{program.ljust(width)}  {step.ljust(wide)}" if width else step.ljust(wide)
        bar = f"  {click.style(_bar(count / most), fg='cyan')}" if len(rows) > 1 else ""
        yield f"  {place}  {count:>{len(f'{most:,}')},}{bar}".rstrip()
    if len(preview.steps) > MOST_ROWS:
        yield grey(f"  and at {len(preview.steps) - MOST_ROWS} places more")


def _place(step: str) -> str:
    return f"before {step}" if step else "at its end"


def _bar(share: float) -> str:
    whole, half = divmod(round(share * BAR * 2), 2)
    return "━" * whole + "╸" * half or "╸"


def _people(preview: Preview) -> str:
    more = len(preview.chosen) - len(preview.examples)
    names = ", ".join(map(plain, preview.examples))
    return grey(f"{names} and {more:,} more" if more > 0 else names)


def _follows(preview: Preview) -> Iterator[str]:
    from engine.runtime.control import SOON, Over, Resume
    from engine.runtime.lengths import in_words

    if preview.in_hand:
        yield f"{counted(preview.in_hand)} in a worker's hands: what is being sent at this moment still goes out"
    if preview.overdue:
        oldest = f", the oldest by {in_words(preview.now - preview.oldest_due)}" if preview.oldest_due else ""
        yield f"{click.style(f'{preview.overdue:,} overdue', fg='yellow')}{oldest}"
    if isinstance(preview.action, Resume) and isinstance(preview.action.catch_up, Over) and preview.overdue:
        every = in_words(preview.action.catch_up.length / preview.overdue)
        yield f"they are spread over {in_words(preview.action.catch_up.length)}: one about every {every}"
    if preview.soon:
        told = f"up to {counted(preview.soon, 'email')} within {in_words(SOON)}"
        yield click.style(told, fg="yellow", bold=True)


def refused(preview: Preview) -> Iterator[str]:
    """What it cannot be done to, and why: runs with the same reason together."""
    reasons: defaultdict[str, list[Run]] = defaultdict(list)
    for told in preview.refused:
        reasons[told.why].append(told.run)
    if preview.refusals:
        yield f"  {click.style(f'not {counted(preview.refusals)}', fg='red')}"
    for why, runs in reasons.items():
        ids = ", ".join(run.id for run in runs[:3]) + (" …" if len(runs) > 3 else "")
        yield f"    {plain(why)}\n    {grey(ids)}"


def nothing(preview: Preview) -> str:
    """Why there is nothing to do."""
    selection, name = preview.selection, preview.action.name
    told = [one for one in preview.unfit if selection.run or not one.run.status.ended]
    if preview.refused:
        return "\n".join(["nothing was done", *refused(preview)])
    if selection.whole and preview.standing_still and name == "pause":
        return f"{selection.whole} is paused already"
    if told:
        return "\n".join(["nothing was done", *(f"  {_of(one)}: {one.why}" for one in told)])
    return f"nothing was done: {NOBODY[name]}"


def _of(told: Told) -> str:
    return f"{plain(told.run.program)}, run {told.run.id}"


# -- After ------------------------------------------------------------------------------------


def after(preview: Preview, outcome: Outcome) -> Iterator[str]:
    """What was done."""
    done = VERBS[preview.action.name][1]
    only = preview.examples[0] if len(preview.chosen) == 1 and outcome.done == 1 and preview.examples else None
    if only is not None:
        (program, step), _ = next(iter(preview.steps.items()))
        where = f", before {step}" if step else ""
        yield f"{click.style(done, fg='green')} {plain(only)} in {program}{where}"
    else:
        yield f"{click.style(done, fg='green')} {counted(outcome.done)}{_of_one(preview)}"
    if outcome.moved:
        yield grey(f"{counted(outcome.moved)} had moved on meanwhile: left alone")
    if outcome.in_hand:
        ids = ", ".join(outcome.in_hand[:3]) + (" …" if len(outcome.in_hand) > 3 else "")
        yield f"{click.style(counted(len(outcome.in_hand)), fg='red')} in a worker's hands all the time: {ids}"
        yield "  not touched; say it again in a minute"


def as_json(preview: Preview, outcome: Outcome | None, said: str | None) -> dict[str, Any]:
    """The whole of it as one document. ``said`` is why nothing was done, where something could have been."""
    return {
        "action": preview.action.name,
        "runs": len(preview.chosen),
        "steps": [
            {"sequence": program, "step": step or None, "runs": n} for (program, step), n in preview.steps.items()
        ],
        "examples": preview.examples,
        "in_hand": preview.in_hand,
        "overdue": preview.overdue,
        "emails_within_10_minutes": preview.soon,
        "refused": _told(preview.refused),
        "unfit": _told(preview.unfit) if preview.selection.named else [],
        "done": outcome.done if outcome else 0,
        "moved_meanwhile": outcome.moved if outcome else 0,
        "left_in_hand": outcome.in_hand if outcome else [],
        "said": said,
    }


def _told(found: Iterable[Told]) -> list[dict[str, Any]]:
    return [{"run": one.run.id, "sequence": one.run.program, "why": one.why} for one in found]

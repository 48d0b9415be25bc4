"""Runs that want somebody's attention, with the reason, and what can be done about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo

import click

from server.cli.printing import plain

if TYPE_CHECKING:
    from engine.model import Run
    from engine.runtime.ledger import ListedRun, Transaction
    from engine.runtime.ledger.attention import Stuck

Kind = Literal["held", "paused", "stuck"]
LATE = timedelta(minutes=5)
"""A run that is overdue for longer, in nobody's hands, is stuck."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A run in a list: ``why`` it stands where it stands, ``more`` for whoever reads JSON."""

    run: Run
    email: str
    paused_at: datetime | None = None
    why: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)


def with_pauses(tx: Transaction, found: Sequence[ListedRun]) -> list[Seen]:
    """Runs with the reason that they have themselves, or that their pause has."""
    still = [one for one in found if one.paused_at is not None and not one.run.status.ended]
    reasons = tx.why_paused(one.run.id for one in still)
    paused_at = {one.run.id: one.paused_at for one in still}
    return [
        Seen(one.run, one.email, paused_at.get(one.run.id), reasons.get(one.run.id) or one.run.reason or "")
        for one in found
    ]


def held(tx: Transaction, sequence: str | None, email: str | None, limit: int) -> list[Seen]:
    """Runs that wait for a person or a value, those of triggers too."""
    from engine.model import RunStatus

    found = tx.list_runs(program=sequence, status=RunStatus.HELD, email=email, limit=limit, triggers=True)
    return [
        replace(one, why=one.run.reason or "", more={"to_do": to_do(one.run, one.paused_at)})
        for one in with_pauses(tx, found)
    ]


def paused(tx: Transaction, sequence: str | None, email: str | None, limit: int) -> list[Seen]:
    """Runs that stand still."""
    programs = [sequence] if sequence else tx.programs()
    found = with_pauses(tx, tx.list_paused(programs, email=email, limit=limit))
    return [Seen(one.run, one.email, one.paused_at, one.why, {"paused_because": one.why}) for one in found]


def stuck(tx: Transaction, sequence: str | None, email: str | None, limit: int, now: datetime) -> list[Seen]:
    """Runs that should have moved."""
    found = tx.list_stuck(now, now - LATE, program=sequence, email=email, limit=limit)
    return [Seen(one.listed.run, one.listed.email, None, _why_stuck(one, now), {"taken": one.claims}) for one in found]


def _why_stuck(one: Stuck, now: datetime) -> str:
    from engine.runtime.lengths import in_words

    run = one.listed.run
    if one.claims > 1:
        return f"taken by workers {one.claims} times and never written down"
    late = f"overdue by {in_words(now - run.due_at)}" if run.due_at else "overdue"
    return f"{late}: {run.reason}" if run.reason else late


def opening(tx: Transaction, kind: Kind | None, sequence: str | None, zone: ZoneInfo) -> list[str]:
    """Sequences that stand still as a whole."""
    if kind != "paused":
        return []
    return [
        f"{click.style(one.program, bold=True)} {_since(one.since, zone)}, {plain(one.reason)}; "
        "whoever enters it waits at its door"
        for one in tx.standstills()
        if sequence in {None, one.program}
    ]


def _since(moment: datetime, zone: ZoneInfo) -> str:
    return f"stands still since {moment.astimezone(zone):%Y-%m-%d %H:%M}"


def to_do(run: Run, paused_at: datetime | None) -> list[str]:
    """The commands that get a run on that is held or paused."""
    from engine.interpreter import UNSURE

    if paused_at is not None:
        return [f"busos runs resume {run.id}"]
    if run.in_doubt and (run.reason or "").startswith(UNSURE):
        return [f"busos runs skip {run.id}", f"busos runs retry {run.id} --send-again"]
    return [f"busos runs retry {run.id}", f"busos runs skip {run.id}"]


def closing(kind: Kind | None, found: Sequence[Seen]) -> Iterator[str]:
    """What can be done about them."""
    if not found:
        return
    match kind:
        case "held":
            yield from _about_held(found)
        case "paused":
            yield "they go on with: busos runs resume RUN, or --sequence NAME for all of them"
        case "stuck":
            yield "is a worker alive? busos doctor says so; busos runs show RUN tells what happened"
        case _:
            return


def _about_held(found: Sequence[Seen]) -> Iterator[str]:
    first = [one.more["to_do"][0].split()[2] for one in found]
    if "retry" in first:
        yield "mend the reason, and they go on by themselves"
        yield "  busos runs retry RUN                looks at it now"
        yield "  busos runs skip RUN                 leaves that step out"
    if "skip" in first:
        yield "where it is not known whether an email was sent, nothing goes on by itself"
        yield "  busos runs skip RUN                 counts it as sent"
        yield "  busos runs retry RUN --send-again   sends it; it may arrive twice"
    if "resume" in first:
        yield "what is paused goes on with: busos runs resume RUN"

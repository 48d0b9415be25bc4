"""Runs that want somebody's attention, with the reason, and what can be done about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal, assert_never
from zoneinfo import ZoneInfo

import click

from server.cli.advice import command_line
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
    reasons = _why_paused(tx, still)
    paused_at = {one.run.id: one.paused_at for one in still}
    return [
        Seen(one.run, one.email, paused_at.get(one.run.id), reasons.get(one.run.id) or one.run.reason or "")
        for one in found
    ]


def _why_paused(tx: Transaction, paused: Sequence[ListedRun]) -> dict[str, str]:
    """What their stories say; who waits at the door of a sequence has no line there, and shares its reason."""
    told = tx.why_paused(one.run.id for one in paused)
    doors = {one.program: one.reason for one in tx.standstills()} if len(told) < len(paused) else {}
    return {one.run.id: told.get(one.run.id) or doors.get(one.run.program, "") for one in paused}


def kinds_of(
    tx: Transaction, kinds: Sequence[Kind], sequence: str | None, email: str | None, limit: int, now: datetime
) -> list[Seen]:
    """Runs of each of these kinds; of several kinds together newest first, and each run once."""
    lists = [_of_kind(tx, kind, sequence, email, limit, now) for kind in kinds]
    if len(lists) == 1:
        return lists[0]
    found: dict[str, Seen] = {}
    for one in chain(*lists):
        before = found.get(one.run.id)
        found[one.run.id] = replace(before, more={**one.more, **before.more}) if before else one
    return sorted(found.values(), key=lambda one: one.run.id, reverse=True)[:limit]


def _of_kind(
    tx: Transaction, kind: Kind, sequence: str | None, email: str | None, limit: int, now: datetime
) -> list[Seen]:
    match kind:
        case "held":
            return held(tx, sequence, email, limit)
        case "paused":
            return paused(tx, sequence, email, limit)
        case "stuck":
            return stuck(tx, sequence, email, limit, now)
        case _:
            assert_never(kind)


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


def opening(tx: Transaction, kinds: Sequence[Kind], sequence: str | None, zone: ZoneInfo) -> list[str]:
    """Sequences that stand still as a whole."""
    if "paused" not in kinds:
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
    from engine.asking import UNSURE

    if paused_at is not None:
        return [command_line("runs", "resume", run.id)]
    if run.in_doubt and (run.reason or "").startswith(UNSURE):
        return [command_line("runs", "skip", run.id), command_line("runs", "retry", run.id, "--send-again")]
    return [command_line("runs", "retry", run.id), command_line("runs", "skip", run.id)]


def closing(kinds: Sequence[Kind], found: Sequence[Seen]) -> Iterator[str]:
    """What can be done about them. How paused runs go on is said once."""
    if "held" in kinds:
        yield from _about_held([one for one in found if _to_be_told(one, kinds)])
    if "paused" in kinds and any("paused_because" in one.more for one in found):
        they = "they go" if len(kinds) == 1 else "what is paused goes"
        yield f"{they} on with: {command_line('runs', 'resume', 'RUN')}, or --sequence NAME for all of them"
    if "stuck" in kinds and any("taken" in one.more for one in found):
        doctor, show = command_line("doctor"), command_line("runs", "show", "RUN")
        yield f"is a worker alive? {doctor} says so; {show} tells what happened"


def _to_be_told(one: Seen, kinds: Sequence[Kind]) -> bool:
    return "to_do" in one.more and not ("paused" in kinds and one.paused_at)


def _about_held(found: Sequence[Seen]) -> Iterator[str]:
    first = [one.more["to_do"][0].split()[2] for one in found]
    retry, skip = command_line("runs", "retry", "RUN"), command_line("runs", "skip", "RUN")
    again = command_line("runs", "retry", "RUN", "--send-again")
    width = len(again)
    if "retry" in first:
        yield "mend the reason, and they go on by themselves"
        yield f"  {retry:{width}}   looks at it now"
        yield f"  {skip:{width}}   leaves that step out"
    if "skip" in first:
        yield "where it is not known whether an email was sent, nothing goes on by itself"
        yield f"  {skip:{width}}   counts it as sent"
        yield f"  {again:{width}}   sends it; it may arrive twice"
    if "resume" in first:
        yield f"what is paused goes on with: {command_line('runs', 'resume', 'RUN')}"

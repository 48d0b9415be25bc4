"""Who may enter a sequence, and again: the re-entry rules of the file, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.model import Contact, Entry, IfAlreadyIn, Program, Run, RunStatus
from engine.scene import segment_of
from engine.timing import add


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """Whether a contact enters a sequence: the new run or None, the runs it replaces, and why."""

    run: Run | None
    replaced: tuple[Run, ...] = ()
    note: str


def enrol(
    program: Program, contact: Contact, earlier: Sequence[Run], *, run_id: str, event_id: str | None, now: datetime
) -> Enrolment:
    """Decide on ``start``: ``earlier`` are all runs that this contact ever had in this sequence."""
    if contact.suppressed:
        return Enrolment(run=None, note=f"not started: {contact.suppressed}")
    live = tuple(run for run in earlier if not run.status.ended)
    policy = program.re_entry.if_already_in
    if live and policy is IfAlreadyIn.IGNORE:
        return Enrolment(run=None, note="not started: already in it")
    if not live and (refusal := _too_soon(program, contact, earlier, now)):
        return Enrolment(run=None, note=refusal)
    segment = segment_of(program.vocabulary, contact.values, now).segment
    run = Run(
        id=run_id,
        program=program.name,
        contact_id=contact.id,
        status=RunStatus.READY,
        step=program.first,
        since=now,
        due_at=now,
        started_at=now,
        event_id=event_id,
        segment=segment,
    )
    replaced = live if policy is IfAlreadyIn.RESTART else ()
    return Enrolment(run=run, replaced=replaced, note="started again" if replaced else "started")


def _too_soon(program: Program, contact: Contact, earlier: Sequence[Run], now: datetime) -> str:
    if not earlier:
        return ""
    rest = program.re_entry.after
    last = max(run.started_at for run in earlier)
    if rest is None:
        return f"not started: was in it before, on {last:%Y-%m-%d}"
    again = add(last, rest, program.vocabulary.zone)
    return f"not started: may enter again on {again:%Y-%m-%d}" if now < again else ""


def told(entry: Entry, enrolled: Mapping[str, str]) -> Entry:
    """A line of a story with what became of its ``start``; the shell knows that, after it has enrolled."""
    if entry.kind != "start" or entry.note not in enrolled:
        return entry
    return entry.evolve(note=f"{entry.note}: {enrolled[entry.note]}")

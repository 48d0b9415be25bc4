"""Who may enter a sequence, and again: the re-entry rules of the file, and nothing else.

With ``one_run_per`` the rules hold for each value of its field, and each run keeps what it was started with: that
value, the dates that its waits count from, and what ``with`` gives. A start with a value that has a run already
brings news about it, so that a call that was moved is reminded of at its new time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.model import (
    Contact,
    Entry,
    IfAlreadyIn,
    Program,
    RaiseAlert,
    Run,
    RunStatus,
    StartRun,
    StopRuns,
    Values,
    written,
)
from engine.scene import MASK, is_private, masked, segment_of
from engine.timing import add, day_of

THIS_VERSION = 0
"""What pins a new run to the version of the file that is in use; the ledger puts its number there."""

Told = tuple[str, str]
"""The name of a sequence, and what became of its start or stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """Whether a contact enters a sequence: the new run or None, the runs it replaces, and why.

    ``which`` says for a new run what tells it apart. ``renewed`` are runs that go on with other values than before,
    ``news`` says which; ``alert`` tells the team of a start that could not be carried out.
    """

    run: Run | None
    note: str
    which: str = ""
    replaced: tuple[Run, ...] = ()
    renewed: tuple[Run, ...] = ()
    news: str = ""
    alert: RaiseAlert | None = None


def enrol(
    program: Program,
    contact: Contact,
    earlier: Sequence[Run],
    *,
    run_id: str,
    event_id: str | None,
    now: datetime,
    asked: StartRun | None = None,
) -> Enrolment:
    """Decide on ``start``: ``earlier`` are all runs that this contact ever had in this sequence."""
    refusal = contact.refuses(program.name, transactional=program.first in program.still_sends)
    if refusal:
        return Enrolment(run=None, note=f"not started: {refusal}")
    asked = asked or StartRun(sequence=program.name)
    given = {**own_values(program, {**contact.values, **asked.seen}), **asked.given}
    key = key_of(program, given)
    if program.one_run_per and key is None:
        return _without_key(program, contact)
    mine = [run for run in earlier if run.key == key] if program.one_run_per else earlier
    live = tuple(run for run in mine if not run.status.ended)
    policy, which = program.re_entry.if_already_in, _which(program, key)
    if live and policy is IfAlreadyIn.IGNORE:
        return _ignored(program, live, given, which)
    if not live and (soon := _too_soon(program, mine, now)):
        return Enrolment(run=None, note=f"{soon}{which}")
    run = begun(program, contact, run_id=run_id, now=now, given=given)
    replaced = live if policy is IfAlreadyIn.RESTART else ()
    note = f"{'started again' if replaced else 'started'}{which}{_only(program, contact)}"
    pinned = THIS_VERSION if program.keep_version else None
    run = run.evolve(event_id=event_id, elsewhere=asked.elsewhere, pinned=pinned)
    return Enrolment(run=run, replaced=replaced, note=note, which=which)


def begun(program: Program, contact: Contact, *, run_id: str, now: datetime, given: Values) -> Run:
    """A run that stands before the first step of a sequence, with the values that it keeps."""
    return Run(
        id=run_id,
        program=program.name,
        contact_id=contact.id,
        status=RunStatus.READY,
        step=program.first,
        since=now,
        due_at=now,
        started_at=now,
        segment=segment_of(program.vocabulary, {**contact.values, **given}, now).segment,
        key=key_of(program, given),
        given=given,
    )


def own_values(program: Program, values: Values) -> Values:
    """Those of these values that each run of a sequence keeps, where they are known."""
    return {name: values[name] for name in program.own if values.get(name) is not None}


def key_of(program: Program, values: Values) -> str | None:
    """What tells runs of one contact apart, as text; None where that is unknown, or nothing does."""
    found = values.get(program.one_run_per) if program.one_run_per else None
    return None if found is None else written(found)


def stopped_by(program: Program | None, effect: StopRuns, runs: Iterable[Run]) -> tuple[tuple[Run, ...], str]:
    """The runs that a ``stop`` ends, and what its line says of that. ``program`` is None when it has gone.

    Who stops a sequence with ``one_run_per`` and was itself given a value of that field means the runs of this value;
    else all of them are meant.
    """
    key = key_of(program, effect.seen) if program else None
    ended = tuple(run for run in runs if not run.status.ended and key in {None, run.key})
    if program is None or program.one_run_per is None:
        return ended, ""
    count = "1 run" if len(ended) == 1 else f"{len(ended)} runs"
    return ended, f"{count} ended{_which(program, key)}"


def told(story: Iterable[Entry], outcomes: Iterable[Told]) -> list[Entry]:
    """Lines of a story with what became of each ``start`` and ``stop``, which the shell knows when it has done them.

    ``outcomes`` come in the order of the lines.
    """
    left = list(outcomes)
    return [_with_outcome(entry, left) for entry in story]


def _with_outcome(entry: Entry, left: list[Told]) -> Entry:
    if not left or entry.kind not in {"start", "stop"} or entry.note != left[0][0]:
        return entry
    _, outcome = left.pop(0)
    return entry.evolve(note=f"{entry.note}: {outcome}") if outcome else entry


def _without_key(program: Program, contact: Contact) -> Enrolment:
    why = f"{program.one_run_per} is unknown"
    message = f"{program.name} was not started for {contact.email}: {why}"
    alert = RaiseAlert(message=message, topic=f"{program.name} not started: {why}", colour="orange")
    return Enrolment(run=None, note=f"not started: {why}", alert=alert)


def _ignored(program: Program, live: tuple[Run, ...], given: Values, which: str) -> Enrolment:
    """The run goes on where it is. One of several learns what is new about what it is for."""
    note = f"not started: already in it{which}"
    changed = {name: value for name, value in given.items() if any(run.given.get(name) != value for run in live)}
    if not program.one_run_per or not changed:
        return Enrolment(run=None, note=note)
    news = ", ".join(f"{name} is now {written(value)}" for name, value in masked(program.vocabulary, changed).items())
    renewed = tuple(run.evolve(given={**run.given, **changed}) for run in live)
    return Enrolment(run=None, note=f"{note}; {news}", renewed=renewed, news=news)


def _too_soon(program: Program, earlier: Sequence[Run], now: datetime) -> str:
    if not earlier:
        return ""
    rest = program.re_entry.after
    last, zone = max(run.started_at for run in earlier), program.vocabulary.zone
    if rest is None:
        return f"not started: was in it before, on {day_of(last, zone)}"
    again = add(last, rest, zone, program.vocabulary.holidays)
    return f"not started: may enter again on {day_of(again, zone)}" if now < again else ""


def _which(program: Program, key: str | None) -> str:
    told = MASK if is_private(program.vocabulary, program.one_run_per or "") else key
    return "" if key is None else f", for {program.one_run_per} = {told}"


def _only(program: Program, contact: Contact) -> str:
    why = contact.refuses(program.name, transactional=False)
    return f"; {why}, so only transactional emails go out" if why else ""

"""``busos runs show``: everything that happened to one run, or to one person."""

# ruff: noqa: D301 - click reads \b as "do not wrap this"

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from server.cli.advice import command_line
from server.cli.control.attention import to_do
from server.cli.files import file_option
from server.cli.ledgers import looking
from server.cli.printing import bold, grey, plain, print_json
from server.cli.stories import Calendar, iso, story_json

if TYPE_CHECKING:
    from engine.model import Entry, Run
    from engine.runtime.ledger import Transaction
    from engine.runtime.ledger.records import Stamp

MOST = 1000


@dataclass(frozen=True, slots=True)
class _Told:
    """A run with its address and its story."""

    run: Run
    email: str
    story: Sequence[Entry]
    stamps: Sequence[Stamp]
    paused_at: datetime | None


@click.command("show", short_help="The whole story of a run or a person.")
@click.argument("run_or_email")
@file_option
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def command(run_or_email: str, file: str | None, as_json: bool) -> None:
    """Tell everything that happened, and why: for a run by its id, or for a contact by the email address.

    The JSON of an address is its newest run in a sequence, with the others in "other_runs".

    \b
    Examples:
      busos runs show ada@example.com
      busos runs show 01m84bsysajr0t88gmf3 --json

    Exit status: 0 done; 1 there is no such run or person; 2 it could not run.
    """
    with looking(file) as (ledger, zone), ledger.read() as tx:
        found = _of_email(tx, run_or_email) if "@" in run_or_email else _of_id(tx, run_or_email)
    if not found:
        see = command_line("runs", "list")
        click.echo(f'no run has the id or the email address "{run_or_email}"; see {see}', err=True)
        click.get_current_context().exit(1)
    if as_json:
        print_json(_as_json(found, zone))
    else:
        click.echo("\n\n".join("\n".join(_as_text(one, zone)) for one in found))


def _of_id(tx: Transaction, run_id: str) -> list[_Told]:
    found = tx.standings([run_id])
    if not found:
        return []
    run, paused_at = found[0].run, found[0].paused_at
    contact = tx.contacts([run.contact_id])[run.contact_id]
    return [_told(tx, run, contact.email, paused_at)]


def _told(tx: Transaction, run: Run, email: str, paused_at: datetime | None) -> _Told:
    """What the provider told of its emails was decided by no version of the file."""
    from engine.runtime.deliveries import delivery_lines, with_deliveries
    from engine.runtime.ledger.records import Stamp

    own = tx.story(run.id)
    story = with_deliveries(own, delivery_lines(tx, own))
    stamps = iter(tx.stamps(run.id))
    beside = [Stamp(None, None) if entry.kind == "delivery" else next(stamps) for entry in story]
    return _Told(run, email, story, beside, None if run.status.ended else paused_at)


def _of_email(tx: Transaction, email: str) -> list[_Told]:
    """Oldest first, the runs of triggers too: they begin the story."""
    listed = tx.list_runs(email=email, triggers=True, limit=MOST)
    return [_told(tx, one.run, one.email, one.paused_at) for one in reversed(listed)]


def _as_json(found: Sequence[_Told], zone: ZoneInfo) -> dict[str, Any]:
    newest = list(reversed(found))
    first = next((one for one in newest if not one.run.program.startswith("trigger ")), newest[0])
    others = [_run_json(one, zone) for one in newest if one is not first]
    return {**_run_json(first, zone), "other_runs": others}


def _run_json(told: _Told, zone: ZoneInfo) -> dict[str, Any]:
    run = told.run
    return {
        "run": run.id,
        "email": told.email,
        "sequence": run.program,
        "key": run.key,
        "segment": run.segment,
        "outcome": run.status.value,
        "step": run.step,
        "due_at": iso(run.due_at, zone) if run.due_at else None,
        "reason": run.reason,
        "paused_at": iso(told.paused_at, zone) if told.paused_at else None,
        "story": [
            {**line, "revision": stamp.revision, "commit": stamp.commit}
            for line, stamp in zip(story_json(told.story, zone, real=True), told.stamps, strict=True)
        ],
    }


def _as_text(told: _Told, zone: ZoneInfo) -> list[str]:
    run, calendar = told.run, Calendar(told.story, zone)
    segment = f", segment {run.segment}" if run.segment else ""
    key = f" for {plain(run.key)}" if run.key else ""
    status = click.style("paused", fg="yellow") if told.paused_at else run.status.value
    head = f"{bold(run.program)}{key}  {told.email}  {status}{segment}  {grey(f'run {run.id}')}"
    return [head, *calendar.lines(), *_next(told, calendar), *_versions(told.stamps)]


def _versions(stamps: Sequence[Stamp]) -> list[str]:
    """By which versions of the file it was decided, in order, where git knows them or there were several."""
    seen = [one for one in dict.fromkeys(stamps) if one.revision]
    if len(seen) < 2 and not any(one.commit for one in seen):
        return []
    told = [f"{one.revision} (commit {one.commit})" if one.commit else str(one.revision) for one in seen]
    return [grey(f"decided by revision {', then '.join(told)}")]


def _next(told: _Told, calendar: Calendar) -> list[str]:
    """What comes next, for a run that is not over."""
    run = told.run
    if run.status.ended or run.due_at is None:
        return []
    why = f" ({plain(run.reason)})" if run.reason else ""
    if told.paused_at:
        return [f"paused before {run.step or 'the end'}, which was due {calendar.when(run.due_at)}{why}", *_to_do(told)]
    held = _to_do(told) if run.status.value == "held" else []
    return [f"next: {run.step or 'the end'}, {calendar.when(run.due_at)}{why}", *held]


def _to_do(told: _Told) -> list[str]:
    return [grey(f"  {command}") for command in to_do(told.run, told.paused_at)]

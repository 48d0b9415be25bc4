"""``busos runs list``: who is in which sequence, and where."""

# ruff: noqa: D301 - click reads \b as "do not wrap this"

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from server.cli.files import file_option
from server.cli.ledgers import looking
from server.cli.printing import bold, plain, print_json, table
from server.cli.stories import iso

if TYPE_CHECKING:
    from engine.runtime.ledger import ListedRun

STATUSES = ("ready", "waiting", "sending", "held", "finished", "stopped", "failed")
_HEAD = ("RUN", "SEQUENCE", "EMAIL", "STATUS", "NEXT", "WHEN", "WHY")


@click.command("list", short_help="Who is in which sequence, and where.")
@file_option
@click.option("--sequence", help="Only this sequence.")
@click.option("--status", type=click.Choice(STATUSES), help="Only this status.")
@click.option("--email", help="Only this contact.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many, newest first.")
@click.option("--triggers", is_flag=True, help="The runs of triggers too.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def command(
    file: str | None,
    sequence: str | None,
    status: str | None,
    email: str | None,
    limit: int,
    triggers: bool,
    as_json: bool,
) -> None:
    """List runs, newest first.

    \b
    Examples:
      busos runs list
      busos runs list --status held
      busos runs list --email ada@example.com --json
    """
    from engine.model import RunStatus

    with looking(file) as (ledger, zone), ledger.read() as tx:
        found = tx.list_runs(
            program=sequence,
            status=RunStatus(status) if status else None,
            email=email,
            limit=limit,
            triggers=triggers,
        )
    if as_json:
        print_json({"runs": [run_json(one, zone) for one in found]})
    else:
        click.echo("\n".join(_lines(found, zone)) if found else "no runs")


def run_json(listed: ListedRun, zone: ZoneInfo) -> dict[str, Any]:
    """A run where it stands now, times in a zone."""
    run = listed.run
    moments = {"since": run.since, "due_at": run.due_at, "started_at": run.started_at, "ended_at": run.ended_at}
    return {
        "id": run.id,
        "sequence": run.program,
        "email": listed.email,
        "status": run.status.value,
        "segment": run.segment,
        "step": run.step,
        **{name: iso(moment, zone) if moment else None for name, moment in moments.items()},
        "reason": run.reason,
    }


def _lines(found: Sequence[ListedRun], zone: ZoneInfo) -> list[str]:
    head, *lines = table([_HEAD, *(_row(one, zone) for one in found)])
    return [bold(head), *lines]


def _row(listed: ListedRun, zone: ZoneInfo) -> tuple[str, ...]:
    run = listed.run
    moment = run.ended_at or run.due_at or run.since
    when = moment.astimezone(zone).strftime("%Y-%m-%d %H:%M")
    return (run.id, run.program, listed.email, run.status.value, run.step or "", when, plain(run.reason or ""))

"""``busos runs list``: who is in which sequence, and where."""

# ruff: noqa: D301 - click reads \b as "do not wrap this"

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from server.cli.control.attention import Kind, Seen, closing, kinds_of, opening, with_pauses
from server.cli.files import file_option
from server.cli.ledgers import looking
from server.cli.printing import bold, grey, plain, print_json, table
from server.cli.stories import iso

if TYPE_CHECKING:
    from engine.runtime.ledger import Transaction

STATUSES = ("ready", "waiting", "sending", "calling", "held", "paused", "finished", "stopped", "failed")
_HEAD = ("RUN", "SEQUENCE", "KEY", "EMAIL", "STATUS", "NEXT", "WHEN", "WHY")
_KEY, _STATUS = _HEAD.index("KEY"), _HEAD.index("STATUS")
MOST = 10_000
_COLOURS = {"held": "red", "failed": "red", "paused": "yellow"}


@click.command("list", short_help="Who is in which sequence, and where.")
@file_option
@click.option("--sequence", help="Only this sequence.")
@click.option("--status", type=click.Choice(STATUSES), help="Only this status.")
@click.option("--email", help="Only this contact.")
@click.option("--key", help="Only runs for this value of one_run_per, such as an appointment's.")
@click.option(
    "--held", "kinds", flag_value="held", multiple=True, help="Runs that wait for a person or a value, and what to do."
)
@click.option(
    "--paused", "kinds", flag_value="paused", multiple=True, help="Runs that somebody paused, since when and why."
)
@click.option("--stuck", "kinds", flag_value="stuck", multiple=True, help="Runs that should have moved and did not.")
@click.option("--limit", type=click.IntRange(1, MOST), default=50, show_default=True, help="How many, newest first.")
@click.option("--triggers", is_flag=True, help="The runs of triggers too.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def command(
    file: str | None,
    sequence: str | None,
    status: str | None,
    email: str | None,
    key: str | None,
    kinds: tuple[Kind, ...],
    limit: int,
    triggers: bool,
    as_json: bool,
) -> None:
    """List runs, newest first.

    Stuck are runs that have been due for more than five minutes without a worker having them in hand, and runs that
    were taken by workers more than once and never written down: their workers died.

    --held, --paused and --stuck can be said together; --status paused is --paused.

    \b
    Examples:
      busos runs list
      busos runs list --held
      busos runs list --stuck --sequence nurture
      busos runs list --email ada@example.com --json
      busos runs list --sequence reminders --key A17
    """
    if kinds and status is not None:
        raise click.UsageError(f"say --{kinds[0]} or --status, not both")
    wanted: tuple[Kind, ...] = ("paused",) if status == "paused" else tuple(dict.fromkeys(kinds))
    now = datetime.now(UTC)
    with looking(file) as (ledger, zone), ledger.read() as tx:
        if wanted:
            most = limit if key is None else MOST
            found = [one for one in kinds_of(tx, wanted, sequence, email, most, now) if key in {None, one.run.key}][
                :limit
            ]
        else:
            found = _listed(tx, sequence, status, email, key, limit, triggers)
        first = opening(tx, wanted, sequence, zone)
    if as_json:
        print_json({"runs": [run_json(one, zone) for one in found]})
        return
    click.echo("\n".join([*first, *(_lines(found, zone) if found else [_nobody(wanted)])]))
    click.echo("".join(f"{grey(line)}\n" for line in closing(wanted, found)), nl=False)


def _listed(
    tx: Transaction,
    sequence: str | None,
    status: str | None,
    email: str | None,
    key: str | None,
    limit: int,
    triggers: bool,
) -> list[Seen]:
    from engine.model import RunStatus

    found = tx.list_runs(
        program=sequence,
        status=RunStatus(status) if status else None,
        email=email,
        key=key,
        limit=limit,
        triggers=triggers,
    )
    return with_pauses(tx, found)


def run_json(seen: Seen, zone: ZoneInfo) -> dict[str, Any]:
    """A run where it stands now, times in a zone."""
    run = seen.run
    moments = {"since": run.since, "due_at": run.due_at, "started_at": run.started_at, "ended_at": run.ended_at}
    return {
        "id": run.id,
        "sequence": run.program,
        "key": run.key,
        "email": seen.email,
        "status": run.status.value,
        "segment": run.segment,
        "step": run.step,
        **{name: iso(moment, zone) if moment else None for name, moment in moments.items()},
        "reason": run.reason,
        "paused_at": iso(seen.paused_at, zone) if seen.paused_at else None,
        **seen.more,
    }


def _nobody(kinds: Sequence[Kind]) -> str:
    return f"no run is {' or '.join(kinds)}" if kinds else "no runs"


def _lines(found: Sequence[Seen], zone: ZoneInfo) -> list[str]:
    rows = [_row(one, zone) for one in found]
    shown = [_HEAD, *rows] if any(row[_KEY] for row in rows) else [_keyless(row) for row in (_HEAD, *rows)]
    head, *lines = table(shown)
    place = head.index(_HEAD[_STATUS])
    return [bold(head), *(_coloured(line, row[_STATUS], place) for line, row in zip(lines, rows, strict=True))]


def _keyless(row: tuple[str, ...]) -> tuple[str, ...]:
    """Without the column that only sequences with one_run_per fill."""
    return (*row[:_KEY], *row[_KEY + 1 :])


def _coloured(line: str, status: str, place: int) -> str:
    """The line with its status in a colour, if that wants attention and stands where it should."""
    colour, end = _COLOURS.get(status), place + len(status)
    if colour is None or line[place:end] != status:
        return line
    return f"{line[:place]}{click.style(status, fg=colour)}{line[end:]}"


def _row(seen: Seen, zone: ZoneInfo) -> tuple[str, ...]:
    run = seen.run
    moment = seen.paused_at or run.ended_at or run.due_at or run.since
    when = moment.astimezone(zone).strftime("%Y-%m-%d %H:%M")
    status = "paused" if seen.paused_at else run.status.value
    return (run.id, run.program, plain(run.key or ""), seen.email, status, run.step or "", when, plain(seen.why))

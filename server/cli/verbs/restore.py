"""``busos restore``: a backup in the place of the ledger, without sending anything twice."""

# ruff: noqa: D301 - click reads \b as "do not wrap this"

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from server.cli.advice import command_line
from server.cli.control.restored import ask, paused_lines
from server.cli.control.screens import counted
from server.cli.files import file_option, settings_for
from server.cli.interrupting import file_at, identity, interruptible
from server.cli.ledgers import zone_of
from server.cli.printing import bold

if TYPE_CHECKING:
    from engine.runtime.ledger.copying.restore import Restoration


@click.command("restore", short_help="Put a backup in the ledger's place.")
@click.argument("backup", metavar="[FILE]", required=False, type=click.Path(path_type=Path))
@file_option
@click.option("--replace", is_flag=True, help="Postgres: in the place of what is there, after a backup of that.")
def command(backup: Path | None, file: str | None, replace: bool) -> None:
    """Put a backup in the place of the ledger. busos has to be stopped; what was there is kept aside.

    A backup does not know what was sent after it was taken. So every run that was due by now is paused, and you are
    asked what to do with them; nothing of that goes out by itself. Runs that are due later go on as usual. Alerts
    and updates of Notion pages that waited are given up.

    Without FILE the ledger itself is put to use: one that was copied while busos ran, or was moved away.

    \b
    Examples:
      busos restore busos-backup-20251112-090000.db
      busos restore busos-backup-20251112-090000.db --replace

    Exit status: 0 done; 2 nothing was changed; 130 interrupted: it says what holds.
    """
    from engine.runtime.ledger.copying.restore import restore, use
    from server.cli.progress import Bar
    from server.cli.verbs.backup import named_after

    settings, now = settings_for(file), datetime.now(UTC)
    if backup is None:
        done = use(settings.database_url, now)
    else:
        safety = named_after(now) if replace else None
        ledger = file_at(settings.database_url)
        before = identity(ledger)
        with interruptible(lambda: _holds(ledger, safety, swapped=identity(ledger) != before)), closing(Bar()) as bar:
            done = restore(settings.database_url, backup, now, bar, safety=safety)
    click.echo("\n".join(_lines(done, zone_of(settings))))
    if done.held.unsure:
        ask(settings, done.held)


def _holds(ledger: Path | None, safety: Path | None, *, swapped: bool) -> str:
    """What Ctrl-C left: a file is swapped in at one instant, and a server takes all of a restore or nothing."""
    if swapped:
        see = command_line("runs", "list", "--paused")
        return f"the backup had just become the ledger {ledger}. See who is paused: {see}"
    if ledger is not None:
        return f"nothing was changed. The ledger {ledger} is as it was"
    kept = f". The backup {safety} of what is there is kept" if safety and safety.exists() else ""
    return f"nothing was changed, unless it was just ending: {command_line('runs', 'list')} tells{kept}"


def _lines(done: Restoration, zone: ZoneInfo) -> Iterator[str]:
    known = done.held.known
    moment = f"as it was at {known.astimezone(zone):%Y-%m-%d %H:%M:%S}" if known else "in which nothing had happened"
    yield f"{bold(done.place)} is now the ledger {moment}."
    if done.aside is not None:
        yield f"What was there is {done.aside}."
    yield "What came after that moment is unknown to it: emails sent, answers, new people."
    yield from _suppressed(done)
    if done.held.errands:
        yield f"Given up: {done.held.errands:,} alerts and page updates that waited."
    if done.held.unsure:
        yield from ["", *paused_lines(done.held, zone), ""]
    elif done.held.before:
        see = command_line("runs", "list", "--paused")
        yield f"No run fell due since. {counted(done.held.before)} stood still before already: {see}"
    else:
        yield "No run fell due since: all go on as usual."


def _suppressed(done: Restoration) -> Iterator[str]:
    if done.suppressed is None:
        yield "What was there cannot be read to its end: who unsubscribed since may get emails again."
    elif done.suppressed:
        yield f"Who unsubscribed since is kept so: {done.suppressed:,}, as what was there tells."

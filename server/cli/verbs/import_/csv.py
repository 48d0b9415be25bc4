"""``busos import csv``: people from a spreadsheet, as if each had come by a webhook."""

# ruff: noqa: D301 - click reads \b as "do not wrap this"

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from server.cli.files import file_option, settings_for, templates_in
from server.cli.interrupting import interruptible
from server.cli.printing import print_json
from server.cli.progress import Bar

if TYPE_CHECKING:
    from engine.model import Playbook, Trigger
    from engine.runtime.system import System
    from server.cli.importing.looking import Outlook
    from server.cli.importing.reading import Import
    from server.cli.importing.taking import Taken


@click.command("csv", short_help="People from a spreadsheet.")
@click.argument("path", metavar="CSV", type=click.Path(path_type=Path))
@click.option("--trigger", required=True, metavar="NAME", help="Whose webhook each row stands for.")
@click.option("--map", "told", multiple=True, metavar="COLUMN=FIELD", help="Which column fills a field.")
@click.option("--skip-bad", is_flag=True, help="Import the others where some rows cannot be taken.")
@click.option("--label", default="", metavar="TEXT", help="Rows that came before under this label are not taken again.")
@click.option("--dry-run", is_flag=True, help="Show what would happen, and do nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@file_option
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def command(
    path: Path,
    trigger: str,
    told: tuple[str, ...],
    skip_bad: bool,
    label: str,
    dry_run: bool,
    yes: bool,
    file: str | None,
    as_json: bool,
) -> None:
    """Import a CSV file: each row is checked, saved and started as a POST to the trigger's webhook would be.

    First it shows who is new, who would start what, and when emails would go out; nothing happens before your yes. The
    first line names the columns: one called like a field fills it, in whatever case and with spaces or not.

    A row is known again by what it says. So the same command again goes on where it was interrupted, and a file with
    its bad rows mended brings only those in. To start the same people anew, say another --label.

    \b
    Examples:
      busos import csv people.csv --trigger signup
      busos import csv people.csv --trigger signup --map "E-mail address=email" --dry-run
      busos import csv people.csv --trigger signup --skip-bad --yes

    Exit status: 0 done; 1 rows cannot be taken, or the answer was no; 2 bad usage, or it could not run.
    """
    from engine.runtime.wiring import running
    from server.cli import logs
    from server.cli.importing.screens import outlook_json, outlook_text, taken_text

    logs.set_up()
    settings = settings_for(file)
    with running(settings, works=False, make_key=True) as system:
        playbook = system.playbook()
        found = _import(path, _trigger(playbook, trigger), playbook, told, label)
        outlook = _look(found, system, playbook)
        if not as_json:
            click.echo("\n".join(outlook_text(outlook, found.columns, str(path), trigger)))
        refusal = _refusal(outlook, skip_bad=skip_bad) or ("a dry run: nothing was imported" if dry_run else "")
        if not refusal and not yes:
            refusal = _answer(outlook, can_ask=sys.stdin.isatty() and not as_json)
        taken = None if refusal else _take(found, system)
    if as_json:
        print_json(outlook_json(outlook, found.columns, taken))
    else:
        click.echo(taken_text(taken) if taken else refusal, err=taken is None and not dry_run)
    click.get_current_context().exit(0 if taken or (dry_run and not _refusal(outlook, skip_bad=skip_bad)) else 1)


def _trigger(playbook: Playbook, name: str) -> Trigger:
    from server.cli.assignments import did_you_mean

    found = playbook.triggers.get(name)
    if found is None:
        raise click.UsageError(f'no trigger is called "{name}"{did_you_mean(name, playbook.triggers)}')
    return found


def _import(path: Path, trigger: Trigger, playbook: Playbook, told: tuple[str, ...], label: str) -> Import:
    from server.cli.importing.columns import columns_of
    from server.cli.importing.reading import Import
    from server.cli.importing.tables import Table

    table = Table(path)
    return Import(
        table=table,
        columns=columns_of(table.header, trigger, told),
        trigger=trigger,
        vocabulary=playbook.vocabulary,
        label=label,
        now=datetime.now(UTC),
    )


def _look(found: Import, system: System, playbook: Playbook) -> Outlook:
    from server.cli.importing.looking import look
    from server.cli.posting import Postman

    bar = Bar()
    bar.begin("looking at", found.table.size, "bytes")
    try:
        post = Postman(playbook, templates_in(system.settings.file))
        return look(found, system.ledger, playbook, post, bar.reached)
    finally:
        bar.end()


def _refusal(outlook: Outlook, *, skip_bad: bool) -> str:
    """Why nothing may be imported, whatever the answer were."""
    if outlook.bad and not skip_bad:
        rows = "1 row" if outlook.bad == 1 else f"{outlook.bad:,} rows"
        return f"{rows} cannot be taken, so nothing was imported: mend them, or say --skip-bad"
    return "" if outlook.good else "there is nothing to import"


def _answer(outlook: Outlook, *, can_ask: bool) -> str:
    rows = "1 row" if outlook.good == 1 else f"{outlook.good:,} rows"
    if not can_ask:
        _cannot_ask(rows)
    return "" if click.confirm(f"Import {rows}?") else "nothing was imported"


def _cannot_ask(rows: str) -> NoReturn:
    raise click.UsageError(f"this would import {rows}: say --yes to do it, --dry-run to look. Nothing was imported")


def _take(found: Import, system: System) -> Taken:
    from server.cli.importing.taking import Taken, take

    bar, taken = Bar(), Taken()
    bar.begin("importing", found.table.size, "bytes")
    with interruptible(lambda: f"{taken.new:,} rows are in; the same command goes on with the rest"):
        try:
            take(found, system, taken, bar.reached)
        finally:
            bar.end()
    return taken

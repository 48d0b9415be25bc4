"""``busos suppressions import``: the list of another program."""

# ruff: noqa: D301 - click reads \b as "do not wrap this"

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from server.cli.files import file_option
from server.cli.printing import plain
from server.cli.silencing import REASONS, SOURCE, change_all, is_address, listed

TOLD = 20


@click.command("import", short_help="The list of another program.")
@click.argument("path", metavar="LIST", type=click.Path(path_type=Path))
@click.option("--reason", type=click.Choice(REASONS), default=REASONS[0], show_default=True, help="Why, for all.")
@click.option("--skip-bad", is_flag=True, help="Take the others where some lines hold no address.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@file_option
def command(path: Path, reason: str, skip_bad: bool, yes: bool, file: str | None) -> None:
    """Send no marketing email to any address of a list: one a line, or the first column of a CSV file.

    A first line that holds no address is taken for a heading.

    \b
    Examples:
      busos suppressions import unsubscribed.csv
      busos suppressions import bounces.txt --reason bounced --yes

    Exit status: 0 done; 1 lines hold no address, or the answer was no; 2 bad usage, or it could not run.
    """
    good, bad = _read(path)
    for number, text in bad[:TOLD]:
        click.echo(f"{plain(str(path))}:{number}: {plain(text[:80])!r} is no email address", err=True)
    if bad and not skip_bad:
        lines = "1 line holds" if len(bad) == 1 else f"{len(bad):,} lines hold"
        click.echo(f"{lines} no address, so nothing was taken: mend the list, or say --skip-bad", err=True)
        click.get_current_context().exit(1)
    what = "1 address gets" if len(good) == 1 else f"{len(good):,} addresses get"
    if not yes and not sys.stdin.isatty():
        raise click.UsageError(f"{what} no more email: say --yes to do it. Nothing was taken")
    if not yes and not click.confirm(f"{what} no more email. Go on?"):
        click.get_current_context().exit(1)
    now = datetime.now(UTC)
    with listed(file) as (ledger, _, key):
        known = change_all(ledger, key, good, lambda one: one.with_reason(reason, now, SOURCE))
    here = "1 of them is somebody here" if known == 1 else f"{known:,} of them are people here"
    click.echo(f"{what} no more email; {here}")


def _read(path: Path) -> tuple[list[str], list[tuple[int, str]]]:
    """The addresses, and the lines that hold none."""
    from server.cli.importing.tables import Table

    table = Table(path)
    rows = [(1, table.header[0]), *((row.line, row.cells[0].strip()) for row in table.rows())]
    if not is_address(rows[0][1]):
        rows = rows[1:]
    good = [text for _, text in rows if is_address(text)]
    return list(dict.fromkeys(good)), [(number, text) for number, text in rows if not is_address(text)]

"""``busos suppressions list``: everybody who gets no email."""

# ruff: noqa: D301 - click reads \b as "do not wrap this"

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from server.cli.files import file_option
from server.cli.printing import bold, plain, print_json, table
from server.cli.silencing import everybody, listed
from server.cli.stories import iso

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from engine.runtime.ledger import Suppressed

_HEAD = ("ADDRESS", "REASON", "SINCE", "BY", "SEQUENCES LEFT")


@click.command("list", short_help="Everybody who gets no email.")
@file_option
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def command(file: str | None, as_json: bool) -> None:
    """List every address that gets no marketing email, or none of some sequences: why, since when, and by what.

    Of somebody who was erased only a hash is left, which nobody can read.

    \b
    Examples:
      busos suppressions list
      busos suppressions list --json
    """
    with listed(file) as (ledger, zone, _):
        rows = [_row(one, zone) for one in everybody(ledger)]
    if as_json:
        print_json({"suppressions": rows})
        return
    if not rows:
        click.echo("nobody")
        return
    cells = [tuple(plain(_cell(row[name])) for name in ("address", "reason", "at", "source", "left")) for row in rows]
    head, *lines = table([_HEAD, *cells])
    click.echo("\n".join([bold(head), *lines]))


def _row(one: Suppressed, zone: ZoneInfo) -> dict[str, Any]:
    found = one.suppression
    return {
        "address": one.key,
        "reason": found.reason,
        "at": iso(found.at, zone) if found.at else None,
        "source": found.source,
        "left": sorted(found.left),
    }


def _cell(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value or "")

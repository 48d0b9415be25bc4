"""``busos suppressions remove``: an address may be written to again."""

# ruff: noqa: D301 - click reads \b as "do not wrap this"

from __future__ import annotations

import click

from server.cli.files import file_option
from server.cli.printing import plain
from server.cli.silencing import change_all, checked, listed


@click.command("remove", short_help="An address may be written to again.")
@click.argument("address")
@file_option
def command(address: str, file: str | None) -> None:
    """Lift whatever stands against an address. Sequences that it ended stay ended.

    Do it for somebody who asked you to: writing to who said no, or to an address that bounced, costs your good name.

    \b
    Example:
      busos suppressions remove ada@example.com

    Exit status: 0 done; 1 nothing stood against it.
    """
    from engine.runtime.ledger import Suppression
    from engine.runtime.suppressions import standing

    who = checked(address)
    with listed(file) as (ledger, _, key):
        with ledger.read() as tx:
            found = standing(tx, who, key)
        if found is not None:
            change_all(ledger, key, [who], lambda _: Suppression())
    if found is None:
        click.echo(f"nothing stands against {plain(who)}", err=True)
        click.get_current_context().exit(1)
    click.echo(f"{plain(who)} may be written to again")

"""``busos suppressions add``: no more email to an address."""

# ruff: noqa: D301 - click reads \b as "do not wrap this"

from __future__ import annotations

from datetime import UTC, datetime

import click

from server.cli.files import file_option
from server.cli.printing import plain
from server.cli.silencing import REASONS, SOURCE, change_all, checked, listed


@click.command("add", short_help="No more email to an address.")
@click.argument("address")
@click.option("--reason", type=click.Choice(REASONS), default=REASONS[0], show_default=True, help="Why.")
@file_option
def command(address: str, reason: str, file: str | None) -> None:
    """Send no marketing email to an address any more, whether somebody here has it or not; their sequences end.

    Who unsubscribed still gets transactional email. To an address that bounced or complained nothing goes at all.

    \b
    Examples:
      busos suppressions add ada@example.com
      busos suppressions add ada@example.com --reason bounced
    """
    who, now = checked(address), datetime.now(UTC)
    with listed(file) as (ledger, _, key):
        known = change_all(ledger, key, [who], lambda one: one.with_reason(reason, now, SOURCE))
    click.echo(f"{plain(who)} gets no more email" + ("; their sequences end" if known else "; nobody here has it yet"))

"""``busos export``: everything known of one person, as one document."""

# ruff: noqa: D301 - click reads \b as "do not wrap this"

from __future__ import annotations

from datetime import UTC, datetime

import click

from server.cli.files import file_option
from server.cli.ledgers import looking
from server.cli.printing import print_json


@click.command("export", short_help="Everything known of one person.")
@click.argument("email")
@file_option
def command(email: str, file: str | None) -> None:
    """Print everything that the ledger knows of whoever has the address EMAIL, as one JSON document.

    That is: the values of the contact, what stands against writing to them, every webhook, every run with its story,
    every email with its text, page updates, alerts, calls, and what is still to happen. Handle it with care: it is
    their data, so what the file calls private is not hidden. Its shape is told in docs/people.md.

    \b
    Example:
      busos export ada@example.com > ada.json

    Exit status: 0 done; 1 nobody has this address; 2 it could not run.
    """
    from engine.runtime.person import person_at
    from server.cli.people.exported import document

    with looking(file) as (ledger, zone), ledger.read() as tx:
        person = person_at(tx, email)
    if person is None:
        click.echo(f'nobody has the email address "{email}"', err=True)
        click.get_current_context().exit(1)
    print_json(document(person, zone, datetime.now(UTC)))

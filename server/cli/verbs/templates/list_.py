"""``busos templates list``: every template, its subject, where it is, and who uses it."""

# ruff: noqa: D301 - click reads \b as "do not wrap this"

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from engine.errors import Unrenderable
from server.cli.files import file_option, settings_for, templates_from, templates_option
from server.cli.printing import bold, plain, print_json, table
from server.cli.texts import document_of, uses

if TYPE_CHECKING:
    from engine.ports import Templates

_HEAD = ("TEMPLATE", "SUBJECT", "WHERE", "USED BY")


@click.command("list", short_help="Every template and who uses it.")
@file_option
@templates_option
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def command(file: str | None, templates: str, as_json: bool) -> None:
    """List the templates: name, subject, where each is found, and the steps that use it.

    \b
    Examples:
      busos templates list
      busos templates list --templates notion --json
    """
    settings = settings_for(file)
    shelf, used = templates_from(templates, settings), uses(document_of(settings.file))
    rows = [_row(shelf, name, used.get(name, [])) for name in sorted({*shelf.names(), *used})]
    if as_json:
        print_json({"templates": rows})
        return
    cells = [(row["name"], row["subject"] or "", row["origin"], ", ".join(row["used_by"])) for row in rows]
    head, *lines = table([_HEAD, *cells])
    click.echo("\n".join([bold(head), *lines]))


def _row(shelf: Templates, name: str, steps: list[str]) -> dict[str, Any]:
    subject, origin = None, "missing, or switched off"
    try:
        found = shelf.find(name)
    except Unrenderable as flaw:
        origin = str(flaw)
    else:
        if found is not None:
            subject, origin = found.subject, found.origin
    return {"name": name, "subject": subject and plain(subject), "origin": plain(origin), "used_by": steps}

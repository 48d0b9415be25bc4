"""``busos templates check``: whether every template in use can be sent."""

# ruff: noqa: D301 - click reads \b as "do not wrap this"

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from engine.errors import Unrenderable
from server.cli.files import file_option, settings_for, templates_from, templates_option
from server.cli.printing import print_json
from server.cli.texts import document_of, faults, uses

if TYPE_CHECKING:
    from engine.model import Vocabulary
    from engine.ports import Templates


@click.command("check", short_help="Whether every template in use can be sent.")
@file_option
@templates_option
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def command(file: str | None, templates: str, as_json: bool) -> None:
    """Render every template that a step uses with defaults and sample values.

    Each must be there, use only fields that are declared, and have a place to unsubscribe.

    \b
    Examples:
      busos templates check
      busos templates check --templates notion

    Exit status: 0 all can be sent; 1 one cannot; 2 they could not be read.
    """
    from engine.language.vocabulary import vocabulary

    settings = settings_for(file)
    document, shelf = document_of(settings.file), templates_from(templates, settings)
    words, used = vocabulary(document), uses(document)
    found = {name: _faults(shelf, name, words) for name in sorted(used)}
    if as_json:
        names = [{"name": name, "used_by": used[name], "problems": wrong} for name, wrong in found.items()]
        print_json({"ok": not any(found.values()), "templates": names})
    else:
        click.echo("\n".join(_lines(found, used)))
    click.get_current_context().exit(1 if any(found.values()) else 0)


def _faults(shelf: Templates, name: str, words: Vocabulary) -> list[str]:
    try:
        template = shelf.find(name)
    except Unrenderable as flaw:
        return [str(flaw)]
    if template is None:
        return ["there is no such template, or it is switched off"]
    return list(faults(template, words))


def _lines(found: dict[str, list[str]], used: dict[str, list[str]]) -> list[str]:
    lines: list[str] = []
    for name, wrong in found.items():
        mark = click.style("fail", fg="red", bold=True) if wrong else click.style("ok", fg="green")
        lines.append(f"{mark}{' ' * (2 if wrong else 4)}{name}" + (f"  ({', '.join(used[name])})" if wrong else ""))
        lines += [f"      {reason}" for reason in wrong]
    bad = sum(bool(wrong) for wrong in found.values())
    return [
        *lines,
        f"{len(found)} templates in use, {bad} cannot be sent" if bad else f"{len(found)} templates, all well",
    ]

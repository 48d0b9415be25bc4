"""Both sides of an exchange: the folder beside the file, and the database in Notion."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

import click

from engine.errors import BusosError, SettingsError, Unrenderable
from server.cli.assignments import did_you_mean
from server.cli.exchange.writing import can_be_a_file
from server.cli.files import notion_connection, settings_for, templates_in

if TYPE_CHECKING:
    from engine.adapters.notion import NotionTemplates
    from engine.model import TemplateText
    from engine.runtime.settings import Settings


@dataclass(frozen=True, slots=True)
class Sides:
    """The templates of the files and those of Notion, by name; ``preheaders`` says whether Notion has room for them."""

    settings: Settings
    notion: NotionTemplates
    files: Mapping[str, TemplateText]
    pages: Mapping[str, TemplateText]
    preheaders: bool
    strange: Sequence[str]


def sides(file: str | None) -> Sides:
    """Read both. Raises ``BusosError`` where one cannot be read."""
    from engine.adapters.notion import NotionTemplates
    from engine.runtime.clock import SystemClock

    settings = settings_for(file)
    if not settings.notion_configured:
        raise SettingsError("Notion is not configured: set NOTION_TOKEN, NOTION_CONTACTS_DB_ID, NOTION_TEMPLATES_DB_ID")
    database = settings.notion_templates_db_id or ""
    notion = NotionTemplates(notion_connection(settings), database, None, clock=SystemClock())
    pages = notion.everything()
    if notion.trouble:
        raise BusosError(f"the templates in Notion could not be read: {notion.trouble}")
    strange = [name for name in pages if not can_be_a_file(name)]
    good = {name: page for name, page in pages.items() if name not in strange}
    return Sides(settings, notion, _files(settings), good, notion.has_preheaders(), strange)


def _files(settings: Settings) -> Mapping[str, TemplateText]:
    shelf, found = templates_in(settings.file), {}
    for name in shelf.names():
        try:
            template = shelf.find(name)
        except Unrenderable as flaw:
            raise BusosError(f"the template {name} cannot be read: {flaw}") from None
        if template is not None:
            found[name] = template
    return found


def chosen(templates: Mapping[str, TemplateText], names: Iterable[str]) -> Mapping[str, TemplateText]:
    """Those of these names, all where none is named. Raises ``click.UsageError`` for one that is not there."""
    wanted = list(names)
    for name in wanted:
        if name not in templates:
            raise click.UsageError(f'there is no template "{name}"{did_you_mean(name, templates)}')
    return {name: templates[name] for name in wanted} if wanted else templates


def asked(what: str, *, yes: bool, dry_run: bool) -> bool:
    """Whether to go on."""
    if dry_run:
        click.echo("a dry run: nothing was written")
        return False
    if not yes and not sys.stdin.isatty():
        _cannot_ask(what)
    return yes or click.confirm(f"{what}?")


def _cannot_ask(what: str) -> NoReturn:
    would = what[0].lower() + what[1:]
    raise click.UsageError(f"this would {would}: say --yes to do it, --dry-run to look. Nothing was written")

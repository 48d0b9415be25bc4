"""``busos notion setup``: what the databases in Notion lack for the file, and with ``--yes`` the making of it."""

# ruff: noqa: D301 - click reads \b as "do not wrap this"

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.errors import BusosError, SettingsError
from server.cli.files import existing, file_option, notion_connection, settings_for
from server.cli.printing import bold, plain

if TYPE_CHECKING:
    from engine.adapters.notion import Connection, Setup, Wanted
    from engine.adapters.notion.setup import Lack
    from engine.model import Playbook, Program
    from engine.runtime.settings import Settings

IDS = ("NOTION_CONTACTS_DB_ID", "NOTION_TEMPLATES_DB_ID")
TO_BE_MADE = "to be made"
"""What the setting of a database says while there is none."""


@click.command("setup", short_help="Say what is missing there, and make it.")
@file_option
@click.option("--parent", metavar="PAGE", help="Where to make the databases: the address of a page in Notion.")
@click.option("--yes", is_flag=True, help="Make what is missing.")
def command(file: str | None, parent: str | None, yes: bool) -> None:
    """Compare the two databases in Notion with the file: properties, their types, and the options of choices.

    With --yes what is missing is made. Nothing that is there is changed or renamed: where a type is wrong, or a name
    is nearly right, it says what to do. With --parent, the databases that no setting names are made under a page of
    yours, which the integration was given access to; then it says what to put into .env.

    \b
    Examples:
      busos notion setup
      busos notion setup --yes
      busos notion setup --parent https://www.notion.so/Marketing-1f217cc1225f45808e22cd7eb8db3c5e --yes

    Exit status: 0 all is there (now); 1 something is missing; 2 bad usage, or Notion could not be read.
    """
    from engine.language.compiler import load
    from engine.runtime.control.playbook import AnyTemplate

    settings = settings_for(file) if parent is None else _settings_before(file)
    if not settings.notion_configured:
        raise SettingsError("Notion is not configured: set NOTION_TOKEN, NOTION_CONTACTS_DB_ID, NOTION_TEMPLATES_DB_ID")
    connection, playbook = notion_connection(settings), load(settings.file, AnyTemplate())
    contacts, templates = list(_contacts(playbook)), list(_templates())
    two = (
        _Side("contacts", IDS[0], settings.notion_contacts_db_id or "", contacts, _titled(contacts)),
        _Side("templates", IDS[1], settings.notion_templates_db_id or "", templates, [_title(), *templates]),
    )
    left = 0
    for one in two:
        left += _made(connection, one, parent or "", yes=yes) if one.unmade else _compared(connection, one, yes=yes)
    if left and not yes and parent:
        click.echo("nothing was made: say --yes")
    click.get_current_context().exit(1 if left else 0)


@dataclass(frozen=True, slots=True)
class _Side:
    """One of the two databases: the setting that names it, all that it needs, and that with a title."""

    title: str
    setting: str
    database: str
    wanted: Sequence[Wanted]
    whole: Sequence[Wanted]

    @property
    def unmade(self) -> bool:
        return self.database == TO_BE_MADE


def _settings_before(file: str | None) -> Settings:
    """The settings of somebody who has no databases yet; those of a database that is not named say TO_BE_MADE."""
    from engine.runtime.settings import Settings, chosen_file, environment

    path = existing(chosen_file(os.environ, Path(), file))
    found = environment(os.environ, path)
    unset = {name: TO_BE_MADE for name in IDS if not found.get(name, "").strip()}
    if not unset:
        raise click.UsageError(f"{' and '.join(IDS)} name databases already: leave --parent out")
    if not found.get("NOTION_TOKEN", "").strip():
        raise SettingsError("set NOTION_TOKEN first: it is the secret of an internal integration in Notion")
    return Settings.load({**os.environ, **unset}, Path(), file)


def _made(connection: Connection, side: _Side, parent: str, *, yes: bool) -> int:
    """Make a database, or say that it would be made; how much is left."""
    from engine.adapters.notion import make_database

    if not yes:
        click.echo(f"{bold(side.title)}  would be made, with {len(side.whole)} properties")
        return len(side.whole)
    made = make_database(connection, parent, f"busos {side.title}", side.whole)
    if not isinstance(made, str):
        raise BusosError(f"Notion did not make the database of the {side.title}: {made.reason}")
    done = click.style("made", fg="green")
    click.echo(f"{bold(side.title)}  {done}, with {len(side.whole)} properties. Put this into .env:")
    click.echo(f"  {side.setting}={made}")
    return 0


def _titled(contacts: Sequence[Wanted]) -> list[Wanted]:
    """The same with one title, which every database has: the first field that is a text, or a name of its own."""
    from engine.adapters.notion import FITTING, Wanted
    from engine.model import FieldType

    first = next((one for one in contacts if one.types == FITTING[FieldType.TEXT]), None)
    titled = [replace(one, types=("title",)) if one is first else one for one in contacts]
    return titled if first else [Wanted("Name", ("title",)), *contacts]


def _compared(connection: Connection, side: _Side, *, yes: bool) -> int:
    from engine.adapters.notion import Setup

    return _one(side.title, Setup(connection, side.database, side.setting), side.wanted, yes=yes)


def _one(title: str, setup: Setup, wanted: Sequence[Wanted], *, yes: bool) -> int:
    """Look at one database, and mend it; how much is left."""
    found = _found(setup, wanted)
    click.echo(bold(title) + ("" if found else f"  all {len(wanted)} properties are there"))
    for lack in found:
        mark = click.style("by hand", fg="yellow") if lack.change is None else click.style("missing", fg="red")
        click.echo(f"  {mark}  {plain(lack.told)}")
    mendable = [lack for lack in found if lack.change is not None]
    if mendable and not yes:
        click.echo(f"  {len(mendable)} can be made for you: say --yes")
    if not mendable or not yes:
        return len(found)
    if (refusal := setup.mend(mendable)) is not None:
        raise BusosError(f"Notion did not make them: {refusal.reason}")
    left = _found(setup, wanted)
    click.echo(f"  {click.style('made', fg='green')}     {len(found) - len(left)}")
    return len(left)


def _found(setup: Setup, wanted: Sequence[Wanted]) -> Sequence[Lack]:
    found = setup.lacks(wanted)
    if not isinstance(found, Sequence):
        raise BusosError(found.reason)
    return found


def _contacts(playbook: Playbook) -> Iterator[Wanted]:
    """A property for each field with ``notion``, and for the progress of each sequence."""
    from engine.adapters.notion import FITTING, Wanted

    words = playbook.vocabulary
    for field in words.fields.values():
        if field.notion:
            segments = tuple(one.name for one in words.segments) if field.name == words.segment_field else ()
            yield Wanted(field.notion, FITTING[field.type], segments or tuple(field.choices))
    progress = {name: kind for program in playbook.sequences.values() for name, kind in _progress(program)}
    yield from (Wanted(name, kinds) for name, kinds in progress.items())


def _progress(program: Program) -> Iterator[tuple[str, tuple[str, ...]]]:
    record = program.record
    positions = [str(step.position) for step in program.steps.values() if step.position]
    for pattern, kinds in ((record.sent, ("checkbox",)), (record.sent_at, ("date",))):
        yield from ((pattern.replace("{n}", number), kinds) for number in positions if pattern)
    if record.finished:
        yield record.finished, ("checkbox",)
    if record.error:
        yield record.error, ("rich_text", "title")


def _templates() -> Iterator[Wanted]:
    """What the texts of emails need beside the title, which may be called anything."""
    from engine.adapters.notion import Wanted

    yield from (Wanted(name, ("rich_text",)) for name in ("Subject", "HTML Body", "Preheader"))
    yield Wanted("Active", ("checkbox",))
    yield Wanted("Last Modified", ("date", "last_edited_time"))


def _title() -> Wanted:
    """The title of a database of texts that we make."""
    from engine.adapters.notion import Wanted

    return Wanted("Template Name", ("title",))

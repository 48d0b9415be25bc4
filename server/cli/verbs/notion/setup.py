"""``busos notion setup``: what the databases in Notion lack for the file, and with ``--yes`` the making of it."""

# ruff: noqa: D301 - click reads \b as "do not wrap this"

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from engine.errors import BusosError, SettingsError
from server.cli.files import file_option, notion_connection, settings_for
from server.cli.printing import bold, plain

if TYPE_CHECKING:
    from engine.adapters.notion import Setup, Wanted
    from engine.adapters.notion.setup import Lack
    from engine.model import Playbook, Program


@click.command("setup", short_help="Say what is missing there, and make it.")
@file_option
@click.option("--yes", is_flag=True, help="Make the properties and options that are missing.")
def command(file: str | None, yes: bool) -> None:
    """Compare the two databases in Notion with the file: properties, their types, and the options of choices.

    With --yes what is missing is made. Nothing that is there is changed or renamed: where a type is wrong, or a name
    is nearly right, it says what to do.

    \b
    Examples:
      busos notion setup
      busos notion setup --yes

    Exit status: 0 all is there (now); 1 something is missing; 2 bad usage, or Notion could not be read.
    """
    from engine.adapters.notion import Setup
    from engine.language.compiler import load
    from engine.runtime.control.playbook import AnyTemplate

    settings = settings_for(file)
    if not settings.notion_configured:
        raise SettingsError("Notion is not configured: set NOTION_TOKEN, NOTION_CONTACTS_DB_ID, NOTION_TEMPLATES_DB_ID")
    connection, playbook = notion_connection(settings), load(settings.file, AnyTemplate())
    left = 0
    for title, setting, wanted in (
        ("contacts", "NOTION_CONTACTS_DB_ID", list(_contacts(playbook))),
        ("templates", "NOTION_TEMPLATES_DB_ID", list(_templates())),
    ):
        database = settings.notion_contacts_db_id if title == "contacts" else settings.notion_templates_db_id
        left += _one(title, Setup(connection, database or "", setting), wanted, yes=yes)
    click.get_current_context().exit(1 if left else 0)


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
    """What the texts of emails need; the title may be called anything."""
    from engine.adapters.notion import Wanted

    yield from (Wanted(name, ("rich_text",)) for name in ("Subject", "HTML Body", "Preheader"))
    yield Wanted("Active", ("checkbox",))
    yield Wanted("Last Modified", ("date", "last_edited_time"))

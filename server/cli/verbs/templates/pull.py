"""``busos templates pull``: the texts as they are in Notion, into files."""

# ruff: noqa: D301 - click reads \b as "do not wrap this"

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from server.cli.files import file_option
from server.cli.printing import grey, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.model import TemplateText
    from server.cli.exchange.differing import Change
    from server.cli.exchange.sides import Sides


@click.command("pull", short_help="Bring the texts from Notion into files.")
@click.argument("names", nargs=-1, metavar="[TEMPLATE]...")
@file_option
@click.option("--dry-run", is_flag=True, help="Show what differs, and write nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def command(names: tuple[str, ...], file: str | None, dry_run: bool, yes: bool) -> None:
    """Write the templates of Notion into the folder templates/, after showing what differs.

    A file that Notion does not have is left alone; so is one whose page in Notion is empty.

    \b
    Examples:
      busos templates pull --dry-run
      busos templates pull email_1 email_3
      busos templates pull --yes

    Exit status: 0 done, or nothing to do; 1 the answer was no; 2 bad usage, or it could not run.
    """
    from server.cli.exchange.differing import changes, told
    from server.cli.exchange.sides import asked, chosen, sides
    from server.cli.exchange.writing import file_text, write

    both = sides(file)
    wanted = chosen(both.pages, names)
    for line in _left_alone(both, wanted):
        click.echo(grey(line), err=True)
    full = {name: page for name, page in wanted.items() if page.body.strip()}
    found = changes(full, both.files, preheaders=both.preheaders)
    if not found:
        click.echo("the files say the same as Notion")
        return
    click.echo("\n".join(told(found, "files", "Notion")))
    what = "Write 1 file" if len(found) == 1 else f"Write {len(found)} files"
    if not asked(what, yes=yes, dry_run=dry_run):
        click.get_current_context().exit(0 if dry_run else 1)
    for change in found:
        write(_path(change, both), file_text(change.after))
    click.echo(f"{len(found)} written")


def _left_alone(both: Sides, wanted: Mapping[str, TemplateText]) -> list[str]:
    empty = [name for name, page in wanted.items() if not page.body.strip()]
    told = [f"{name} is empty in Notion: its file is left as it is" for name in empty]
    told += [f"{plain(name)!r} in Notion is left out: no file can be called so" for name in both.strange]
    if not both.preheaders:
        told.append("Notion has no property Preheader, so the preheaders of the files stay")
    return told


def _path(change: Change, both: Sides) -> Path:
    if change.before is not None:
        return Path(change.before.origin)
    ending = ".html" if change.after.format == "html" else ".md"
    return both.settings.file.parent / "templates" / f"{change.after.name}{ending}"

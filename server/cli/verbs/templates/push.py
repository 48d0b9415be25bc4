"""``busos templates push``: the texts of the files, into Notion."""

# ruff: noqa: D301 - click reads \b as "do not wrap this"

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from server.cli.files import file_option
from server.cli.printing import grey, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.adapters.notion import NotionTemplates
    from server.cli.exchange.differing import Change


@click.command("push", short_help="Bring the texts of files into Notion.")
@click.argument("names", nargs=-1, metavar="[TEMPLATE]...")
@file_option
@click.option("--dry-run", is_flag=True, help="Show what differs, and write nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def command(names: tuple[str, ...], file: str | None, dry_run: bool, yes: bool) -> None:
    """Write the templates of the folder templates/ into Notion, after showing what differs there.

    A page is made for a template that Notion does not have; what only Notion has is left alone. It fills an empty
    database, and undoes what was edited there.

    \b
    Examples:
      busos templates push --dry-run
      busos templates push email_1
      busos templates push --yes

    Exit status: 0 done, or nothing to do; 1 the answer was no, or one was not taken; 2 bad usage, or it could not run.
    """
    from server.cli.exchange.differing import changes, told
    from server.cli.exchange.sides import asked, chosen, sides

    both = sides(file)
    wanted = chosen(both.files, names)
    if not both.preheaders and any(template.preheader for template in wanted.values()):
        hint = "Notion has no property Preheader, so preheaders stay in the files: add it there as a text property"
        click.echo(grey(hint), err=True)
    found = changes(wanted, both.pages, preheaders=both.preheaders)
    if not found:
        click.echo("Notion says the same as the files")
        return
    click.echo("\n".join(told(found, "Notion", "files")))
    what = "Write 1 page" if len(found) == 1 else f"Write {len(found)} pages"
    if not asked(f"{what} in Notion", yes=yes, dry_run=dry_run):
        click.get_current_context().exit(0 if dry_run else 1)
    failed = _push(both.notion, found)
    click.echo(f"{len(found) - len(failed)} written")
    for line in failed:
        click.echo(f"{click.style('Not written:', fg='red', bold=True)} {plain(line)}", err=True)
    click.get_current_context().exit(1 if failed else 0)


def _push(notion: NotionTemplates, found: Sequence[Change]) -> list[str]:
    """Why templates were not written. One that Notion refuses does not keep the others from it."""
    from engine.ports import Mirrored

    failed = []
    with click.progressbar(found, label="writing", file=sys.stderr) as bar:
        for change in bar:
            answer = notion.push(change.after)
            if not isinstance(answer, Mirrored):
                failed.append(f"{change.after.name}: {answer.reason}")
    return failed

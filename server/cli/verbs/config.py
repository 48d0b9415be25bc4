"""``busos config``: which files are read, and what they come to."""

# ruff: noqa: D301 - click reads \b as "do not wrap this"

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from server.cli.files import chosen, file_option, templates_in
from server.cli.printing import grey, print_json, table

if TYPE_CHECKING:
    from engine.language.document import Document


@click.command("config", short_help="Show which files are read, and what they come to.")
@click.argument("path", metavar="[FILE]", required=False)
@file_option
@click.option("--effective", is_flag=True, help="The whole file as busos sees it, with where each part is written.")
@click.option("--defaults", is_flag=True, help="With --effective: also what is so where nothing is said.")
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", show_default=True, help="How.")
def command(path: str | None, file: str | None, effective: bool, defaults: bool, form: str) -> None:
    """Show which files are read, and the revision that they are together.

    With --effective: one file that says the same, with what is included put in, and aliases and blueprints written out.
    A remark says where each part is written.

    \b
    Examples:
      busos config
      busos config --effective
      busos config --effective --defaults > whole.yaml

    Exit status: 0 done; 2 the file has errors, or could not be read.
    """
    from engine.language.compiler import sound_document

    if defaults and not effective:
        raise click.UsageError("--defaults shows more of --effective: give both")
    found = chosen(path or file)
    document = sound_document(found, templates_in(found))
    if form == "json":
        print_json(_as_json(document, effective=effective, defaults=defaults))
    else:
        click.echo(_whole(document, defaults=defaults) if effective else _listed(document), nl=False)


def _whole(document: Document, *, defaults: bool) -> str:
    from engine.language.effective import effective

    return effective(document, defaults=defaults)


def _listed(document: Document) -> str:
    rows = [(name, f"{len(text.encode()):,} bytes") for name, text in _texts(document).items()]
    return "\n".join([*table(rows), grey(f"revision {_revision(document)}")]) + "\n"


def _as_json(document: Document, *, effective: bool, defaults: bool) -> dict[str, object]:
    files = [{"file": name, "bytes": len(text.encode())} for name, text in _texts(document).items()]
    found: dict[str, object] = {"file": document.file, "revision": _revision(document), "files": files}
    if effective:
        found["effective"] = _data(document, defaults=defaults)
    return found


def _data(document: Document, *, defaults: bool) -> object:
    from engine.language.source import read

    return read(_whole(document, defaults=defaults), "").data


def _texts(document: Document) -> dict[str, str]:
    from engine.language.source import texts

    return dict(texts(document))


def _revision(document: Document) -> str:
    from engine.language.compiler import revision_of

    return revision_of(document)

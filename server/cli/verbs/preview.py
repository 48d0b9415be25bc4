"""``busos preview``: one email as its reader gets it, or all of them on one page."""

# ruff: noqa: D301 - click reads \b as "do not wrap this"

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.errors import BusosError, InvalidFile, Problem, Severity
from server.cli.assignments import pairs
from server.cli.files import content, file_option, settings_for, templates_from, templates_option
from server.cli.printing import bold, grey, plain, print_json

if TYPE_CHECKING:
    from engine.language.document import Document
    from engine.ports import Templates
    from server.gallery.single import Preview

GALLERY = "gallery"


@click.command("preview", short_help="Show one email, or all of them on one page.")
@click.argument("template", required=False)
@click.argument("values", nargs=-1, metavar="[FIELD=VALUE]...")
@file_option
@click.option(
    "--segment", metavar="NAME", help="Take an example contact of this segment; given values replace its own."
)
@click.option("--sequence", metavar="NAME", help="As the step of this sequence sends it: with its sender and subject.")
@click.option("--step", metavar="ID", help="As the step with this id sends it.")
@click.option("--all", "every", is_flag=True, help="Write a page with every email, for each segment.")
@click.option(
    "--out", metavar="PATH", help=f"Where to write: the HTML of one email, or the folder for all.  [{GALLERY}]"
)
@click.option("--html", is_flag=True, help="Print the HTML of one email, and nothing else.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to tell."
)
@templates_option
def command(
    template: str | None,
    values: tuple[str, ...],
    file: str | None,
    segment: str | None,
    sequence: str | None,
    step: str | None,
    every: bool,
    out: str | None,
    html: bool,
    form: str,
    templates: str,
) -> None:
    """Show what readers get. Nothing is sent, and nothing is opened.

    Of one email: sender, subject, preheader and text, and with --out its HTML. Fields are said as FIELD=VALUE, or come
    from an example contact of a segment; what is left out is unknown, and a default stands in for it.

    With --all: one page with every email of the file, on a desktop and on a phone, for each segment, in the order and
    at the time of its sequence, and with what the checks say of it. The page needs no network, and the same file gives
    the same page.

    \b
    Examples:
      busos preview email_1
      busos preview email_2a_critical red_systems=3 --out email.html
      busos preview email_2b_urgent --segment URGENT --html > email.html
      busos preview --all --out gallery

    Exit status: 0 done; 1 this email cannot be shown, and why; 2 bad usage, or a file that cannot be read.
    """
    if every == bool(template):
        raise click.UsageError("name a template, such as email_1, or write --all" if not every else _ONE_OR_ALL)
    settings = settings_for(file)
    shelf = templates_from(templates, settings)
    document, problems = _read(settings.file, shelf)
    if every:
        _all(settings.file, document, problems, shelf, Path(out or GALLERY))
        return
    from server.gallery.single import Asked, preview

    texts = pairs(values)
    asked = Asked(template=template or "", texts=texts, segment=segment, sequence=sequence, step=step)
    _tell(preview(document, shelf, asked, problems), out, html=html, form=form)


_ONE_OR_ALL = "--all shows every template: leave the name out, or leave --all out"


def _read(path: Path, shelf: Templates) -> tuple[Document, list[Problem]]:
    from engine.language.checking import read_and_check

    document, problems = read_and_check(content(path), str(path), shelf)
    if document is None:
        raise InvalidFile(problems)
    return document, problems


# -- One --------------------------------------------------------------------------------------


def _tell(found: Preview, out: str | None, *, html: bool, form: str) -> None:
    if out and found.html:
        _write(Path(out), found.html)
    if form == "json":
        print_json(_as_json(found))
    elif html and found.html:
        click.echo(found.html, nl=False)
    else:
        click.echo("\n".join(_as_text(found, out)), err=html)
    click.get_current_context().exit(1 if found.trouble else 0)


def _as_json(found: Preview) -> dict[str, object]:
    return {
        "template": found.template,
        "trouble": found.trouble or None,
        "from": found.sender,
        "subject": found.subject,
        "preheader": found.preheader,
        "html": found.html,
        "text": found.text,
        "values": dict(found.values),
        "problems": list(found.problems),
    }


def _as_text(found: Preview, out: str | None) -> list[str]:
    problems = [grey(f"note: {plain(problem)}") for problem in found.problems]
    if found.trouble:
        return [plain(found.trouble), *(grey(line) for line in found.advice), *problems]
    size = f"{len(found.html.encode()) / 1024:.1f} KB"
    place = f"{size}, written to {out}" if out else f"{size}; --out FILE writes it, to look at in a browser"
    rows = [
        ("from", plain(found.sender)),
        ("subject", bold(plain(found.subject)) + grey(f"  ({len(found.subject)} characters)")),
        ("preheader", plain(found.preheader) or grey("none: inboxes show the first words instead")),
        ("says", ", ".join(f"{name} = {plain(text)}" for name, text in found.values) or grey("no field")),
        ("html", place),
    ]
    return [
        *(f"{name:<11}{text}" for name, text in rows),
        "",
        *(plain(line) for line in found.text.rstrip().splitlines()),
        *([""] if problems else []),
        *problems,
    ]


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise BusosError(f"{path} cannot be written: {error.strerror}") from None


# -- All --------------------------------------------------------------------------------------


def _all(file: Path, document: Document, problems: list[Problem], shelf: Templates, folder: Path) -> None:
    from engine.language.compiler import compile_document
    from server.gallery.collecting import groups
    from server.gallery.page import gallery_page, summary

    errors = [one for one in problems if one.severity is Severity.ERROR]
    if errors:
        raise InvalidFile(errors)
    playbook = compile_document(document, testing=False)
    found = groups(playbook, shelf, problems)
    place = folder / "index.html"
    _write(place, gallery_page(file.name, found, [rule.name for rule in playbook.vocabulary.segments]))
    click.echo(f"{summary(found)} Written to {place}")

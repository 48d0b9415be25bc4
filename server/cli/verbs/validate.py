"""``busos validate``: every problem of the file at once."""

# ruff: noqa: D301 - click reads \b as "do not wrap this"

from __future__ import annotations

from pathlib import Path

import click

from engine import __version__
from engine.errors import Problem, Severity
from server.cli.faults import problems_text
from server.cli.files import (
    FILES,
    chosen,
    content,
    file_option,
    settings_for,
    templates_from,
    templates_in,
    templates_option,
)
from server.cli.sending import where_emails_go_out

FORMATS = ("text", "json", "github", "sarif")


@click.command("validate", short_help="Say what is wrong with the file.")
@click.argument("path", metavar="[FILE]", required=False)
@file_option
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True, help="How to tell.")
@click.option("--strict", is_flag=True, help="Warnings are a no too.")
@click.option(
    "--against",
    metavar="LEDGER|REF",
    help="Refuse steps that may be renamed or replaced: 'ledger', a ledger's address, or a commit of git.",
)
@templates_option
def command(path: str | None, file: str | None, form: str, strict: bool, against: str | None, templates: str) -> None:
    """Say what is wrong with the file: every problem, where it is, and what to write instead.

    \b
    Examples:
      busos validate
      busos validate campaigns/autumn.yaml --strict
      busos validate --format github        annotations in a pull request
      busos validate --against origin/main  in a pull request: was a step renamed, or replaced?
      busos validate --against ledger       the same, where somebody waits at that step now
      busos validate --templates notion     with the texts as they are in Notion now

    Exit status: 0 it can run; 1 it has errors (with --strict: or warnings); 2 it could not be read.
    """
    found = chosen(path or file)
    problems = _check(found, templates)
    if against and not any(problem.severity is Severity.ERROR for problem in problems):
        problems += _unclear(found, against)
    click.echo(_told(problems, str(found), form), nl=False)
    failing = problems if strict else [problem for problem in problems if problem.severity is Severity.ERROR]
    click.get_current_context().exit(1 if failing else 0)


def _check(path: Path, templates: str) -> list[Problem]:
    from engine.language.checking import read_and_check

    text = content(path)
    shelf = templates_in(path) if templates == FILES else templates_from(templates, settings_for(str(path)))
    document, problems = read_and_check(text, str(path), shelf)
    return problems if document is None else [*problems, *where_emails_go_out(document, path)]


def _unclear(path: Path, against: str) -> list[Problem]:
    """Steps that have gone with others in their place, and nobody says whether they are the same."""
    from server.cli.planning import unclear

    return unclear(path, against)


def _told(problems: list[Problem], file: str, form: str) -> str:
    from engine.language.report import as_github, as_json, as_sarif

    match form:
        case "json":
            return as_json(problems)
        case "github":
            return as_github(problems)
        case "sarif":
            return as_sarif(problems, __version__)
        case _:
            return problems_text(problems, file)

"""``busos fmt``: the file as somebody who knows the language well would write it."""

# ruff: noqa: D301 - click reads \b as "do not wrap this"

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from server.cli.files import chosen, content, file_option, templates_in

if TYPE_CHECKING:
    from engine.errors import Problem
    from engine.language.document import Document

_PARTS = {"contact", "segments", "triggers", "sequences", "tests", "blueprints", "blueprint"}
"""What a file may have that others include or use."""


@click.command("fmt", short_help="Write the file in its usual form.")
@click.argument("path", metavar="[FILE]", required=False)
@file_option
@click.option("--check", is_flag=True, help="Change nothing; say whether anything would change.")
@click.option("--diff", is_flag=True, help="Change nothing; show what would change.")
def command(path: str | None, file: str | None, check: bool, diff: bool) -> None:
    """Write the file in its usual form: the same meaning, every comment and blank line kept.

    Conditions and lengths of time are spelled in one way (== becomes =, 1 Days becomes 1 day), quotes stand where they
    help, a step begins with its verb, each level is indented by two spaces, and no line ends in spaces. A file with
    errors is not touched; files that it includes or uses are written one by one.

    \b
    Examples:
      busos fmt
      busos fmt --diff
      busos fmt --check campaigns/autumn.yaml

    Exit status: 0 done, or nothing to do; 1 with --check or --diff: it would change; 2 it has errors or cannot be read.
    """
    found = chosen(path or file)
    before = _text(found)
    after = _formatted(before, found)
    if diff:
        click.echo(_difference(before, after, str(found)), nl=False)
    if not (check or diff):
        _write(found, before, after)
    elif check:
        click.echo(f"{found} {'is' if before == after else 'is not'} in its usual form")
    click.get_current_context().exit(1 if (check or diff) and before != after else 0)


def _text(path: Path) -> str:
    """The file with its line breaks as they are; whatever else is wrong with its bytes is told as a problem."""
    return content(path).decode("utf-8", "surrogateescape")


def _formatted(text: str, path: Path) -> str:
    from engine.errors import InvalidFile, Severity
    from server.formatting import formatted

    document, problems = _checked(text.encode("utf-8", "surrogateescape"), path)
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    if document is None or errors:
        raise InvalidFile(errors)
    return formatted(text)


def _checked(raw: bytes, path: Path) -> tuple[Document | None, list[Problem]]:
    """A file with all its problems; of a part that others include or use, those that YAML has with it."""
    from engine.language.checking import read_and_check
    from engine.language.source import examine_alone

    document, problems = examine_alone(raw, str(path))
    part = document is not None and "version" not in document.data and document.data.keys() & _PARTS
    return (document, problems) if part else read_and_check(raw, str(path), templates_in(path))


def _difference(before: str, after: str, name: str) -> str:
    from difflib import unified_diff

    lines = unified_diff(before.splitlines(), after.splitlines(), name, f"{name} (usual form)", lineterm="")
    return "".join(f"{_coloured(line)}\n" for line in lines)


def _coloured(line: str) -> str:
    if line.startswith(("---", "+++")):
        return click.style(line, bold=True)
    colour = {"-": "red", "+": "green", "@": "cyan"}.get(line[:1])
    return click.style(line, fg=colour) if colour else line


def _write(path: Path, before: str, after: str) -> None:
    from engine.errors import SettingsError

    if before == after:
        click.echo(f"{path} was in its usual form already")
        return
    try:
        path.write_bytes(after.encode("utf-8"))
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error.strerror}") from None
    click.echo(f"{path} is now in its usual form")

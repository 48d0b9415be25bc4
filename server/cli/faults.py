"""How what went wrong is told on stderr: a sentence for whoever must act, or every problem of the file with carets."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from engine.errors import BusosError, InvalidFile, Problem
from server.cli.printing import plain


def tell(error: BusosError) -> None:
    """Print a fault on stderr."""
    if isinstance(error, InvalidFile):
        tell_problems(error.problems)
        return
    label = click.style("Error:", fg="red", bold=True)
    said = "\n".join(plain(line) for line in str(error).splitlines())
    click.echo(f"{label} {said}", err=True)


def tell_problems(problems: Iterable[Problem]) -> None:
    """Print problems of the file on stderr, with their lines and carets."""
    found = tuple(problems)
    click.echo(problems_text(found, found[0].file), err=True, nl=False)


def problems_text(problems: Iterable[Problem], file: str) -> str:
    """Problems as text in colour, with the lines of the files that they are in; ``click.echo`` takes the colour out."""
    from engine.language.report import as_text

    found = tuple(problems)
    sources = {name: _text(name) for name in {file, *(problem.file for problem in found)}}
    return as_text(found, {name: text for name, text in sources.items() if text}, file, colour=True)


def _text(file: str) -> str:
    from engine.language.folder import content

    try:
        return content(Path(file)).decode("utf-8", "replace")
    except OSError:
        return ""

"""``busos ledger copy``: a whole ledger from one database to another, checked at the end."""

# ruff: noqa: D301 - click reads \b as "do not wrap this"

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from engine.errors import LedgerUnavailable, SettingsError
from server.cli.interrupting import file_at, identity, interruptible
from server.cli.printing import bold, table

if TYPE_CHECKING:
    from engine.runtime.ledger.copying.move import Moved
    from engine.runtime.ledger.copying.sums import Compared

_SETTING = re.compile("BUSOS_DATABASE_URL(?! there)")  # where a ledger was moved to is told to whoever runs busos
_HEAD = ("TABLE", "ROWS", "CHECKSUM", "IN THE COPY")


@click.command("copy", short_help="Move the ledger to another database.")
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@click.option("--while-running", is_flag=True, help="Copy a ledger that is in use: a backup, not a move.")
def command(source: str, target: str, while_running: bool) -> None:
    """Copy a whole ledger to an empty place: sqlite:///PATH (or a file's name) or postgresql://user@host/name.

    busos has to be stopped: the copy is a move, and what FROM holds is not worked on any more. With
    --while-running FROM goes on, and it is the copy that is not worked on, because it does not know what is sent
    from now on.

    Everything is read as it is at one moment, and compared on both sides before the copy becomes visible. A copy
    that was interrupted leaves TO as empty as it was, or with a mark that keeps busos from working on it: run the
    same command again. Passwords are better kept in PGPASSWORD or ~/.pgpass than
    in an address.

    \b
    Examples:
      busos ledger copy sqlite:///busos.db postgresql://busos@db.example.com/busos
      busos ledger copy postgresql://busos@db.example.com/busos sqlite:///busos.db

    Exit status: 0 done; 1 the copy differed and was not kept; 2 it could not be made; 130 interrupted.
    """
    from engine.runtime.ledger.copying.copy import CopyDiffers
    from engine.runtime.ledger.copying.move import move
    from server.cli.progress import Bar

    here, there = _address(source, "FROM"), _address(target, "TO")
    before = identity(file_at(there))
    try:
        with interruptible(lambda: _holds(there, before, while_running=while_running)), closing(Bar()) as bar:
            moved = move(here, there, datetime.now(UTC), bar, while_running=while_running)
    except CopyDiffers as error:
        click.echo("\n".join(_lines(error.compared)))
        click.echo(f"{click.style('Error:', fg='red', bold=True)} {error}", err=True)
        click.get_current_context().exit(1)
    except LedgerUnavailable as error:
        raise LedgerUnavailable(_named(str(error), here, there)) from error
    click.echo("\n".join([*_lines(moved.compared), "", *_end(moved)]))


def _holds(target: str, before: tuple[int, int] | None, *, while_running: bool) -> str:
    """What Ctrl-C left: the copy becomes visible as a whole, and only then FROM is not worked on any more."""
    file = file_at(target)
    if file is not None and identity(file) in (before, None):
        return "nothing was copied, and nothing of it is left. FROM is as it was"
    if while_running:
        words = f"the copy {file} was whole already" if file else "TO is as empty as it was, unless it was just ending"
        return f"{words}. FROM is as it was"
    words = "the copy was whole, and the move at its end" if file else "TO is empty, unless the move was just ending"
    return f"{words}. Run the same command again before you start busos: it says how it stands, or finishes it"


def _address(text: str, which: str) -> str:
    """An address as it is meant: a name without a scheme is a file, ``postgres:`` is what hosting companies print."""
    from engine.runtime.ledger.databases import database_at

    if "://" not in text:
        return f"sqlite:///{text}"
    address = f"postgresql{text.removeprefix('postgres')}" if text.startswith("postgres://") else text
    try:
        database_at(address).close()
    except SettingsError as error:
        raise SettingsError(str(error).replace("BUSOS_DATABASE_URL", which)) from None
    return address


def _named(words: str, here: str, there: str) -> str:
    """The words for a database that cannot be used, with the argument that it is instead of the setting."""
    from engine.runtime.ledger.databases import database_at

    for address, which in ((here, "FROM"), (there, "TO")):
        if f" {database_at(address).place} " in words:
            return _SETTING.sub(which, words)
    return words


def _lines(compared: Sequence[Compared]) -> list[str]:
    head, *lines = table([_HEAD, *(_row(one) for one in compared)])
    marked = zip(lines, compared, strict=True)
    return [bold(head), *(line if one.same else click.style(line, fg="red") for line, one in marked)]


def _row(one: Compared) -> tuple[str, ...]:
    there = "the same" if one.same else f"differs: {one.target.rows:,} rows, {one.target.checksum}"
    return (one.table, f"{one.source.rows:,}", one.source.checksum, there)


def _end(moved: Moved) -> list[str]:
    rows = sum(one.source.rows for one in moved.compared)
    first = f"{rows:,} rows copied from {moved.source} to {moved.target}, the same on both sides."
    if moved.marked:
        return [
            first,
            f"Set BUSOS_DATABASE_URL to the new place and start busos. {moved.source} is not worked on any more;",
            "busos restore, without a file, takes that back.",
        ]
    return [
        first,
        "It is a backup: it does not know what is sent from now on, and nothing is worked on there before",
        "busos restore, without a file, was run on it.",
    ]

"""``busos backup``: the ledger as it is now, in a file of its own, while everything goes on."""

# ruff: noqa: D301 - click reads \b as "do not wrap this"

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import click

from server.cli.files import file_option, settings_for
from server.cli.interrupting import identity, interruptible


@click.command("backup", short_help="Copy the ledger while it is in use.")
@click.argument("target", metavar="[FILE]", required=False, type=click.Path(path_type=Path))
@file_option
def command(target: Path | None, file: str | None) -> None:
    """Copy the ledger into FILE as it is at this moment, and check the copy. busos may run meanwhile.

    Without FILE the name tells the moment: busos-backup-20251112-090000.db, in this folder. A file that is there is
    never written over. It holds people's addresses and the key of their unsubscribe links: only you may read it.

    \b
    Examples:
      busos backup
      busos backup /backups/busos-monday.db

    Exit status: 0 done; 2 there is no backup; 130 interrupted.
    """
    from engine.runtime.ledger.copying.backup import back_up
    from server.cli.progress import Bar, megabytes

    settings, now = settings_for(file), datetime.now(UTC)
    new = target or named_after(now)
    before = identity(new)
    with interruptible(lambda: _holds(new, whole=identity(new) != before)), closing(Bar()) as bar:
        done = back_up(settings.database_url, new, now, bar)
    click.echo(f"{done.file}  {megabytes(done.size)}, {done.contacts:,} contacts, {done.runs:,} runs; checked")


def _holds(new: Path, *, whole: bool) -> str:
    """A file has its name only when it is whole and was checked."""
    if whole:
        return f"the backup {new} was whole already, and is kept"
    return "no backup was made, and nothing of it is left. The ledger is as it was"


def named_after(moment: datetime) -> Path:
    """The name of a backup of that moment."""
    return Path(f"busos-backup-{moment:%Y%m%d-%H%M%S}.db")

"""``busos erase``: one person is taken out of everything, and looked for afterwards."""

# ruff: noqa: D301 - click reads \b as "do not wrap this"

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from server.cli.files import file_option, settings_for
from server.cli.ledgers import looking
from server.cli.printing import plain, table

if TYPE_CHECKING:
    from engine.runtime.erasing import Erased, Proof
    from engine.runtime.ledger import Ledger
    from engine.runtime.settings import Settings


@click.command("erase", short_help="Delete one person, and prove it.")
@click.argument("email")
@click.option("--suppress", is_flag=True, help="Never write to this address again, also who never unsubscribed.")
@click.option(
    "--logs",
    multiple=True,
    metavar="PATH",
    type=click.Path(path_type=Path, exists=True),
    help="Look for them in this log too, or in all files of this folder.",
)
@click.option("--mirror", is_flag=True, help="Put their page in Notion into the trash there, too.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@file_option
def command(email: str, suppress: bool, logs: tuple[Path, ...], mirror: bool, yes: bool, file: str | None) -> None:
    """Delete everything about whoever has the address EMAIL from the ledger, then search all of it for them.

    Their runs end, and nothing is sent afterwards. If they had unsubscribed, only a keyed hash of the address stays, so
    that this still holds. Backups, and without --mirror the page in Notion, are named and not touched. Say it again to
    search again.

    \b
    Examples:
      busos erase ada@example.com
      busos erase ada@example.com --suppress --logs /var/log/busos --yes

    Exit status: 0 found nowhere any more; 1 no yes, or found, with where, or the page is left; 2 it could not run.
    """
    from engine.runtime.erasing import InFlight, erase, prove
    from server.cli import logs as logging

    logging.set_up()
    if "@" not in email:
        raise click.UsageError(f'"{email}" is no email address')
    settings = settings_for(file)
    if mirror and not settings.notion_configured:
        raise click.UsageError("Notion is not configured here, so --mirror finds no page; nothing was deleted")
    with looking(file) as (ledger, _):
        _ask(ledger, email, yes)
        try:
            key = _key(settings, ledger)
            erased = erase(ledger, email, key, datetime.now(UTC), suppress=suppress)
        except InFlight:
            _end(
                "something about them is on its way out at this moment; try again in some minutes. Nothing was deleted"
            )
        proof = prove(ledger, email, erased, logs)
        click.echo("\n".join(_told(erased, proof, ledger, email)))
    gone = _page_gone(settings, email, erased.page_id) if mirror else _page_left(erased.page_id)
    if proof.found or not gone:
        click.get_current_context().exit(1)


def _ask(ledger: Ledger, email: str, yes: bool) -> None:
    if yes:
        return
    with ledger.read() as tx:
        known = bool(tx.contacts_by_email([email]))
    what = f"delete everything about {plain(email)} for ever" if known else f"search everything for {plain(email)}"
    if not sys.stdin.isatty():
        _end(f"this would {what}: say --yes to do it. Nothing was deleted")
    if not click.confirm(f"{what[0].upper()}{what[1:]}?"):
        _end("nothing was deleted")


def _key(settings: Settings, ledger: Ledger) -> str:
    """The key of the hash: that of the settings, or the one that this ledger made for itself."""
    from engine.errors import SettingsError
    from engine.runtime.wiring import SECRET_NOTE

    with ledger.read() as tx:
        key = settings.secret_key or tx.note(SECRET_NOTE)
    if not key:
        raise SettingsError("BUSOS_SECRET_KEY is not set, and what stays of an address is hashed with it: set it")
    return key


def _told(erased: Erased, proof: Proof, ledger: Ledger, email: str) -> Iterator[str]:
    from engine.runtime.erasing import backups_with

    rows = [(f"{count:,}", name) for name, count in erased.rows.items() if count]
    yield "deleted:" if rows else "nobody has this address"
    yield from (f"  {line}" for line in table(rows))
    yield "what stays: a keyed hash, so that nobody writes to this address" if erased.kept else "nothing of it stays"
    yield from (f"searched: {plain(one)}" for one in proof.searched)
    yield from (click.style(f"found in {plain(one)}", fg="red") for one in proof.found)
    if not proof.found:
        yield "found nowhere"
    files = ledger.database.files()
    if not files:
        yield "not searched: the server's write-ahead log and backups, and freed room that it has not used again"
    folder = files[0].parent if files else Path()
    yield from (f"not touched: the backup {plain(str(one))} still holds them" for one in backups_with(folder, email))


def _page_left(page_id: str | None) -> bool:
    """Say that a page was not touched, which nobody asked for."""
    if page_id:
        click.echo(f"not touched: their page in Notion, {plain(page_id)}: delete it there, or say --mirror")
    return True


def _page_gone(settings: Settings, email: str, page_id: str | None) -> bool:
    """Put whatever pages there are into the trash, and say so."""
    from server.cli.files import notion_mirror
    from server.cli.people.unmirroring import trashed

    done = trashed(notion_mirror(settings), email, page_id)
    if isinstance(done, int):
        what = {0: "no page of theirs is left in Notion", 1: "their page in Notion is in the trash there"}
        click.echo(what.get(done, f"{done} pages of theirs in Notion are in the trash there"))
        return True
    where = f" ({plain(page_id)})" if page_id else ""
    click.echo(click.style(f"their page in Notion{where} is still there: {plain(done)}", fg="red"))
    click.echo("say the same again, or delete it there")
    return False


def _end(words: str) -> NoReturn:
    click.echo(words, err=True)
    raise click.exceptions.Exit(1)

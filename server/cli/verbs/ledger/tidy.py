"""``busos ledger tidy``: what is over and old is deleted now, and not bit by bit."""

# ruff: noqa: D301 - click reads \b as "do not wrap this"

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from server.cli.files import file_option, settings_for
from server.cli.ledgers import looking
from server.cli.printing import grey, print_json, table

if TYPE_CHECKING:
    from engine.runtime.ledger import Ledger
    from engine.runtime.ledger.forgetting import Forgotten
    from engine.runtime.retention import Limits

_WORDS = {
    "runs": "runs of which only who, when and how it ended remains",
    "lines": "lines of their stories",
    "emails": "emails that they sent, with their texts",
    "events": "webhooks that nothing else is about",
    "errands": "alerts and page updates that were done",
    "workers": "workers that are no more",
}


@click.command("tidy", short_help="Delete what is over and old.")
@file_option
@click.option("--keep-finished", metavar="TIME", help="Instead of BUSOS_KEEP_FINISHED, such as '400 days'.")
@click.option("--dry-run", is_flag=True, help="Only show what would be deleted.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def command(file: str | None, keep_finished: str | None, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Delete what is over and old: the stories and emails of runs that ended before BUSOS_KEEP_FINISHED.

    Workers do the same by themselves, a little every hour. A run that has not ended is never touched. Of one that
    has, a bare row remains, so that nobody enters a sequence again who may not; contacts and who unsubscribed stay.
    Alerts and page updates go 30 days after they were done. Without the setting, nothing else is deleted.

    \b
    Examples:
      busos ledger tidy --dry-run
      busos ledger tidy --keep-finished "400 days"

    Exit status: 0 done; 1 no yes; 2 it could not run.
    """
    from engine.runtime.retention import Limits, forgettable

    settings = settings_for(file)
    keep = settings.keep_finished if keep_finished is None else _kept(keep_finished)
    limits = Limits.at(datetime.now(UTC), keep)
    with looking(file) as (ledger, _):
        with ledger.read() as tx:
            found = forgettable(tx, limits)
        if not dry_run:
            _ask(found, yes or keep_finished is None, as_json)
            found = _swept(ledger, limits, found)
    if as_json:
        print_json({"deleted": not dry_run, **asdict(found)})
    else:
        click.echo("\n".join(_lines(found, dry_run, keep)))


def _kept(text: str) -> timedelta:
    from engine.runtime.readings import kept

    try:
        return kept(text)
    except ValueError as error:
        raise click.UsageError(f"--keep-finished {error}") from None


def _ask(found: Forgotten, sure: bool, as_json: bool) -> None:
    """A yes, where the command says something else than the setting does."""
    if sure or not found.runs:
        return
    what = f"delete what happened in {found.runs:,} runs, with {found.emails:,} emails, for ever"
    if as_json or not sys.stdin.isatty():
        click.echo(f"this would {what}: say --yes to do it, --dry-run to look at it. Nothing was deleted", err=True)
        raise click.exceptions.Exit(1)
    if not click.confirm(f"{what[0].upper()}{what[1:]}?"):
        click.echo("nothing was deleted", err=True)
        raise click.exceptions.Exit(1)


def _swept(ledger: Ledger, limits: Limits, promised: Forgotten) -> Forgotten:
    from engine.runtime.ledger.forgetting import Forgotten
    from engine.runtime.retention import sweep
    from server.cli.progress import Bar

    done = Forgotten()
    with closing(Bar()) as bar:
        bar.begin("deleting", sum(asdict(promised).values()))
        for some in sweep(ledger, limits):
            done += some
            bar.reached(sum(asdict(done).values()))
    return done


def _lines(found: Forgotten, dry_run: bool, keep: timedelta | None) -> Iterator[str]:
    counts = [(f"{count:,}", _WORDS[name]) for name, count in asdict(found).items() if count]
    if counts:
        yield "this would be deleted:" if dry_run else "deleted:"
        yield from (f"  {line}" for line in table(counts))
    else:
        yield "nothing is old enough to be deleted"
    if keep is None:
        yield grey("what happened in runs is kept for ever: BUSOS_KEEP_FINISHED is not set")

"""``busos plan``: what an edit of the file does to the people who are in flight."""

# ruff: noqa: D301 - click reads \b as "do not wrap this"

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.errors import InvalidFile
from server.cli.faults import problems_text
from server.cli.files import chosen, file_option, settings_for
from server.cli.planning import as_it_is, at_commit, in_flight, in_use
from server.cli.printing import bold, grey, plain, print_json
from server.cli.progress import Bar

if TYPE_CHECKING:
    from engine.planning import Tally
    from engine.runtime.ledger import Ledger


@click.command("plan", short_help="Say what an edit does to the people in sequences.")
@click.argument("path", metavar="[FILE]", required=False)
@file_option
@click.option("--against", metavar="REF", help="Compare with the file at this commit, branch or tag of git.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def command(path: str | None, file: str | None, against: str | None, as_json: bool) -> None:
    """Compare the edited file with the version that runs, and count the people whom each edit concerns.

    The version that runs, and the people, are in the ledger. Nothing is changed: a running busos takes over the edit
    when you save it, and does what was said here. With --against and without a ledger there is nobody to count, and
    only the edits are told.

    \b
    Examples:
      busos plan
      busos plan edited.yaml
      busos plan --against main --json

    Exit status: 0 the edit can be taken over; 1 it leaves open where people go, or the file has errors; 2 it could not
    be compared.
    """
    found = chosen(path or file)
    ledger = _ledger(str(found), required=against is None)
    with ledger if ledger is not None else nullcontext():
        try:
            tally, counted = _tally(found, against, ledger)
        except InvalidFile as invalid:
            click.echo(problems_text(list(invalid.problems), str(found)), nl=False)
            click.get_current_context().exit(1)
    _print_json(tally, counted) if as_json else _print(tally, counted)
    click.get_current_context().exit(1 if _unclear(tally, counted) else 0)


def _ledger(file: str, *, required: bool) -> Ledger | None:
    from engine.runtime.ledger import Ledger, there_is_none
    from server.cli.ledgers import refuse_missing

    settings = settings_for(file)
    if required:
        refuse_missing(settings)
    elif there_is_none(settings.database_url) is not None:
        return None
    return Ledger.open(settings.database_url)


def _tally(path: Path, against: str | None, ledger: Ledger | None) -> tuple[Tally, bool]:
    from engine.planning import Comparison, Tally

    new = as_it_is(path)
    old = at_commit(against, path) if against else in_use(ledger) if ledger else None
    tally = Tally(Comparison(old or new, new), datetime.now(UTC))
    if ledger is None:
        return tally, False
    _count(tally, ledger)
    return tally, True


def _count(tally: Tally, ledger: Ledger) -> None:
    """Everybody in the edited sequences, with a bar where there are many."""
    programs = {edit.program for edit in tally.comparison.edits}
    with ledger.read() as tx:
        live = [n for (name, status), n in tx.counts().items() if name in programs and not status.ended]
    bar, done = Bar(), 0
    bar.begin("counting", sum(live))
    for page in in_flight(ledger, sorted(programs)):
        tally.add(page)
        done += len(page)
        bar.reached(done)
    bar.end()


def _unclear(tally: Tally, counted: bool) -> int:
    """How many edits leave open where people go; one with nobody there is no question."""
    from engine.planning import Fate, StepReplaced

    found = [edit for edit in tally.comparison.edits if isinstance(edit, StepReplaced)]
    return len([edit for edit in found if not counted or tally.count(edit, Fate.UNCLEAR)])


def _print(tally: Tally, counted: bool) -> None:
    from engine.planning import consequences, headline

    edits = tally.comparison.edits
    if not edits:
        click.echo("Nothing changes for anybody who is in a sequence.")
    for edit in edits:
        name, _, what = headline(edit).partition(": ")
        click.echo(f"{bold(f'{plain(name)}:')} {plain(what)}")
        for sentence in consequences(edit, tally) if counted else ():
            click.echo(f"   {plain(sentence)}")
    if tally.paused:
        click.echo(grey(_paused(tally.paused)))
    if edits and not counted:
        click.echo(grey("There is no ledger here, so nobody was counted."))


def _paused(number: int) -> str:
    if number == 1:
        return "Besides, 1 stands still until somebody resumes it."
    return f"Besides, {number:,} stand still until somebody resumes them."


def _print_json(tally: Tally, counted: bool) -> None:
    from engine.planning import record

    edits = [record(edit, tally if counted else None) for edit in tally.comparison.edits]
    print_json({"ok": not _unclear(tally, counted), "counted": counted, "paused": tally.paused, "edits": edits})

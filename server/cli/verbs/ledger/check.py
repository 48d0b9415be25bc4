"""``busos ledger check``: whether the ledger is whole, and keeps the rules that it has to keep."""

# ruff: noqa: D301 - click reads \b as "do not wrap this"

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from server.cli.advice import command_line
from server.cli.control.screens import counted
from server.cli.files import file_option
from server.cli.ledgers import looking
from server.cli.printing import bold, print_json, table

if TYPE_CHECKING:
    from engine.runtime.ledger import Ledger, Transaction
    from server.cli.checkup.finding import Finding

_RESTORE = "stop busos, keep a copy of what is there, and go back to the last backup: busos restore"
_OURS = "this is a mistake of busos, or somebody changed the ledger by hand: please tell its makers"


@click.command("check", short_help="Look whether it is whole, and nothing hangs.")
@file_option
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def command(file: str | None, as_json: bool) -> None:
    """Read the whole ledger: pages and indexes, references between rows, and the rules that runs have to keep.

    busos may run meanwhile. Nothing is changed. A million runs take some seconds.

    \b
    Examples:
      busos ledger check
      busos ledger check --json

    Exit status: 0 it is sound; 1 something is wrong; 2 it could not be read.
    """
    from server.cli.checkup.finding import lines

    with looking(file) as (ledger, _):
        found = list(_findings(ledger, datetime.now(UTC)))
        with ledger.read() as tx:
            counts = tx.table_counts()
    wrong = any(one.state == "fail" for one in found)
    if as_json:
        told = [{"check": f.check, "state": f.state, "said": f.said, "fix": f.fix} for f in found]
        print_json({"ok": not wrong, "checks": told, "rows": counts})
    else:
        head, *rows = table([("TABLE", "ROWS"), *((name, f"{count:,}") for name, count in counts.items())])
        click.echo("\n".join([*(line for one in found for line in lines(one)), "", bold(head), *rows]))
    click.get_current_context().exit(1 if wrong else 0)


def _findings(ledger: Ledger, now: datetime) -> Iterator[Finding]:
    from engine.runtime.ledger.migrations import HEAD
    from server.cli.checkup.finding import fail, ok
    from server.cli.progress import megabytes

    wrong = ledger.check()
    if wrong:
        yield fail("database", "; ".join(wrong[:3]), _RESTORE)
    else:
        yield ok("database", f"{ledger.place} is whole: {megabytes(ledger.size())}, version {HEAD}")
    with ledger.read() as tx:
        yield from _mark(tx, ledger)
        yield from _rules(tx)
        yield from _waiting(tx, now)


def _mark(tx: Transaction, ledger: Ledger) -> Iterator[Finding]:
    from server.cli.checkup.finding import warn

    if (mark := tx.mark()) is not None:
        hint = "run busos ledger copy again" if mark.moved_from else "nothing, if it is meant to be one"
        yield warn("use", mark.told(ledger.place), hint)


def _rules(tx: Transaction) -> Iterator[Finding]:
    from server.cli.checkup.finding import fail, ok

    found = list(tx.broken_rules())
    broken = [one for one in found if one.rows]
    if not broken:
        yield ok("rules", f"all {len(found)} are kept by every row")
    for one in broken:
        yield fail(one.rule, f"{counted(one.rows, 'row')}: {one.words}", _OURS)


def _waiting(tx: Transaction, now: datetime) -> Iterator[Finding]:
    """What hangs: wrong while somebody works, a hint while nobody does."""
    from engine.runtime.system import ALIVE
    from server.cli.checkup.finding import fail, ok, warn

    see = command_line("runs", "list", "--stuck")
    stuck, works = tx.stuck_runs(now), bool(tx.workers_seen_since(now - ALIVE))
    if stuck and works:
        yield fail("stuck", f"{counted(stuck)} should have moved, and nobody has them", f"see {see}")
    elif stuck:
        yield warn("stuck", f"{counted(stuck)} should have moved, but no worker runs", f"run {command_line('worker')}")
    else:
        yield ok("stuck", "nothing that is due is left lying")
    if claimed := tx.often_claimed():
        said = f"{counted(claimed)} taken again and again: whatever takes them dies"
        yield fail("taken", said, f"look into the logs of the workers; {see} names them")

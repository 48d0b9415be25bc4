"""What to do with runs that a restored backup is unsure of: asked on a terminal, told as commands elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from engine.model import TRIGGER_PREFIX
from server.cli.advice import command_line
from server.cli.control.screens import counted
from server.cli.printing import bold, grey, table

if TYPE_CHECKING:
    from engine.runtime.control import Action
    from engine.runtime.ledger import Ledger
    from engine.runtime.ledger.restored import Held, Unsure
    from engine.runtime.settings import Settings

_EVER = datetime(1970, 1, 1, tzinfo=UTC)
OVER = timedelta(hours=2)
_ANSWERS = {
    "leave": "they stand still until you decide",
    "now": "they go on at once",
    "spread": "they go on over two hours, the oldest first",
    "skip": "they leave out this step and go on",
}


def paused_lines(held: Held, zone: ZoneInfo) -> Iterator[str]:
    """The runs that are unsure, and what can be done with them."""
    yield f"{bold('Paused')}: {counted(held.runs)} that may have been sent to already. They stand before:"
    yield ""
    head, *lines = table([("SEQUENCE", "STEP", "RUNS", "FIRST DUE"), *(_row(one, zone) for one in held.unsure)])
    yield from (f"  {line}" for line in [grey(head), *lines])
    if held.before:
        yield f"  {grey(f'(and {counted(held.before)} stood still before the backup was taken)')}"


def commands(one: Unsure, *, more: bool) -> Iterator[str]:
    """How a group goes on, later; and others in the same way."""
    which = ["--sequence", one.program, *(["--step", one.step] if one.step else [])]
    lines = [
        (command_line("runs", "list", "--paused", "--sequence", one.program), "look at them"),
        (command_line("runs", "resume", *which, tail="--overdue spread 2 hours"), "they go on"),
        *([(command_line("runs", "skip", *which), "they leave out this step; then resume")] if one.step else []),
        (command_line("runs", "stop", *which), "they end"),
    ]
    yield f"Nothing of it goes out before you say so{', for each line of the table' if more else ''}:"
    width = max(len(line) for line, _ in lines)
    yield from (f"  {line.ljust(width)}  {grey(meaning)}" for line, meaning in lines)


def ask(settings: Settings, held: Held) -> None:
    """One question for each group, on a terminal; leaving them is the answer to Return, and to Ctrl-C."""
    left = _asked(settings, held) if sys.stdin.isatty() else list(held.unsure)
    if left:
        people = [one for one in left if not one.program.startswith(TRIGGER_PREFIX)]
        click.echo("\n".join(commands((people or left)[0], more=len(left) > 1)))


def _asked(settings: Settings, held: Held) -> list[Unsure]:
    """The groups that are left as they are."""
    from engine.runtime.ledger import Ledger

    click.echo("\n".join(f"  {name.ljust(6)}  {grey(meaning)}" for name, meaning in _ANSWERS.items()))
    left = list(held.unsure)
    with Ledger.open(settings.database_url) as ledger, suppress(click.Abort):
        for one in held.unsure:
            question = f"{counted(one.runs)} of {one.program} before {one.step or 'the end'}"
            answer = click.prompt(question, type=click.Choice(list(_ANSWERS)), default="leave")
            if answer != "leave":
                left.remove(one)
            click.echo(f"  {_ANSWERS[answer]}{_carried_out(answer, one, ledger, settings, held)}")
    return left


def _carried_out(answer: str, one: Unsure, ledger: Ledger, settings: Settings, held: Held) -> str:
    from engine.runtime.control import AtOnce, Over, Resume, Skip

    actions: dict[str, tuple[Action, ...]] = {
        "leave": (),
        "now": (Resume(AtOnce()),),
        "spread": (Resume(Over(OVER)),),
        "skip": (Skip(), Resume(AtOnce())),
    }
    with ledger.read() as tx:
        ids = set(tx.unsure_runs(one, held.at))
    done = [_done(action, one, ids, ledger, settings) for action in actions[answer]]
    return f": {counted(min(done))}" if done else ""


def _done(action: Action, one: Unsure, ids: set[str], ledger: Ledger, settings: Settings) -> int:
    """To those of the group and no others; how many."""
    from engine.runtime.clock import SystemClock
    from engine.runtime.control import Control, Preview, Selection, playbook_in_use

    playbook = playbook_in_use(ledger, testing=settings.testing_mode)
    control = Control(ledger, playbook, clock=SystemClock())
    some = Selection(sequence=one.program, since=_EVER)  # not the sequence as a whole, which may stand still
    preview = control.look(Preview(some, action, datetime.now(UTC)))
    preview.chosen = [(run_id, step) for run_id, step in preview.chosen if run_id in ids]
    return control.carry_out(preview).done


def _row(one: Unsure, zone: ZoneInfo) -> tuple[str, ...]:
    since = f"{one.since.astimezone(zone):%Y-%m-%d %H:%M}" if one.since else ""
    return (one.program, one.step or "the end", f"{one.runs:,}", since)

"""Shows what an action would do, asks where that is due, does it, and tells what was done."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NoReturn

import click

from server.cli.advice import command_line
from server.cli.control.screens import VERBS, after, as_json, before, counted, nothing
from server.cli.control.selectors import Asked
from server.cli.files import settings_for
from server.cli.ledgers import looking
from server.cli.printing import grey, print_json

if TYPE_CHECKING:
    from engine.runtime.control import Action, Control, Preview
    from engine.runtime.ledger import Ledger
    from engine.runtime.settings import Settings

MANY = 500
"""From so many runs on, how far it has come is shown."""
MANY_TO_READ = 5000
"""From so many runs on, it is shown how many are found."""
_LINE = "\r\x1b[2K"  # the beginning of an empty line

CATCH_UP = """say how to catch up:
  --overdue now              all of them at once
  --overdue spread 2 hours   evenly over a time, the oldest first
  --overdue shift            the time paused does not count: waits go on where they stood"""


def carry_out(action: Action, asked: Asked, *, catch_up_said: bool = True) -> None:
    """Do it, or show it, or say why not. Exit status 1 where nothing, or not all of it, was done."""
    from engine.runtime.control import Preview

    settings = settings_for(asked.file)
    with looking(asked.file) as (ledger, zone):
        selection = asked.selection(ledger, zone)
        control = _control(ledger, settings, action)
        watch = _Watch(VERBS[action.name][0])
        preview = control.look(Preview(selection, action, datetime.now(UTC)), watch)
        watch.looked(len(preview.chosen))
        _unknown(asked, preview)
        if preview.nothing:
            _end(asked, preview, nothing(preview))
        if not asked.as_json:
            _show(preview, asked, settings)
        if asked.dry_run:
            _done_nothing(asked, preview)
        if not catch_up_said and preview.overdue > settings.ask_above:
            _end(asked, preview, f"{counted(preview.overdue)} overdue: {CATCH_UP}")
        _ask(asked, preview, settings.ask_above)
        _do(control, asked, preview, watch)


def _control(ledger: Ledger, settings: Settings, action: Action) -> Control:
    from engine.runtime.clock import SystemClock
    from engine.runtime.control import Control, playbook_in_use

    playbook = playbook_in_use(ledger, testing=settings.testing_mode) if action.needs_contacts else None
    return Control(ledger, playbook, clock=SystemClock())


def _unknown(asked: Asked, preview: Preview) -> None:
    """Nobody has this id or address."""
    if asked.who is not None and not (preview.chosen or preview.refused or preview.unfit):
        narrowed = " that fits the rest" if asked.words != (asked.who,) else ""
        see = command_line("runs", "list")
        _end(asked, preview, f'no run{narrowed} has the id or the email address "{asked.who}"; see {see}')


def _show(preview: Preview, asked: Asked, settings: Settings) -> None:
    """What would happen. One run needs no table, unless somebody wants to look or has to answer."""
    many = len(preview.chosen) > 1 or preview.selection.whole is not None
    if many or asked.dry_run or preview.refusals or preview.soon > settings.ask_above:
        _say([*before(preview), ""])


def _ask(asked: Asked, preview: Preview, ask_above: int) -> None:
    """A yes, where more than one run, or more emails at once than is usual, hang on it."""
    if asked.yes or (len(preview.chosen) <= 1 and preview.soon <= ask_above):
        return
    verb = VERBS[preview.action.name][0]
    what = f"{verb} {counted(len(preview.chosen))}"
    if preview.soon > ask_above:
        what += f" and send up to {counted(preview.soon, 'email')} within 10 minutes"
    if asked.as_json or not sys.stdin.isatty():
        _end(asked, preview, f"this would {what}: say --yes to do it, --dry-run to look at it. Nothing was done")
    if not click.confirm(click.style(f"{what[0].upper()}{what[1:]}?", bold=True)):
        _end(asked, preview, "nothing was done")


def _do(control: Control, asked: Asked, preview: Preview, watch: _Watch) -> None:
    try:
        outcome = control.carry_out(preview, watch)
    except KeyboardInterrupt:
        watch.end()
        _end(asked, preview, f"interrupted: {watch.told}; the same command goes on with the rest")
    watch.end()
    if asked.as_json:
        print_json(as_json(preview, outcome, None))
    else:
        _say([*after(preview, outcome), *_hint(preview, asked)])
    if outcome.in_hand:
        raise click.exceptions.Exit(1)


def _hint(preview: Preview, asked: Asked) -> Iterable[str]:
    if preview.action.name == "pause":
        yield grey(f"they go on with: {command_line('runs', 'resume', *asked.words)}")


def _done_nothing(asked: Asked, preview: Preview) -> NoReturn:
    if asked.as_json:
        print_json(as_json(preview, None, "a dry run: nothing was done"))
    else:
        click.echo(grey("a dry run: nothing was done"))
    raise click.exceptions.Exit(0)


def _end(asked: Asked, preview: Preview, said: str) -> NoReturn:
    """Say no."""
    if asked.as_json:
        print_json(as_json(preview, None, click.unstyle(said)))
    else:
        click.echo(said, err=True)
    raise click.exceptions.Exit(1)


def _say(lines: Iterable[str]) -> None:
    click.echo("\n".join(lines))


class _Watch:
    """How far it has come, on stderr, for many runs and on a terminal."""

    def __init__(self, verb: str) -> None:
        self._verb = verb
        self._runs = 0
        self._seen = 0
        self._bar: Any = None
        self._waits = 0
        self._terminal = sys.stderr.isatty()

    @property
    def told(self) -> str:
        """How far."""
        return f"{self._seen:,} of {counted(self._runs)} done"

    def found(self, runs: int) -> None:
        """So many runs are found by now."""
        if self._terminal and runs >= MANY_TO_READ:
            click.echo(f"{_LINE}looking: {counted(runs)}", err=True, nl=False)

    def looked(self, runs: int) -> None:
        """All of them are found."""
        if self._terminal and runs >= MANY_TO_READ:
            click.echo(_LINE, err=True, nl=False)
        self._runs = runs

    def done(self, runs: int) -> None:
        """So many more runs are seen to."""
        self._seen += runs
        if self._bar is None and self._runs > MANY and self._terminal:
            self._bar = click.progressbar(length=self._runs, label=self._verb, file=sys.stderr, show_pos=True)
        if self._bar is not None:
            self._bar.update(runs)

    def waits(self, runs: int) -> None:
        """So many runs are in workers' hands."""
        if self._terminal and runs != self._waits:
            click.echo(grey(f"waiting for {counted(runs)} in a worker's hands"), err=True)
        self._waits = runs

    def end(self) -> None:
        """It is over."""
        if self._bar is not None:
            self._bar.render_finish()
            self._bar = None

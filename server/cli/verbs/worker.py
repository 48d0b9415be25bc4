"""``busos worker``: what moves runs and sends email, by itself."""

# ruff: noqa: D301 - click reads \b as "do not wrap this"

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from server.cli.files import file_option, settings_for
from server.cli.processes import Lifeline, Supervisor, end_now_if_late, processes_option

if TYPE_CHECKING:
    from server.cli.stopping import Stop


@click.command("worker", short_help="Send what is due; any number may run.")
@processes_option
@click.option(
    "--threads",
    type=click.IntRange(1, 64),
    default=2,
    show_default=True,
    help="How many threads move runs (one, where no mailer is set), and as many send emails, in each process.",
)
@file_option
def command(processes: int, lifeline: int | None, threads: int, file: str | None) -> None:
    """Move runs that are due, send their emails, write to Notion, raise alerts.

    Any number of workers may share a ledger, on one machine or beside several servers. With --processes several run
    under one command, and one that dies is started again. Logs go to stderr. SIGTERM ends it within 10 seconds: what
    is on its way is finished, the rest is left to others. Killing it loses and doubles nothing.

    \b
    Examples:
      busos worker
      busos worker --processes 2 --threads 4
      busos worker --file campaigns/autumn.yaml

    Exit status: 0 it was asked to end; 2 it could not start.
    """
    from server.cli import logs
    from server.cli.stopping import stoppable

    logs.set_up(one_of_several=lifeline is not None)
    alive = Lifeline(lifeline)
    with stoppable() as stop:
        if processes == 1:
            _work(threads, file, stop, alive)
            return
        settings_for(file)  # what is wrong with them is said once
        words = ["worker", "--threads", str(threads), *(["--file", file] if file else [])]
        click.get_current_context().exit(Supervisor(words, processes).run(stop))


def _work(threads: int, file: str | None, stop: Stop, alive: Lifeline) -> None:
    import structlog

    from engine.runtime.wiring import running
    from server.cli.memory import keep_what_is_loaded

    log = structlog.get_logger(__name__)
    settings = settings_for(file)
    with running(settings, works=True, threads=threads) as system:
        stop.on_ask(lambda: None)
        keep_what_is_loaded()
        log.info("working", file=str(settings.file), revision=system.playbook().revision)
        alive.ready()
        while not stop.wait(1.0):
            pass
    log.info("worker ended")
    end_now_if_late(system)

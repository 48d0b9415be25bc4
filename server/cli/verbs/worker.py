"""``busos worker``: what moves runs and sends email, by itself."""

# ruff: noqa: D301 - click reads \b as "do not wrap this"

from __future__ import annotations

import click

from server.cli.files import file_option, settings_for


@click.command("worker", short_help="Send what is due; any number may run.")
@file_option
def command(file: str | None) -> None:
    """Move runs that are due, send their emails, write to Notion, raise alerts.

    Any number of workers may share a ledger, on one machine or beside several servers. Logs go to stderr.
    SIGTERM ends it when the batch in hand is finished; killing it loses and doubles nothing.

    \b
    Examples:
      busos worker
      busos worker --file campaigns/autumn.yaml

    Exit status: 0 it was asked to end; 2 it could not start.
    """
    import structlog

    from engine.runtime.wiring import running
    from server.cli import logs
    from server.cli.stopping import stoppable

    logs.set_up()
    log = structlog.get_logger(__name__)
    settings = settings_for(file)
    with stoppable() as stop, running(settings, works=True) as system:
        stop.on_ask(lambda: None)
        log.info("working", file=str(settings.file), revision=system.playbook().revision)
        while not stop.asked.wait(1.0):
            pass
    log.info("worker ended")

"""``busos serve``: the webhook server by itself."""

# ruff: noqa: D301 - click reads \b as "do not wrap this"

from __future__ import annotations

import click

from server.cli.files import file_option, settings_for
from server.cli.serving import address, address_options, serve_until_asked


@click.command("serve", short_help="Run the webhook server; workers run beside it.")
@address_options
@file_option
def command(host: str, port: int, file: str | None) -> None:
    """Take webhooks and show pages. Emails go out where "busos worker" runs on the same ledger.

    Any number of servers may run. Logs go to stderr. SIGTERM ends it when open requests are answered.

    \b
    Examples:
      busos serve
      busos serve --host 0.0.0.0 --port 8080

    Exit status: 0 it was asked to end; 2 it could not start.
    """
    import structlog

    from engine.runtime.wiring import running
    from server.app import listen
    from server.cli import logs
    from server.cli.stopping import stoppable

    logs.set_up()
    log = structlog.get_logger(__name__)
    settings = settings_for(file)
    with stoppable() as stop, listen(host, port) as bound, running(settings, works=False) as system:
        where = address(bound, host)
        serve_until_asked(system, bound, stop, lambda: log.info("serving", address=where, file=str(settings.file)))
    log.info("server ended")

"""``busos serve``: the webhook server by itself."""

# ruff: noqa: D301 - click reads \b as "do not wrap this"

from __future__ import annotations

import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from server.cli.files import file_option, settings_for
from server.cli.processes import Lifeline, Supervisor, processes_option
from server.cli.serving import address, address_options, serve_until_asked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from server.cli.stopping import Stop


@click.command("serve", short_help="Run the webhook server; workers run beside it.")
@address_options
@processes_option
@click.option("--bound", type=int, hidden=True)
@file_option
def command(host: str, port: int, processes: int, lifeline: int | None, bound: int | None, file: str | None) -> None:
    """Take webhooks and show pages. Emails go out where "busos worker" runs on the same ledger.

    Any number of servers may run; with --processes several share one port, and one that dies is started again. Each
    counts BUSOS_RATE_LIMIT for itself. Logs go to stderr. SIGTERM ends it when open requests are answered.

    \b
    Examples:
      busos serve
      busos serve --host 0.0.0.0 --port 8080 --processes 2

    Exit status: 0 it was asked to end; 2 it could not start.
    """
    from server.cli import logs
    from server.cli.stopping import stoppable

    logs.set_up(one_of_several=lifeline is not None)
    alive = Lifeline(lifeline)
    with stoppable() as stop, _socket(host, port, bound) as listening:
        if processes == 1:
            _serve(host, listening, file, stop, alive)
            return
        settings_for(file)  # what is wrong with them is said once
        number = listening.fileno()
        words = ["serve", "--host", host, "--bound", str(number), *(["--file", file] if file else [])]
        click.get_current_context().exit(Supervisor(words, processes, keep=[number]).run(stop))


@contextmanager
def _socket(host: str, port: int, bound: int | None) -> Iterator[socket.socket]:
    """The parent's socket, which all its processes share, or one of our own."""
    from server.app import listen

    with listen(host, port) if bound is None else socket.socket(proto=socket.IPPROTO_TCP, fileno=bound) as found:
        yield found


def _serve(host: str, listening: socket.socket, file: str | None, stop: Stop, alive: Lifeline) -> None:
    import structlog

    from engine.runtime.wiring import running

    log = structlog.get_logger(__name__)
    settings = settings_for(file)
    with running(settings, works=False) as system:

        def ready() -> None:
            log.info("serving", address=address(listening, host), file=str(settings.file))
            alive.ready()

        serve_until_asked(system, listening, stop, ready)
    log.info("server ended")

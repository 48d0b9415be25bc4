"""What the long-running verbs share: their options, and how a running system is opened and closed."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from engine.runtime.system import System
    from server.cli.stopping import Stop

Function = TypeVar("Function", bound=Callable[..., Any])


def address_options(function: Function) -> Function:
    """``--host`` and ``--port``."""
    host = click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
    port = click.option(
        "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="The port; 0 is any free one."
    )
    return host(port(function))


def address(bound: socket.socket, host: str) -> str:
    """The URL of a bound socket, as a browser on this machine would write it."""
    port = bound.getsockname()[1]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{shown}:{port}"


def serve_until_asked(system: System, bound: socket.socket, stop: Stop, ready: Callable[[], None]) -> None:
    """Answer requests on a bound socket until a signal comes."""
    from server.app import create_app, make_server
    from server.cli.memory import keep_what_is_loaded

    server = make_server(create_app(system), ready)
    keep_what_is_loaded()

    def end() -> None:
        server.should_exit = True

    stop.on_ask(end)
    server.run(sockets=[bound])

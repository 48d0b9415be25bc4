"""Runs stand-ins as a process: ``python -m tests.standins --resend 0 --discord 0 --log seen.jsonl``.

Prints one line of JSON with their addresses when all of them listen; ends on SIGTERM or Ctrl-C. With ``--control``,
each has a second address ("resend control") that answers questions even while the first takes no connection.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Callable
from contextlib import ExitStack
from importlib import import_module
from typing import Any

from tests.standins.server import StandIn, Vendor

VENDORS = ("resend", "notion", "discord")


def build(name: str, options: argparse.Namespace) -> Vendor:
    """The vendor of that name, with the options that are its."""
    module = import_module(f"tests.standins.{name}")
    settings: dict[str, Any] = {
        "resend": {"rate": options.rate, "lean": options.lean},
        "notion": {} if options.notion_rate is None else {"rate": options.notion_rate},
        "discord": {} if options.discord_rate is None else {"rate": options.discord_rate},
    }[name]
    vendor: Vendor = getattr(module, name.capitalize())(**settings)
    vendor.lean = options.lean
    return vendor


def loops() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The fast event loop, where it is installed (busos[fast])."""
    try:
        return import_module("uvloop").new_event_loop  # type: ignore[no-any-return]
    except ImportError:
        return None


def addresses(servers: dict[str, StandIn[Vendor]]) -> dict[str, str]:
    """What is printed: where each vendor is, and where it is asked."""
    doors = {name: server.url for name, server in servers.items()}
    asked = {f"{name} control": server.control_port for name, server in servers.items()}
    return {**doors, **{name: f"http://127.0.0.1:{port}" for name, port in asked.items() if port is not None}}


def main() -> None:
    """Start what the command line asks for, say where, wait for a signal."""
    parser = argparse.ArgumentParser(prog="python -m tests.standins", description=__doc__)
    for name in VENDORS:
        parser.add_argument(f"--{name}", type=int, metavar="PORT", help="0: any free port")
    parser.add_argument("--log", type=argparse.FileType("a"), help="append one line of JSON for each request")
    parser.add_argument("--rate", type=float, default=5.0, help="Resend: requests a second before 429; 0: no limit")
    parser.add_argument("--notion-rate", type=float, help="Notion: requests a second before 429; 0: no limit")
    parser.add_argument("--discord-rate", type=int, help="Discord: messages in two seconds before 429; 0: no limit")
    parser.add_argument("--lean", action="store_true", help="count requests, remember hashes of bodies: for long runs")
    parser.add_argument("--control", action="store_true", help="a second port each, for questions and orders")
    options = parser.parse_args()
    wanted = {name: port for name in VENDORS if (port := getattr(options, name)) is not None}
    with ExitStack() as stack:
        control = 0 if options.control else None
        made = {
            n: StandIn(build(n, options), p, options.log, control_port=control, loops=loops())
            for n, p in wanted.items()
        }
        servers = {name: stack.enter_context(server) for name, server in made.items()}
        sys.stdout.write(json.dumps(addresses(servers)) + "\n")
        sys.stdout.flush()
        signal.sigwait({signal.SIGTERM, signal.SIGINT})
        if options.log:
            options.log.close()


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    main()

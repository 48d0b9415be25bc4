"""Runs stand-ins as a process: ``python -m tests.standins --resend 0 --discord 0 --log seen.jsonl``.

Prints one line of JSON with their addresses when all of them listen; ends on SIGTERM or Ctrl-C.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
from contextlib import ExitStack
from importlib import import_module

from tests.standins.server import StandIn, Vendor

VENDORS = ("resend", "notion", "discord")


def build(name: str, options: argparse.Namespace) -> Vendor:
    """The vendor of that name; only Resend has options."""
    module = import_module(f"tests.standins.{name}")
    settings = {"rate": options.rate, "lean": options.lean} if name == "resend" else {}
    vendor: Vendor = getattr(module, name.capitalize())(**settings)
    return vendor


def main() -> None:
    """Start what the command line asks for, say where, wait for a signal."""
    parser = argparse.ArgumentParser(prog="python -m tests.standins", description=__doc__)
    for name in VENDORS:
        parser.add_argument(f"--{name}", type=int, metavar="PORT", help="0: any free port")
    parser.add_argument("--log", type=argparse.FileType("a"), help="append one line of JSON for each request")
    parser.add_argument("--rate", type=float, default=5.0, help="Resend: requests a second before 429; 0: no limit")
    parser.add_argument("--lean", action="store_true", help="Resend: remember hashes of bodies, not bodies")
    options = parser.parse_args()
    wanted = {name: port for name in VENDORS if (port := getattr(options, name)) is not None}
    with ExitStack() as stack:
        servers = {n: stack.enter_context(StandIn(build(n, options), port, options.log)) for n, port in wanted.items()}
        sys.stdout.write(json.dumps({name: server.url for name, server in servers.items()}) + "\n")
        sys.stdout.flush()
        signal.sigwait({signal.SIGTERM, signal.SIGINT})
        if options.log:
            options.log.close()


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    main()

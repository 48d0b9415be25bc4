"""Accepted webhooks per second, durable, beside the bare limit of the same parts on this machine.

    python benchmarks/accept.py [--requests N] [--rounds N] [--servers 2] [--worker]

Baseline: a bare Litestar handler that validates the same body and writes one row through a group commit
(SQLite, WAL, synchronous=FULL) and nothing else. Ours: the real server on a real ledger: validated,
idempotency-checked, contact, event and run on disk, segment in the answer. Each runs as its own process under the
same client of 32 keep-alive connections. In a round they take turns ten times, so that what else this machine does
meets all alike; every round gives a ratio and the median round is printed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.load import Load, assessments, post
from benchmarks.processes import ROOT, Child, busos, free_port, running, start

TURNS = 10
WEBHOOK = "/webhook/assessment"


@dataclass
class Side:
    """Some servers under load: the bare limit, one server, or several on one ledger."""

    children: Sequence[Child]
    path: str
    load: Load = field(default_factory=Load)
    cpu: float = 0.0

    def turn(self, count: int, mark: str) -> None:
        """Post so many bodies, and count what came of it."""
        before = sum(child.cpu_seconds() for child in self.children)
        self.load.add(post([child.port for child in self.children], self.path, assessments(count, mark)))
        self.cpu += sum(child.cpu_seconds() for child in self.children) - before

    def warm(self, count: int) -> None:
        """The first requests of a process are no measure of the others."""
        for child in self.children:
            child.healthy_after("/ready" if self.path == "/" else "/health")
        post([child.port for child in self.children], self.path, assessments(count, "warm"))

    @property
    def told(self) -> str:
        """The rate, the slowest, and the processor time of the servers."""
        load = self.load
        milliseconds = self.cpu / len(load.seconds) * 1000
        return f"{load.rate:,.0f}/s p99 {load.p99 * 1000:.0f} ms cpu {milliseconds:.2f} ms"


def bare(folder: Path) -> Side:
    port = free_port()
    return Side([start(folder, sys.executable, str(ROOT / "benchmarks" / "bare.py"), str(port), port=port)], "/")


def ours(folder: Path, servers: int, verb: str) -> Side:
    file = ("--file", str(ROOT / "sequences.yaml"))
    folder.mkdir()
    return Side([busos(folder, verb, *file) for _ in range(servers)], WEBHOOK)


def played(requests: int, servers: int, verb: str) -> list[Side]:
    """One round: the bare limit, one server and, where several are asked for, so many."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sides = [bare(folder), ours(folder / "one", 1, verb)]
        if servers > 1:
            sides.append(ours(folder / "several", servers, verb))
        with running(*(child for side in sides for child in side.children)):
            for side in sides:
                side.warm(max(requests // 20, 1))
            for number in range(TURNS):
                for side in sides:
                    side.turn(max(requests // TURNS, 1), f"turn{number}-")
    return sides


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=10_000, help="webhooks for each in a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--servers", type=int, default=1, help="measure so many server processes on one ledger too")
    parser.add_argument("--worker", action="store_true", help="let a worker in the same process work off what comes in")
    options = parser.parse_args()
    rounds = []
    for number in range(options.rounds):
        limit, one, *several = played(options.requests, options.servers, "dev" if options.worker else "serve")
        rounds.append((one.load.rate / limit.load.rate, limit, one, several))
        more = [
            f"   {options.servers} servers {side.told}, {side.load.rate / one.load.rate:.2f} of one" for side in several
        ]
        print(
            f"round {number + 1}: busos {one.told}   bare {limit.told}   ratio {rounds[-1][0]:.2f}{''.join(more)}",
            flush=True,
        )
    rounds.sort(key=lambda one: one[0])
    ratio, limit, one, _ = rounds[len(rounds) // 2]
    print(
        f"median: {one.load.rate:,.0f} webhooks/s on disk, p99 {one.load.p99 * 1000:.0f} ms, "
        f"{ratio:.0%} of the bare limit of {limit.load.rate:,.0f}/s (its p99 {limit.load.p99 * 1000:.0f} ms)"
    )
    if options.servers > 1:
        ratios = sorted(side.load.rate / one.load.rate for _, _, one, several in rounds for side in several)
        print(f"median: {options.servers} servers accept {ratios[len(ratios) // 2]:.2f} times what one does")


if __name__ == "__main__":
    main()

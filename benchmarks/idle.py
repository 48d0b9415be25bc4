"""What an idle product costs: seconds to healthy, resident memory, and how long ``busos validate`` takes.

    python benchmarks/idle.py [--rounds N] [--settle SECONDS]

``busos dev`` and ``busos worker`` run the shipped file on a new ledger; memory is that of the whole process group
after a quiet while. Baseline, in every round: the same interpreter with nothing but the bare Litestar handler of
``accept.py`` (seconds to its first answer, memory), and with nothing at all (seconds to start and end).
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import astuple, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.processes import ROOT, busos, free_port, running, start

FILE = str(ROOT / "sequences.yaml")


@dataclass(frozen=True)
class Round:
    """Seconds and megabytes."""

    dev_healthy: float
    dev: float
    dev_again: float
    worker: float
    validate: float
    bare_healthy: float
    bare: float
    nothing: float

    @property
    def line(self) -> str:
        """For people."""
        return (
            f"dev healthy in {self.dev_healthy:.2f} s (again: {self.dev_again:.2f} s), {self.dev:.0f} MB   "
            f"worker {self.worker:.0f} MB   validate {self.validate:.2f} s   "
            f"bare server {self.bare_healthy:.2f} s, {self.bare:.0f} MB   bare interpreter {self.nothing:.2f} s"
        )


def dev(folder: Path, settle: float) -> tuple[float, float]:
    """Seconds to healthy, and megabytes when it has come to rest."""
    child = busos(folder, "dev", "--file", FILE)
    with running(child):
        seconds = child.healthy_after()
        time.sleep(settle)
        return seconds, child.megabytes()


def worker(folder: Path, settle: float) -> float:
    child = busos(folder, "worker", "--file", FILE)
    with running(child):
        child.says("working")
        time.sleep(settle)
        return child.megabytes()


def bare(folder: Path) -> tuple[float, float]:
    port = free_port()
    child = start(folder, sys.executable, str(ROOT / "benchmarks" / "bare.py"), str(port), port=port)
    with running(child):
        return child.healthy_after("/ready"), child.megabytes()


def took(*command: str) -> float:
    """Seconds of a command from start to end."""
    began = time.perf_counter()
    subprocess.run([sys.executable, *command], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def measured(settle: float) -> Round:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        first = dev(folder, settle)
        again, _ = dev(folder, 0)
        beside = worker(folder, settle)
        limit = bare(folder)
    validate, nothing = took("-m", "server.cli", "validate", "--file", FILE), took("-c", "pass")
    return Round(*first, again, beside, validate, *limit, nothing)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--settle", type=float, default=5.0, help="seconds of quiet before memory is read")
    options = parser.parse_args()
    rounds = []
    for number in range(options.rounds):
        rounds.append(measured(options.settle))
        print(f"round {number + 1}: {rounds[-1].line}", flush=True)
    middle = Round(*(statistics.median(column) for column in zip(*map(astuple, rounds), strict=True)))
    print(f"median: {middle.line}")


if __name__ == "__main__":
    main()

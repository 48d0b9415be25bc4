"""A simulated day of 10,000 runs through the real runtime: whether memory or file handles grow.

    python benchmarks/soak.py [--runs N] [--rounds N]

The real system in one process (ledger, acceptor, Huey's threads, letters, outbox, Resend's client over HTTP to a
stand-in) with one thing replaced: its clock leaps over the time in which nothing is due. People come all through
the day and get five emails in it, hours apart. Every round is a process of its own; its baseline is itself after the
first tenth of the runs. Resident memory and open file handles are read from the operating system.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.ledgers import ask
from benchmarks.processes import resend, write
from engine.payloads import Payload
from engine.runtime import wiring
from engine.runtime.arrivals import Arrival
from engine.runtime.settings import Settings
from engine.runtime.system import System

EMAILS = ("first", "second", "third", "fourth", "fifth")
FILE = f"""
version: 1
email: {{from: Sang Le <sang@example.com>}}
contact:
  email: {{type: email}}
  first_name: {{type: text, default: there}}
  visits: {{type: whole number}}
triggers:
  enter:
    requires: [email]
    accepts: [first_name]
    then:
      - save: {{visits: 1}}
      - alert: "{{{{ first_name }}}} is here"
      - start: course
sequences:
  course: {{steps: [{", {wait: 3 hours}, ".join(f"{{email: {name}}}" for name in EMAILS)}]}}
"""
TEMPLATE = "---\nsubject: The %s email for {{ first_name }}\n---\nHello {{ first_name }}, this is what you asked for.\n"
DAY = timedelta(days=1)
LEAPS = 72
"""How many leaps make a day: one each 20 minutes."""


class DayClock:
    """The real clock, moved on by leaps: what is in hand keeps its lease, what waits does not take its time."""

    def __init__(self) -> None:
        self.leapt = timedelta()

    def now(self) -> datetime:
        """The present instant of the simulated day."""
        return datetime.now(UTC) + self.leapt


@dataclass
class Watch:
    """What the operating system says of this process, by how many runs have ended."""

    seen: list[tuple[int, float, int]] = field(default_factory=list)

    def look(self, ended: int) -> None:
        """Take it down."""
        gc.collect()
        self.seen.append((ended, _resident(), len(os.listdir("/proc/self/fd"))))

    def at(self, ended: int) -> tuple[int, float, int]:
        """The first look at which so many had ended."""
        return next(one for one in self.seen if one[0] >= ended)


def _resident() -> float:
    """Megabytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def played(runs: int) -> dict[str, Any]:
    """One day; what memory and handles were after the first tenth, at most, and at the end."""
    clock, watch = DayClock(), Watch()
    wiring.SystemClock = lambda: clock  # type: ignore[assignment, misc] # the only part that is not the product's own
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, FILE, {name: TEMPLATE % name for name in EMAILS})
        with resend(folder) as vendor:
            url = f"sqlite:///{folder / 'busos.db'}"
            settings = Settings(
                file=folder / "sequences.yaml",
                database_url=url,
                resend_api_key="re_for_a_stand_in",
                resend_api_url=vendor,
            )
            began = time.perf_counter()
            with wiring.running(settings, works=True, make_key=True) as system:
                _day(system, clock, watch, url, runs)
    first, last = watch.at(runs // 10), watch.seen[-1]
    return {
        "ended": last[0],
        "seconds": time.perf_counter() - began,
        "first": first[1:],
        "most": [max(one[1] for one in watch.seen), max(one[2] for one in watch.seen)],
        "last": last[1:],
    }


def _day(system: System, clock: DayClock, watch: Watch, url: str, runs: int) -> None:
    """Everybody comes in the course of the day; then the clock goes on until all have ended."""
    steps = min(LEAPS, runs)
    leap = DAY / steps
    for step, many in enumerate(_arrivals(runs, steps)):
        for future in [system.submit(one) for one in many]:
            future.result(timeout=60)
        _rest(url, clock)
        if step % 3 == 2 or steps < LEAPS:
            watch.look(_ended(url))
        clock.leapt += leap
    deadline = time.monotonic() + 600
    while (ended := _ended(url)) < runs and time.monotonic() < deadline:
        clock.leapt += leap
        _rest(url, clock)
    watch.look(ended)
    if ended < runs:
        raise SystemExit(f"only {ended} of {runs} runs ended")


def _arrivals(runs: int, steps: int) -> Iterator[list[Arrival]]:
    for step in range(steps):
        yield [_arrival(number) for number in range(step * runs // steps, (step + 1) * runs // steps)]


def _arrival(number: int) -> Arrival:
    values = {"email": f"ada+{number}@example.com", "first_name": "Ada"}
    payload = Payload(email=values["email"], values=values, ignored=0)
    return Arrival(trigger="enter", payload=payload, raw=b"{}", key=f"key-{number}", body_hash=str(number))


def _rest(url: str, clock: DayClock) -> None:
    """Wait until nothing is due or in anybody's hands: the lease of what is in hand must not be leapt over."""
    sql = (
        "SELECT EXISTS (SELECT 1 FROM runs WHERE wake_at <= {0}) OR EXISTS (SELECT 1 FROM runs WHERE lease_until > {0})"
    )
    while ask(url, sql.format(round(clock.now().timestamp() * 1000)))[0][0]:
        time.sleep(0.005)


def _ended(url: str) -> int:
    return int(str(ask(url, "SELECT count(*) FROM runs WHERE program = 'course' AND status = 'finished'")[0][0]))


def round_of(runs: int) -> dict[str, Any]:
    """A day in a process of its own."""
    command = [sys.executable, __file__, "--runs", str(runs), "--rounds", "0"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def line(found: dict[str, Any]) -> str:
    first, most, last = found["first"], found["most"], found["last"]
    return (
        f"{found['ended']:,} runs in {found['seconds']:.0f} s, resident {first[0]:.1f} MB after the first tenth, "
        f"{last[0]:.1f} MB at the end ({last[0] - first[0]:+.1f} MB, at most {most[0]:.1f} MB), "
        f"file handles {first[1]} then {last[1]} (at most {most[1]})"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5, help="0: one day in this very process, told as JSON")
    options = parser.parse_args()
    if not options.rounds:
        print(json.dumps(played(options.runs)))
        return
    rounds = []
    for number in range(options.rounds):
        rounds.append(round_of(options.runs))
        print(f"round {number + 1}: {line(rounds[-1])}", flush=True)
    rounds.sort(key=lambda found: found["last"][0] - found["first"][0])
    print(f"median: {line(rounds[len(rounds) // 2])}")


if __name__ == "__main__":
    main()

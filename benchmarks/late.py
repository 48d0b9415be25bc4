"""How late due emails go out, and how soon they go out again after kill -9.

    python benchmarks/late.py [--rounds N] [--kills N] [--worker] [--database postgresql://…]

1. Lateness: so many people a second fall due one by one, and ``busos dev`` (or ``--worker``: ``busos worker`` alone)
   sends their emails to a Resend stand-in. Lateness is the stand-in's time of an email less the moment it was due.
   Baseline, in every round: a bare loop that sleeps until each moment and posts a ready-made email to the stand-in.
2. Recovery: people go on falling due while the whole process group is killed with -9 and started again at once, again
   and again. From each kill: the time to the first email that a new process sent, and how late those went out that
   fell due before it. Baseline: the time from a start to its first email without any kill before.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import random
import signal
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.ledgers import fill, scratch
from benchmarks.load import percentile
from benchmarks.processes import Child, ask, busos, resend, running, write
from engine.runtime.ledger import Ledger

FILE = """
version: 1
email: {from: Sang Le <sang@example.com>}
contact: {email: {type: email}, first_name: {type: text}, business_name: {type: text}, red_systems: {type: number}}
triggers: {enter: {requires: [email, first_name], then: [{start: course}]}}
sequences: {course: {steps: [{wait: 1 day}, {email: hello}]}}
"""
TEMPLATE = "---\nsubject: Hello {{ first_name }}\n---\nHello {{ first_name }}, this is the email that was due.\n"
AHEAD = 4.0
"""Seconds between the filling of a ledger and the first due moment: enough to start a process."""
TAKING = 0.2
"""Seconds that the vendor takes for an email while processes are killed, so that most kills meet emails in the air."""
IN_THE_AIR = TAKING + 0.1
"""Seconds after a kill in which the vendor may still take what the killed process had sent off."""


@dataclass
class Stage:
    """A folder with a product, a vendor, and a ledger; ``due`` is when each address is due, in seconds since 1970."""

    folder: Path
    vendor: str
    url: str
    verb: str
    due: dict[str, float] = field(default_factory=dict)

    def start(self) -> Child:
        """The product."""
        given = {"RESEND_API_KEY": "re_for_a_stand_in", "RESEND_API_URL": self.vendor, "BUSOS_DATABASE_URL": self.url}
        child = busos(self.folder, self.verb, **given)
        if self.verb == "dev":
            child.healthy_after()
        return child

    def crowd(self, count: int, rate: float) -> float:
        """People who fall due one after the other; when the first does."""
        now = datetime.now(UTC)
        first = now + timedelta(seconds=AHEAD)
        moments = [first + timedelta(seconds=number / rate) for number in range(count)]
        with Ledger.open(self.url) as ledger:
            addresses = fill(ledger, count, now, program="course", step="hello", due=moments.__getitem__)
        # The ledger keeps whole milliseconds, rounded down.
        self.due |= {a: int(m.timestamp() * 1000) / 1000 for a, m in zip(addresses, moments, strict=True)}
        return first.timestamp()

    def sent(self) -> Mapping[str, float]:
        """When the vendor took the email of each address."""
        return {_address(row[3]): row[0] for row in ask(f"{self.vendor}/_accepted?after=0")}

    def judge(self) -> None:
        """Nobody twice."""
        seen = ask(f"{self.vendor}/_seen?brief=1")
        if seen["doubled"] or seen["violations"] or seen["accepted"] != len(self.sent()):
            raise SystemExit(f"the stand-in complains: {seen}")


def _address(to: Any) -> str:
    return str(to if isinstance(to, str) else to[0])


# -- Lateness ---------------------------------------------------------------------------------


def lateness(stage: Stage, count: int, rate: float) -> list[float]:
    """Seconds that each email was late."""
    first = stage.crowd(count, rate)
    with running(stage.start()):
        _until_sent(stage, count, first + count / rate + 60)
    stage.judge()
    sent = stage.sent()
    return [sent[address] - due for address, due in stage.due.items()]


def _until_sent(stage: Stage, count: int, deadline: float) -> None:
    while (found := int(ask(f"{stage.vendor}/_seen?brief=1")["accepted"])) < count:
        if time.time() > deadline:
            raise SystemExit(f"only {found} of {count} emails came")
        time.sleep(0.2)


def bare(vendor: str, count: int, rate: float) -> list[float]:
    """The same moments and the same vendor, without any product."""
    moments = [time.time() + 0.5 + number / rate for number in range(count)]
    asyncio.run(_posted(int(vendor.rpartition(":")[2]), moments))
    return [row[0] - due for row, due in zip(ask(f"{vendor}/_accepted?after=0"), moments, strict=True)]


async def _posted(port: int, moments: Sequence[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    email = {"from": "sang@example.com", "to": ["ada@example.com"], "subject": "Hello", "html": "<p>Hello</p>"}
    body = json.dumps(email).encode()
    head = "Authorization: Bearer re_for_a_stand_in\r\nUser-Agent: benchmark\r\nContent-Type: application/json\r\n"
    for moment in moments:
        await asyncio.sleep(max(moment - time.time(), 0))
        writer.write(f"POST /emails HTTP/1.1\r\nHost: b\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(answer.lower().partition(b"content-length:")[2].split(b"\r\n")[0]))
    writer.close()


# -- Recovery ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Recovery:
    """Seconds: from each kill to the first email after it, to the last email that was due before it."""

    first: list[float]
    overdue: list[float]
    undisturbed: float

    @property
    def told(self) -> str:
        """For people."""
        return (
            f"first due send after p50 {percentile(self.first, 50):.2f} s, p95 {percentile(self.first, 95):.2f} s, "
            f"at most {max(self.first):.2f} s; what was due before the kill has gone out after p50 "
            f"{percentile(self.overdue, 50):.2f} s, at most {max(self.overdue):.2f} s   "
            f"a start without a kill {self.undisturbed:.2f} s"
        )


def recovery(stage: Stage, kills: int, rate: float, chance: random.Random) -> Recovery:
    """Kill and start again while people fall due."""
    ask(f"{stage.vendor}/_faults", {"latency": TAKING})
    seconds = AHEAD + kills * 8
    first = stage.crowd(int(seconds * rate), rate)
    time.sleep(max(first - time.time(), 0))
    moments = [time.time()]
    child = stage.start()
    try:
        for _ in range(kills):
            _next_send(stage, moments[-1])
            time.sleep(chance.uniform(0.1, 1.0))
            child.end(signal.SIGKILL)
            moments.append(time.time())
            child = stage.start()
        _next_send(stage, moments[-1])
        _settled(stage, moments[-1])
    finally:
        child.end()
    stage.judge()
    return _judged(stage, moments)


def _next_send(stage: Stage, after: float, patience: float = 90) -> float:
    """When the vendor next took an email that a process sent which was started after that moment."""
    while time.time() < after + patience:
        later = [at for at in stage.sent().values() if at > after + IN_THE_AIR]
        if later:
            return min(later)
        time.sleep(0.05)
    raise SystemExit(f"no email within {patience} s after a kill")


def _settled(stage: Stage, moment: float, patience: float = 180) -> None:
    """Wait until all that was due before that moment is out."""
    while time.time() < moment + patience:
        sent = stage.sent()
        if all(address in sent for address, due in stage.due.items() if due < moment):
            return
        time.sleep(0.2)
    raise SystemExit("some emails that were due before the last kill never came")


def _judged(stage: Stage, moments: Sequence[float]) -> Recovery:
    sent = stage.sent()
    firsts = [min(at for at in sent.values() if at > moment + IN_THE_AIR) - moment for moment in moments]
    overdue = []
    for before, moment in itertools.pairwise(moments):
        waited = [sent[address] - moment for address, due in stage.due.items() if before < due < moment]
        overdue.append(max(waited, default=0.0))
    return Recovery(firsts[1:], overdue, firsts[0])


# -- The command ------------------------------------------------------------------------------


def staged(verb: str, server: str | None, act: Any) -> Any:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, FILE, {"hello": TEMPLATE})
        with resend(folder) as vendor, scratch(server, folder) as url:
            return act(Stage(folder, vendor, url, verb))


def line(late: Sequence[float], limit: Sequence[float]) -> str:
    return (
        f"late p50 {percentile(late, 50) * 1000:.0f} ms, p99 {percentile(late, 99) * 1000:.0f} ms, "
        f"at most {max(late) * 1000:.0f} ms, {sum(one < 0 for one in late)} of {len(late)} early   "
        f"bare timer p50 {percentile(limit, 50) * 1000:.0f} ms, p99 {percentile(limit, 99) * 1000:.0f} ms"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--emails", type=int, default=500, help="due emails in a round")
    parser.add_argument("--rate", type=float, default=25.0, help="how many people fall due in a second")
    parser.add_argument("--kills", type=int, default=20, help="0: leave recovery out")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="of the moments of the kills")
    parser.add_argument("--worker", action="store_true", help="busos worker alone instead of busos dev")
    parser.add_argument(
        "--database", help="a PostgreSQL server instead of SQLite, such as postgresql://127.0.0.1/postgres"
    )
    options = parser.parse_args()
    verb, found = "worker" if options.worker else "dev", []
    for number in range(options.rounds):
        late = staged(verb, options.database, lambda stage: lateness(stage, options.emails, options.rate))
        limit = staged(verb, None, lambda stage: bare(stage.vendor, options.emails, options.rate))
        found.append((late, limit))
        print(f"lateness, round {number + 1}: {line(late, limit)}", flush=True)
    if found:
        found.sort(key=lambda one: percentile(one[0], 99))
        print(f"lateness, median: busos {verb} {line(*found[len(found) // 2])}", flush=True)
        print(f"lateness: earliest {min(min(late) for late, _ in found) * 1000:.1f} ms", flush=True)
    if options.kills:
        chance = random.Random(options.seed)
        result = staged(verb, options.database, lambda stage: recovery(stage, options.kills, options.rate, chance))
        print(f"recovery: busos {verb} killed {options.kills} times, seed {options.seed}: {result.told}")


if __name__ == "__main__":
    main()

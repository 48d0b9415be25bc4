"""Five-email sequences without waits, end to end over HTTP: webhooks in, a Resend stand-in out.

    python benchmarks/endtoend.py [--sequences N] [--rounds N] [--workers N] [--database postgresql://…]

Ours: ``busos dev`` (one process), or with ``--workers N`` one ``busos serve`` and N ``busos worker``, all on one
ledger. A client on 32 connections posts one webhook for each contact; the clock runs from the first webhook until
the stand-in has the last email, so five times as many emails as contacts. Baseline: the stand-in itself, fed the
same emails as fast as it takes them: one by one on 8 connections, and a hundred to a call. Every round measures
the baseline too; the stand-in is a Python process that reads and judges every email, and shares the cores.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.ledgers import scratch
from benchmarks.load import post
from benchmarks.processes import Child, ask, busos, resend, running, write

EMAILS = ("first", "second", "third", "fourth", "fifth")
FILE = f"""
version: 1
email: {{from: Sang Le <sang@example.com>}}
contact:
  email: {{type: email}}
  first_name: {{type: text, default: there}}
triggers:
  enter: {{requires: [email], accepts: [first_name], then: [{{start: course}}]}}
sequences:
  course: {{steps: [{", ".join(f"{{email: {name}}}" for name in EMAILS)}]}}
"""
BODY = "---\nsubject: The %s email for {{ first_name }}\n---\nHello {{ first_name }},\n\n" + (
    "this is a paragraph of **ordinary** length, as people write them in emails to each other, with "
    "[a link](https://example.com/somewhere) in it.\n\n" * 4
)
RESTATE, N8N = 264, 27
"""Sequences a second of the neighbours on a machine like this (design notes, measurements)."""
QUIET = 20.0
"""Seconds without a single email after which a round is given up."""


@dataclass(frozen=True)
class Limit:
    """Emails a second that the stand-in takes: each by itself, and a hundred to a call."""

    single: float
    batched: float


@dataclass(frozen=True)
class Found:
    """What a round came to: sequences a second, and when the first email and the last webhook were through."""

    rate: float
    first: float
    accepted: float
    took: float
    cpu: float


def email(number: int) -> dict[str, object]:
    """An email like ours, for the stand-in's limit."""
    return {
        "from": "Sang Le <sang@example.com>",
        "to": [f"ada+{number}@example.com"],
        "subject": "Ada, this is the first email",
        "html": "<p>" + "an ordinary paragraph " * 150 + "</p>",
        "text": "an ordinary paragraph " * 30,
        "headers": {"List-Unsubscribe": f"<https://example.com/u/{number}>"},
    }


def limit(url: str, count: int) -> Limit:
    """Feed the stand-in without any product."""
    port = int(url.rpartition(":")[2])
    key = {"Authorization": "Bearer re_for_a_stand_in", "User-Agent": "benchmark"}
    singles = [json.dumps(email(number)).encode() for number in range(count)]
    single = post([port], "/emails", singles, clients=8, status=200, headers=key)
    batches = [json.dumps([email(n) for n in range(100)]).encode() for _ in range(max(count // 100, 1))]
    batched = post([port], "/emails/batch", batches, clients=4, status=200, headers=key)
    return Limit(single.rate, batched.rate * 100)


def bodies(count: int) -> Iterator[bytes]:
    for number in range(count):
        yield json.dumps({"email": f"ada+{number}@example.com", "first_name": "Ada"}).encode()


def product(folder: Path, url: str, ledger: str, workers: int) -> list[Child]:
    """The processes, the one with the webhooks first."""
    write(folder, FILE, {name: BODY % name for name in EMAILS})
    given = {"RESEND_API_KEY": "re_for_a_stand_in", "RESEND_API_URL": url, "BUSOS_DATABASE_URL": ledger}
    front = busos(folder, "serve" if workers else "dev", **given)
    front.healthy_after()
    beside = [busos(folder, "worker", **given) for _ in range(workers)]
    for worker in beside:
        worker.says("working")
    return [front, *beside]


def emails(url: str) -> int:
    return int(ask(f"{url}/_seen?brief=1")["accepted"])


def measured(children: Sequence[Child], url: str, count: int) -> Found:
    """Post every contact, then wait for the last email."""
    already, before = emails(url), sum(child.cpu_seconds() for child in children)
    began = time.perf_counter()
    load = post([children[0].port], "/webhook/enter", bodies(count))
    wanted, last, moved = already + count * len(EMAILS), already, time.perf_counter()
    while last < wanted:
        now = emails(url)
        if now > last:
            last, moved = now, time.perf_counter()
        if time.perf_counter() - moved > QUIET:
            raise SystemExit(f"{last - already} of {wanted - already} emails came: {children[-1].said()}")
        time.sleep(0.02)
    took = moved - began
    cpu = sum(child.cpu_seconds() for child in children) - before
    first = ask(f"{url}/_accepted?after={already}")[0][0] - (time.time() - (time.perf_counter() - began))
    judge(url, wanted)
    return Found(count / took, first, load.took, took, cpu / count)


def judge(url: str, wanted: int) -> None:
    """A fast run that doubled an email or broke the vendor's rules is no result."""
    seen = ask(f"{url}/_seen?brief=1")
    if seen["accepted"] != wanted or seen["doubled"] or seen["violations"]:
        raise SystemExit(f"the stand-in complains: {seen}")


def round_of(count: int, workers: int, server: str | None) -> tuple[Found, Limit]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with resend(folder) as url:
            fed = limit(url, min(count * len(EMAILS), 3_000))
        with (
            resend(folder) as url,
            scratch(server, folder) as ledger,
            running(*product(folder, url, ledger, workers)) as children,
        ):
            return measured(children, url, count), fed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sequences", type=int, default=2_000, help="contacts in a round, five emails each")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=0, help="serve and so many workers instead of dev")
    parser.add_argument("--database", help="a PostgreSQL server instead of SQLite: postgresql://127.0.0.1/postgres")
    options = parser.parse_args()
    layout = f"serve + {options.workers} workers" if options.workers else "dev"
    layout += " on PostgreSQL" if options.database else " on SQLite"
    print(f"layout: {layout}, {options.sequences:,} sequences of {len(EMAILS)} emails", flush=True)
    rounds = []
    for number in range(options.rounds):
        found, fed = round_of(options.sequences, options.workers, options.database)
        rounds.append((found.rate, found, fed))
        print(
            f"round {number + 1}: busos {found.rate:,.0f} sequences/s ({found.rate * len(EMAILS):,.0f} emails/s), "
            f"first email after {found.first:.2f} s, webhooks in after {found.accepted:.1f} s, all out after "
            f"{found.took:.1f} s, cpu {found.cpu * 1000:.1f} ms each   "
            f"stand-in {fed.single:,.0f} emails/s single, {fed.batched:,.0f} in batches",
            flush=True,
        )
    rounds.sort(key=lambda one: one[0])
    rate, found, fed = rounds[len(rounds) // 2]
    print(
        f"median: {rate:,.0f} sequences/s ({rate * len(EMAILS):,.0f} emails/s) with {layout}: {rate / RESTATE:.1f} x "
        f"Restate's {RESTATE}/s, {rate / N8N:.0f} x n8n's {N8N}/s; the stand-in alone takes {fed.single:,.0f} emails/s "
        f"one by one, {fed.batched:,.0f} in batches"
    )


if __name__ == "__main__":
    main()

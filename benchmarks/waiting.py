"""What contacts cost who wait: bytes on disk, memory, the look for what is due, and the work of those who are due.

    python benchmarks/waiting.py [--most N] [--due N] [--rounds N] [--database postgresql://…]

1. Disk: the real product takes some thousand webhooks of the shipped file and sends everybody the first of the five
   emails; then all tables and indexes are weighed, the sent emails apart. Baseline: a bare table with an id, a due
   time, an index on it and the body of the webhook.
2. Memory: ``busos dev`` at rest on a ledger with 10,000 and with N people waiting. Baseline: with nobody.
3. The look: how long it takes to see that nothing is due, with N waiting; and a claim that finds nothing.
4. Work: the same number of people due when 10,000, a tenth of N and N others wait. The time from the first try of an
   email to the last answer, by the ledger; each round measures all three sizes in turn and gives the ratio to the
   smallest, which is the baseline. Once for people who came together, as a wait of some days makes them due together,
   and once for people taken evenly from everybody: the worst case, where each change writes other pages of the file.
"""

from __future__ import annotations

import argparse
import contextlib
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.ledgers import ask, fill, scratch, sizes
from benchmarks.load import assessments, post
from benchmarks.processes import ROOT, busos, running, write
from engine.runtime.ledger import Ledger

FILE = """
version: 1
email: {from: Sang Le <sang@example.com>}
contact:
  email: {type: email}
  first_name: {type: text, default: there}
  business_name: {type: text}
  red_systems: {type: whole number, max: 8}
triggers: {enter: {requires: [email], then: [{start: course}]}}
sequences: {course: {steps: [{wait: 1 day}, {email: hello}]}}
"""
TEMPLATE = "---\nsubject: Hello {{ first_name }}\n---\nHello {{ first_name }}, this is the email that was due.\n"
SENT = "messages"
"""The table of the sent emails' bodies."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--contacts", type=int, default=5_000, help="people who are weighed")
    parser.add_argument("--most", type=int, default=1_000_000, help="the most people who wait")
    parser.add_argument("--due", type=int, default=5_000, help="people who are due")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--settle", type=float, default=3.0, help="seconds of quiet before memory is read")
    parser.add_argument(
        "--database", help="a PostgreSQL server instead of SQLite, such as postgresql://127.0.0.1/postgres"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, FILE, {"hello": TEMPLATE})
        disk(folder, options.contacts, options.rounds, options.database)
        crowds = sorted({min(10_000, options.most), max(options.most // 10, 1), options.most})
        with contextlib.ExitStack() as stack:
            urls = {count: stack.enter_context(filled(folder, count, options.database)) for count in (0, *crowds)}
            memory(
                folder,
                {count: urls[count] for count in sorted({0, crowds[0], crowds[-1]})},
                options.rounds,
                options.settle,
            )
            look(urls[crowds[-1]], crowds[-1], options.rounds)
            for spread in (False, True):
                work(folder, {count: urls[count] for count in crowds}, options.due, options.rounds, spread=spread)


@contextlib.contextmanager
def filled(folder: Path, count: int, server: str | None) -> Iterator[str]:
    """A ledger in which so many wait."""
    with scratch(server, folder, f"with{count}") as url:
        began = time.perf_counter()
        with Ledger.open(url) as ledger:
            fill(ledger, count, datetime.now(UTC), program="course", step="hello")
        if count:
            took, each = time.perf_counter() - began, sum(sizes(url).values()) / count
            print(
                f"{count:,} put in within {took:.0f} s: {each:,.0f} bytes for a contact and the run that waits",
                flush=True,
            )
        yield url


def until(what: Callable[[], bool], seconds: float = 300) -> None:
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            raise SystemExit(f"nothing came of it within {seconds:.0f} s")
        time.sleep(0.1)


# -- Disk -------------------------------------------------------------------------------------


def disk(folder: Path, count: int, rounds: int, server: str | None) -> None:
    """Weigh people who have had their first email."""
    found = []
    for number in range(rounds):
        with scratch(server, folder, f"disk{number}") as url:
            empty = _emptied(folder, url)
            _entered(folder, url, count)
            weighed = {name: (size - empty.get(name, 0)) / count for name, size in sizes(url).items()}
        total = sum(weighed.values()) - weighed[SENT]
        limit = bare_row(folder / f"bare{number}.db", count)
        found.append((total, weighed, limit))
        print(
            f"disk, round {number + 1}: {total:,.0f} bytes a waiting contact, the sent email apart "
            f"({weighed[SENT]:,.0f})   bare row {limit:,.0f}",
            flush=True,
        )
    total, weighed, limit = sorted(found, key=lambda one: one[0])[len(found) // 2]
    parts = ", ".join(f"{name} {size:,.0f}" for name, size in _largest(weighed))
    print(f"disk, median: {total:,.0f} bytes a waiting contact ({parts}), a bare row {limit:,.0f}")


def _largest(weighed: Mapping[str, float]) -> list[tuple[str, float]]:
    return sorted(((n, s) for n, s in weighed.items() if s >= 1 and n != SENT), key=lambda one: -one[1])


def _emptied(folder: Path, url: str) -> Mapping[str, int]:
    """What the tables weigh before anybody comes."""
    child = busos(folder, "dev", "--file", str(ROOT / "sequences.yaml"), BUSOS_DATABASE_URL=url)
    with running(child):
        child.healthy_after()
    return sizes(url)


def _entered(folder: Path, url: str, count: int) -> None:
    child = busos(folder, "dev", "--file", str(ROOT / "sequences.yaml"), BUSOS_DATABASE_URL=url)
    with running(child):
        child.healthy_after()
        post([child.port], "/webhook/assessment", assessments(count, ""))
        until(lambda: ask(url, "SELECT count(*) FROM runs WHERE status = 'waiting'")[0][0] == count)


def bare_row(path: Path, count: int) -> float:
    """Bytes of a row that only waits: an id, a due time with an index, and the webhook's body."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE waiting (id TEXT PRIMARY KEY, due_at INTEGER, body TEXT) WITHOUT ROWID")
        connection.execute("CREATE INDEX due ON waiting (due_at)")
        rows = ((f"{number:026}", number, body.decode()) for number, body in enumerate(assessments(count, "")))
        connection.executemany("INSERT INTO waiting VALUES (?, ?, ?)", rows)
        connection.commit()
    return path.stat().st_size / count


# -- Memory and the look -----------------------------------------------------------------------


def memory(folder: Path, urls: Mapping[int, str], rounds: int, settle: float) -> None:
    """Resident memory of ``busos dev`` at rest, by how many wait."""
    found: dict[int, list[float]] = {count: [] for count in urls}
    for number in range(rounds):
        for count, url in urls.items():
            child = busos(folder, "dev", BUSOS_DATABASE_URL=url)
            with running(child):
                child.healthy_after()
                time.sleep(settle)
                found[count].append(child.megabytes())
        told = ", ".join(f"{count:,} waiting {values[-1]:.1f} MB" for count, values in found.items())
        print(f"memory, round {number + 1}: {told}", flush=True)
    told = ", ".join(f"{count:,} waiting {statistics.median(values):.1f} MB" for count, values in found.items())
    print(f"memory, median: busos dev at rest, {told}")


def look(url: str, count: int, rounds: int) -> None:
    """Milliseconds to see that nothing is due, beside those of a question without a table."""
    found = []
    with Ledger.open(url) as ledger:
        for number in range(rounds):
            now = datetime.now(UTC)
            found.append((_asked(ledger, now), _claimed(ledger, now), _nothing(ledger)))
            asked, claimed, nothing = found[-1]
            print(
                f"look, round {number + 1}: {asked:.3f} ms to ask what is due, {claimed:.3f} ms to claim nothing   "
                f"SELECT 1 {nothing:.3f} ms",
                flush=True,
            )
    asked, claimed, nothing = (statistics.median(column) for column in zip(*found, strict=True))
    print(f"look, median: {asked:.3f} ms with {count:,} waiting, a claim {claimed:.3f} ms; SELECT 1 {nothing:.3f} ms")


def _asked(ledger: Ledger, now: datetime, times: int = 200) -> float:
    began = time.perf_counter()
    for _ in range(times):
        with ledger.read() as tx:
            tx.next_due(now)
    return (time.perf_counter() - began) / times * 1000


def _claimed(ledger: Ledger, now: datetime, times: int = 200) -> float:
    began = time.perf_counter()
    for _ in range(times):
        with ledger.write(durable=False) as tx:
            tx.claim(now, timedelta(seconds=60), 100)
    return (time.perf_counter() - began) / times * 1000


def _nothing(ledger: Ledger, times: int = 200) -> float:
    began = time.perf_counter()
    for _ in range(times):
        with ledger.read() as tx:
            tx.connection.exec_driver_sql("SELECT 1").fetchall()
    return (time.perf_counter() - began) / times * 1000


# -- Work -------------------------------------------------------------------------------------


def work(folder: Path, urls: Mapping[int, str], due: int, rounds: int, *, spread: bool) -> None:
    """Seconds for the same work beside crowds of different size."""
    who = f"{due:,} due {'here and there' if spread else 'who came together'}"
    least = min(urls)
    found: dict[int, list[tuple[float, float]]] = {count: [] for count in urls}
    for number in range(rounds):
        for count, url in urls.items():
            found[count].append(_worked(folder, url, due, spread=spread))
        told = ", ".join(
            f"{count:,} waiting {values[-1][0]:.2f} s (cpu {values[-1][1]:.2f} s)" for count, values in found.items()
        )
        ratios = ", ".join(f"{values[-1][0] / found[least][-1][0]:.2f}" for values in found.values())
        print(f"work, round {number + 1}: {who}, {told}   ratios {ratios}", flush=True)
    told = ", ".join(f"{count:,} waiting {_median(values, found[least])}" for count, values in found.items())
    print(f"work, median: {who}, {told}")


def _median(values: Sequence[tuple[float, float]], base: Sequence[tuple[float, float]]) -> str:
    seconds = statistics.median(took for took, _ in values)
    wall, cpu = (
        statistics.median(one[column] / max(other[column], 0.01) for one, other in zip(values, base, strict=True))
        for column in (0, 1)
    )
    return f"{seconds:.2f} s ({wall:.2f} x, cpu {cpu:.2f} x)"


def _worked(folder: Path, url: str, due: int, *, spread: bool) -> tuple[float, float]:
    """Make so many due, with as many new ones beside them; the seconds that a worker takes, and its processor's."""
    before = _accepted(url)
    with Ledger.open(url) as ledger:
        fill(ledger, due, datetime.now(UTC), program="course", step="hello")
        waiting = [str(row[0]) for row in ask(url, "SELECT contact_id FROM runs WHERE status = 'waiting' ORDER BY id")]
        chosen = [waiting[index * len(waiting) // due] for index in range(due)] if spread else waiting[:due]
        with ledger.write() as tx:
            tx.poke(chosen, datetime.now(UTC))
    child = busos(folder, "worker", BUSOS_DATABASE_URL=url)
    with running(child):
        child.says("working")
        begun = child.cpu_seconds()
        until(lambda: _accepted(url) >= before + due)
        cpu = child.cpu_seconds() - begun
    last = (
        "SELECT max(accepted_at) - min(first_tried_at) FROM (SELECT * FROM emails ORDER BY number DESC LIMIT {}) AS e"
    )
    return float(str(ask(url, last.format(due))[0][0])) / 1000, cpu


def _accepted(url: str) -> int:
    return int(str(ask(url, "SELECT count(*) FROM emails WHERE status = 'accepted'")[0][0]))


if __name__ == "__main__":
    main()

"""How long ``busos import csv`` takes, and how much memory, beside bare inserts of the same rows.

    python benchmarks/importing.py [--rows N] [--rounds N]

Whole processes, from the shell to the exit, on an empty SQLite ledger each: all rows are checked, looked up, shown and
accepted like webhooks. Baseline: a script that reads the same file with ``csv`` and inserts each row, as JSON, into a
table with a primary key, in one transaction. A second import of the same file shows what it costs to find them all
there.
"""

from __future__ import annotations

import argparse
import csv
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
BARE = """
import csv, json, sqlite3
with sqlite3.connect("bare.db") as db, open("people.csv", newline="") as file:
    db.execute("CREATE TABLE people (id TEXT PRIMARY KEY, body TEXT)")
    rows = ((row["email"], json.dumps(row)) for row in csv.DictReader(file))
    db.executemany("INSERT INTO people VALUES (?, ?)", rows)
"""


def write(path: Path, rows: int) -> None:
    """People for the trigger of the shipped file."""
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["email", "red_systems", "orange_systems", "assessment_score"])
        table.writerows([f"person{n}@example.com", n % 9, n // 9 % 9, n % 101] for n in range(rows))


def run(command: Sequence[str], folder: Path, expected: int = 0) -> tuple[float, float]:
    """The seconds that a process takes, and the most memory it had, in megabytes."""
    began = time.perf_counter()
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=folder, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as child:
        said = child.stderr.read().decode() if child.stderr else ""
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != expected:
        sys.exit(f"{' '.join(command)} says: {said}")
    return time.perf_counter() - began, usage.ru_maxrss / 1024


def one_round(rows: int) -> tuple[float, float, float, float]:
    """Seconds of an import, its memory, seconds of the second import, and of bare inserts."""
    words = ("import", "csv", "people.csv", "--trigger", "assessment", "--yes")
    busos = (sys.executable, "-m", "server.cli", *words)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(ROOT / "sequences.yaml", folder)
        shutil.copytree(ROOT / "templates", folder / "templates")
        write(folder / "people.csv", rows)
        bare, _ = run((sys.executable, "-c", BARE), folder)
        taken, memory = run(busos, folder)
        again, _ = run(busos, folder, expected=1)
    return taken, memory, again, bare


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    found = []
    for number in range(1, given.rounds + 1):
        found.append(one_round(given.rows))
        taken, memory, again, bare = found[-1]
        print(
            f"round {number}: {given.rows:,} rows imported in {taken:.1f} s with {memory:.0f} MB, all found there in"
            f" {again:.1f} s; bare inserts {bare:.1f} s",
            flush=True,
        )
    taken, memory, again, bare = (statistics.median(column) for column in zip(*found, strict=True))
    print(
        f"median: {taken:.1f} s, {given.rows / taken:,.0f} rows/s, {memory:.0f} MB;"
        f" {taken / bare:.0f} times bare inserts"
    )


if __name__ == "__main__":
    main()

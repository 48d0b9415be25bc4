"""What can happen to the ledger's database: it is restarted, its connections are cut, it is locked."""

from __future__ import annotations

import contextlib
import sqlite3
import time

from benchmarks.survive.children import CouldNotRun
from benchmarks.survive.drills.drill import Drill
from benchmarks.survive.drills.looks import whole_stories
from benchmarks.survive.places import SqlitePlace
from benchmarks.survive.postgres import Cluster
from benchmarks.survive.trial import Trial
from benchmarks.survive.verdict import Verdict

CALM = {"kills": 0, "window_share": 0.0, "notion": False, "contacts": 200}
PLAN = {**CALM, "database": "postgresql", "workers": 2}
RESTARTS, SECONDS = 20, 60
BETWEEN = 2.0
LOCKED = 8.0
CUT = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def cluster_of(trial: Trial) -> Cluster:
    """The trial's own cluster: another's is never restarted."""
    if trial.cluster is None:
        raise CouldNotRun("this drill restarts Postgres: it needs a cluster of its own, --database postgresql")
    return trial.cluster


def _restarted(trial: Trial) -> None:
    cluster = cluster_of(trial)
    trial.post(over=RESTARTS * BETWEEN)
    for number in range(RESTARTS):
        time.sleep(trial.chance.uniform(0.2, BETWEEN))
        cluster.restart("immediate" if number % 2 else "fast")
        trial.say(f"restart {number + 1} of {RESTARTS}", every=5)


def _cut(trial: Trial) -> None:
    trial.post(over=SECONDS * 0.8)
    cut = 0
    for _ in range(SECONDS):
        time.sleep(1.0)
        cut += len(trial.place.rows(CUT))
        trial.say(f"{cut} connections cut", every=10)
    trial.notes["cut"] = cut


def _locked(trial: Trial) -> None:
    """Another program holds SQLite's write lock for longer than anybody waits for it."""
    if not isinstance(trial.place, SqlitePlace):
        raise CouldNotRun("this drill locks a file: it needs --database sqlite")
    trial.post(over=20.0)
    for _ in range(2):
        time.sleep(3.0)
        with contextlib.closing(sqlite3.connect(trial.place.file, isolation_level=None, timeout=30)) as other:
            other.execute("BEGIN IMMEDIATE")
            trial.say(f"the file is locked for {LOCKED:.0f} s")
            time.sleep(LOCKED)
            other.execute("ROLLBACK")


postgres_restarted = Drill(
    "postgres-restarted",
    f"Postgres is restarted {RESTARTS} times, each second time by a crash",
    _restarted,
    PLAN,
    lambda trial, seen: (whole_stories(trial, seen),),
)
postgres_cut = Drill(
    "postgres-cut",
    f"every connection to Postgres is cut each second for {SECONDS} seconds",
    _cut,
    PLAN,
    lambda trial, seen: (
        Verdict("connections cut", f"{trial.notes['cut']:,}", trial.notes["cut"] > 0, "> 0"),
        whole_stories(trial, seen),
    ),
)
sqlite_locked = Drill(
    "sqlite-locked",
    f"another program locks SQLite's file for {LOCKED:.0f} seconds, twice",
    _locked,
    CALM,
    lambda trial, seen: (whole_stories(trial, seen),),
)

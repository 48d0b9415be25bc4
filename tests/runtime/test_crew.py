"""How a working process ends: with what is in hand finished, or in time without it."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.runtime import crew as crew_module
from engine.runtime.bell import Bell
from engine.runtime.clock import SystemClock
from engine.runtime.crew import Crew
from engine.runtime.ledger import Ledger
from engine.runtime.presence import FileLocks, Presence
from engine.runtime.workers import Pool
from tests.fences import ROOT


class Slow:
    """One batch that lasts until it is let go."""

    def __init__(self) -> None:
        self.begun, self.go_on, self.done = threading.Event(), threading.Event(), threading.Event()
        self.batches = ["batch"]

    def take(self) -> str | None:
        return self.batches.pop() if self.batches else None

    def work(self, batch: str) -> None:
        self.begun.set()
        self.go_on.wait(30)
        self.done.set()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(f"sqlite:///{tmp_path}/busos.db") as opened:
        yield opened


def workers(ledger: Ledger) -> int:
    with ledger.read() as tx:
        return len(tx.workers())


def crew_of(ledger: Ledger, tmp_path: Path, job: Slow, told: list[str]) -> Crew:
    bell = Bell()
    pool: Pool[Any] = Pool("runs", job, bell, 1)
    presence = Presence(ledger, FileLocks(tmp_path / "busos.db"), SystemClock(), bell.ring)
    return Crew((pool,), presence, hurry=lambda: told.append("hurry"), begin=lambda: told.append("begin"))


def test_what_is_in_hand_is_finished_and_the_worker_dismissed(ledger: Ledger, tmp_path: Path) -> None:
    job, told = Slow(), list[str]()
    crew = crew_of(ledger, tmp_path, job, told)
    crew.start()
    assert job.begun.wait(10)
    crew.heal()
    assert workers(ledger) == 1
    threading.Timer(0.2, job.go_on.set).start()
    assert crew.stop()
    assert (job.done.is_set(), workers(ledger), told) == (True, 0, ["begin", "hurry"])


def test_what_does_not_end_in_time_is_left_and_said(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew_module, "GRACE", 0.2)
    job = Slow()
    crew = crew_of(ledger, tmp_path, job, [])
    crew.start()
    assert job.begun.wait(10)
    assert not crew.stop()
    assert workers(ledger) == 1, "its leases are taken back when its process is over"
    job.go_on.set()
    monkeypatch.setattr(crew_module, "GRACE", 10.0)
    assert crew.stop()
    assert workers(ledger) == 0


ENDS = """
import atexit, threading, time
from types import SimpleNamespace
from concurrent.futures import ThreadPoolExecutor
from server.cli.processes import end_now_if_late

end_now_if_late(SimpleNamespace(clean=True))
ThreadPoolExecutor(1).submit(time.sleep, 600)
print("said", end="")
end_now_if_late(SimpleNamespace(clean=False))
"""


def test_a_process_with_something_in_hand_ends_all_the_same() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ENDS], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True
    )
    assert (done.stdout, done.stderr) == ("said", "")

"""A ledger that fails at every try is told in a few lines, however often it is tried."""

from __future__ import annotations

import resource
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import text
from structlog.testing import capture_logs

from engine.errors import LedgerUnavailable
from engine.runtime import outage
from engine.runtime.arrivals import Arrival
from engine.runtime.ledger.encoding import millis
from engine.runtime.outage import Outage
from engine.runtime.settings import Settings
from engine.runtime.system import System
from engine.runtime.wiring import running
from tests.runtime.conftest import arrival

ROOT = Path(__file__).parents[2]
FULL = LedgerUnavailable("the disk is full")
SECONDS = 3
DAY = 86_400_000


@pytest.fixture
def now() -> list[float]:
    return [0.0]


@pytest.fixture
def told(now: list[float]) -> Iterator[Callable[[Callable[[Outage], None], float], list[Any]]]:
    """What is said of a try that so many seconds after the last one fails, or goes well."""
    with capture_logs() as lines:
        one = Outage(structlog.get_logger(), "away", monotonic=lambda: now[0])

        def tried(how: Callable[[Outage], None], after: float) -> list[Any]:
            lines.clear()
            now[0] += after
            how(one)
            return [(line["event"], line.get("failures"), line.get("seconds")) for line in lines]

        yield tried


def fails(one: Outage) -> None:
    one.failed(FULL, queue="runs")


def test_a_line_when_it_begins_one_a_minute_and_one_when_it_is_over(told: Any) -> None:
    assert told(Outage.went_well, 1) == []
    assert told(fails, 1) == [("away", None, None)]
    assert [told(fails, 1) for _ in range(59)] == [[]] * 59
    assert told(fails, 1) == [("still away", 61, None)]
    assert told(fails, 30) == []
    assert told(Outage.went_well, 5) == [("over: away", 62, 90)]
    assert told(Outage.went_well, 100) == []
    assert told(fails, 1) == [("away", None, None)]


def test_what_goes_well_in_between_does_not_end_it(told: Any) -> None:
    """On a full disk reading goes well."""
    told(fails, 0)
    for _ in range(100):
        assert told(Outage.went_well, 0.1) == []
        assert told(fails, 0.1) == []


def test_a_failure_long_after_it_went_well_is_another_outage(told: Any) -> None:
    told(fails, 0)
    told(Outage.went_well, 1)
    assert told(fails, 4) == [("over: away", 1, 0), ("away", None, None)]


def test_what_is_tried_seldom_and_never_goes_well_is_one_outage(told: Any) -> None:
    told(fails, 0)
    assert told(fails, 50) == []
    assert told(fails, 50) == [("still away", 3, None)]


# -- A whole system -------------------------------------------------------------------------------


@contextmanager
def without_a_file(path: Path) -> Iterator[None]:
    aside = path.with_name("aside.db")
    path.rename(aside)
    try:
        yield
    finally:
        aside.rename(path)


@contextmanager
def on_a_full_disk(path: Path) -> Iterator[None]:
    """Nothing can be written behind the first kilobyte of any file: the ledger can be read, and each write fails."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def due_in(system: System, seconds: float) -> None:
    at = millis(datetime.now(UTC) + timedelta(seconds=seconds))
    with system.ledger.write() as tx:
        change = "UPDATE runs SET wake_at = :at, due_at = :at, since = :since WHERE status = 'waiting'"
        tx.connection.execute(text(change), {"at": at, "since": at - DAY})


def eventually(look: Callable[[], bool]) -> bool:
    until = time.monotonic() + 15
    while not look():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def sent(system: System) -> int:
    return len(system.outbox(limit=9, before=None, search=None))


@pytest.mark.parametrize("failing", [without_a_file, on_a_full_disk])
def test_a_ledger_that_fails_for_a_while_makes_no_storm(
    failing: Callable[[Path], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outage, "CALM", 0.5)
    shutil.copy(ROOT / "sequences.yaml", tmp_path)
    shutil.copytree(ROOT / "templates", tmp_path / "templates")
    path = tmp_path / "busos.db"
    settings = Settings(file=tmp_path / "sequences.yaml", database_url=f"sqlite:///{path}")
    assessment = arrival("assessment", red_systems=0, orange_systems=0)
    with running(settings, works=True, make_key=True) as system, capture_logs() as lines:
        system.submit(assessment).result(10)
        assert eventually(lambda: sent(system) == 1)
        due_in(system, 1)
        refused = 0
        with failing(path):
            until = time.monotonic() + SECONDS
            while time.monotonic() < until:
                with pytest.raises(LedgerUnavailable):
                    system.submit(assessment).result(10)
                refused += 1
                time.sleep(0.02)
        assert eventually(lambda: sent(system) == 2), "the run goes on"
        assert eventually(lambda: accepts(system, assessment) and ended(lines))
    assert refused > 20
    counts = Counter((line["event"], line.get("queue")) for line in lines if "away" in line["event"])
    assert max(counts.values()) == 1, counts
    assert any(event == "ledger away: looking again soon" for event, _ in counts)
    assert len(counts) < 16


def accepts(system: System, one: Arrival) -> bool:
    return bool(system.submit(one).result(10))


def ended(lines: list[Any]) -> bool:
    """Whether each outage of a queue, and that of the webhooks, is told to be over."""
    told = {(line["event"], line.get("queue")) for line in lines}
    begun = {(event, queue) for event, queue in told if event.startswith(("ledger away: looking", "webhooks"))}
    return {(f"over: {event}", queue) for event, queue in begun} <= told

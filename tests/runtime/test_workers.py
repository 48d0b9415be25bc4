"""Huey's workers over a storage that is a claim: real threads, real messages."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from huey.exceptions import HueyException

from engine.errors import LedgerUnavailable
from engine.runtime.bell import POLL, Bell
from engine.runtime.workers import JsonSerializer, LedgerStorage, Pool


class Counting:
    """A job whose due work a test puts in a list."""

    def __init__(self) -> None:
        self.due: list[Any] = []
        self.done: list[Any] = []
        self.worked = threading.Event()
        self.away = False

    def take(self) -> Any:
        if self.away:
            raise LedgerUnavailable("the disk is full")
        return self.due.pop() if self.due else None

    def work(self, batch: Any) -> None:
        if isinstance(batch, Exception):
            raise batch
        self.done.append(batch)
        self.worked.set()


@pytest.fixture
def job() -> Counting:
    return Counting()


@pytest.fixture
def bell() -> Bell:
    return Bell()


@pytest.fixture
def pool(job: Counting, bell: Bell) -> Iterator[Pool[Any]]:
    found: Pool[Any] = Pool("test", job, bell, threads=2)
    found.start()
    yield found
    found.stop()


def worked(job: Counting, count: int) -> bool:
    until = time.monotonic() + 10
    while len(job.done) < count and time.monotonic() < until:
        time.sleep(0.01)
    return len(job.done) == count


def test_a_rung_bell_brings_a_worker_at_once(pool: Pool[Any], job: Counting, bell: Bell) -> None:
    job.due.append("batch")
    bell.ring()

    assert job.worked.wait(10)
    assert job.done == ["batch"]


def test_a_lost_bell_costs_a_moment_only(pool: Pool[Any], job: Counting) -> None:
    job.due += [1, 2, 3]

    assert worked(job, 3)


def test_a_job_may_know_when_it_is_worth_to_look_again_but_never_later_than_the_usual(
    job: Counting, bell: Bell, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr(bell, "wait", lambda heard, timeout: waited.append(timeout))
    for seconds in (0.03, 60.0):
        assert LedgerStorage("test", job, bell, lambda s=seconds: s).dequeue() is None  # type: ignore[misc]
    assert LedgerStorage("test", job, bell).dequeue() is None
    assert waited == [0.03, POLL, POLL]


def test_an_error_of_one_batch_does_not_end_the_workers(
    pool: Pool[Any], job: Counting, caplog: pytest.LogCaptureFixture
) -> None:
    job.due += [ZeroDivisionError(), LedgerUnavailable("locked"), "good"]

    assert worked(job, 1)
    assert pool.heal()


def test_a_ledger_that_is_away_is_asked_again(pool: Pool[Any], job: Counting) -> None:
    job.away = True
    job.due.append("later")
    time.sleep(0.3)
    job.away = False

    assert worked(job, 1)


def test_stopping_finishes_the_batch_in_hand_and_takes_no_more(job: Counting, bell: Bell) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(batch: Any) -> None:
        begun.set()
        go_on.wait(10)
        job.done.append(batch)

    job.work = slow  # type: ignore[method-assign]
    pool: Pool[Any] = Pool("test", job, bell, threads=1)
    pool.start()
    job.due.append("in hand")
    bell.ring()
    assert begun.wait(10)
    stopper = threading.Thread(target=pool.stop)
    stopper.start()
    job.due.append("too late")
    go_on.set()
    stopper.join(10)

    assert (job.done, job.due) == (["in hand"], ["too late"])


def test_a_message_is_json_with_the_number_of_the_claim_and_nothing_else(job: Counting, bell: Bell) -> None:
    serializer = JsonSerializer()
    pool: Pool[Any] = Pool("test", job, bell, threads=1)
    storage: LedgerStorage = pool._consumer.huey.storage
    job.due.append("secret batch")

    message = storage.dequeue()

    assert message is not None
    assert json.loads(message)[2] == [1]
    assert b"secret" not in message
    assert serializer.deserialize(message).args == (1,)
    assert storage.dequeue() is None


def test_hostile_pickle_bytes_are_no_message() -> None:
    import pickle

    with pytest.raises(ValueError):
        JsonSerializer().deserialize(pickle.dumps({"a": 1}))


def test_a_message_that_names_another_task_runs_nothing(job: Counting, bell: Bell) -> None:
    huey = Pool("test", job, bell, threads=1)._consumer.huey

    with pytest.raises(HueyException):
        huey.deserialize_task(json.dumps(["x", "os.system", ["true"]]).encode())


def test_nothing_can_be_queued_or_scheduled_outside_the_ledger(job: Counting, bell: Bell) -> None:
    storage = LedgerStorage("test", job, bell)

    with pytest.raises(NotImplementedError):
        storage.enqueue(b"{}")
    with pytest.raises(NotImplementedError):
        storage.message(1)
    assert storage.read_schedule(None) == []


def test_only_one_module_knows_huey() -> None:
    engine = Path(__file__).parents[2] / "engine"
    knowing: Sequence[str] = [
        path.name
        for path in engine.rglob("*.py")
        if "import huey" in path.read_text() or "from huey" in path.read_text()
    ]

    assert knowing == ["workers.py"]

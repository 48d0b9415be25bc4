"""Huey runs the workers, on a storage that is the ledger. The only module that imports huey.

Huey's own storages delete a task when it is taken; a killed worker loses what it holds. So nothing is ever
put into a queue here: ``dequeue`` claims due rows by lease and hands them over as one task, a JSON message
with the number of the claim and nothing else. The rows stay in the ledger; the lease is settled with the
results. A bell wakes a waiting worker; without one it looks again after ``POLL`` seconds.
"""

from __future__ import annotations

import itertools
import json
import logging
import time
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

import structlog

from engine.errors import LedgerError
from engine.runtime.absent import absent
from engine.runtime.bell import POLL, Bell
from engine.runtime.outage import Outage

with absent("psycopg", "redis"):  # for its own storages: twelve megabytes, and a tenth of the time of a start
    from huey import Huey
    from huey.constants import EmptyData
    from huey.consumer import Consumer
    from huey.registry import Message
    from huey.serializer import Serializer
    from huey.storage import BaseStorage

log = structlog.get_logger(__name__)
logging.getLogger("huey").setLevel(logging.ERROR)  # it tells of every task; here a task is a batch

Batch = TypeVar("Batch")


class Job(Protocol[Batch]):
    """Something workers do: take a batch of due rows by lease, and work it off."""

    def take(self) -> Batch | None:
        """A batch that is ours now, or None when nothing is due."""
        ...

    def work(self, batch: Batch) -> None:
        """Do it, and settle the lease."""
        ...


class JsonSerializer(Serializer):  # type: ignore[misc] # huey has no types
    """Messages as JSON: whoever could write into a queue could still run no code here."""

    def _serialize(self, data: Message) -> bytes:
        return json.dumps([data.id, data.name, list(data.args)]).encode()

    def _deserialize(self, data: bytes) -> Message:
        task_id, name, args = json.loads(data)
        return Message(id=task_id, name=name, args=tuple(args), kwargs={}, retries=0)


class LedgerStorage(BaseStorage):  # type: ignore[misc] # huey has no types
    """A queue whose content is what is due in the ledger. It keeps no results, no schedule and no revocations."""

    blocking = True

    def __init__(self, name: str, job: Job[Any], bell: Bell, again: Callable[[], float] = lambda: POLL) -> None:
        super().__init__(name)
        self.message: Callable[[int], bytes] = _unbound
        self._job = job
        self._bell = bell
        self._again = again
        self._numbers = itertools.count(1)
        self._claims: dict[int, Any] = {}
        self._outage = Outage(log, "ledger away: looking again soon")

    def dequeue(self) -> bytes | None:
        """A message for a batch that was just claimed; None after a moment in which nothing was due."""
        heard = self._bell.rings
        batch = self._take()
        if batch is None:
            self._bell.wait(heard, min(self._again(), POLL))
            return None
        number = next(self._numbers)
        self._claims[number] = batch
        return self.message(number)

    def work(self, number: int) -> None:
        """Work off a claim of this process."""
        batch = self._claims.pop(number)
        try:
            self._job.work(batch)
        except LedgerError as error:
            self._outage.failed(error, queue=self.name)  # the lease will run out

    def _take(self) -> Any:
        try:
            batch = self._job.take()
        except LedgerError as error:
            self._outage.failed(error, queue=self.name)
            return None
        self._outage.went_well(queue=self.name)
        return batch

    def enqueue(self, data: bytes, priority: float | None = None) -> None:
        """Nothing is queued here: what is due is in the ledger."""
        raise NotImplementedError("write to the ledger instead")

    def read_schedule(self, ts: object) -> list[bytes]:
        """Nothing is scheduled here: a wait is a row in the ledger."""
        return []

    def peek_data(self, key: str) -> object:
        """Nothing is kept under any key."""
        return EmptyData

    def pop_data(self, key: str) -> object:
        """Nothing is kept under any key."""
        return EmptyData


class Pool(Generic[Batch]):
    """Worker threads for one job. ``again`` says after how many seconds it is worth to look, at most ``POLL``."""

    def __init__(
        self, name: str, job: Job[Batch], bell: Bell, threads: int, again: Callable[[], float] = lambda: POLL
    ) -> None:
        storage = LedgerStorage(name, job, bell, again)
        huey = Huey(name, storage_class=lambda _name: storage, serializer=JsonSerializer(), results=False)
        task = huey.task(name=name)(storage.work)
        storage.message = lambda number: bytes(huey.serialize_task(task.s(number)))
        self.name = name
        self._bell = bell
        self._consumer = _Threads(huey, workers=threads, periodic=False, scheduler_interval=60)

    def start(self) -> None:
        """Begin to work."""
        self._consumer.start()

    def take_no_more(self) -> None:
        """Finish the batches in hand, and nothing after them."""
        self._consumer.stop_flag.set()
        self._bell.ring_here()

    def stop(self, patience: float = 60.0) -> bool:
        """Wait until the batches in hand are finished; False when some are not after so many seconds."""
        self.take_no_more()
        until = time.monotonic() + patience
        threads = [thread for _, thread in self._consumer.worker_threads]
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in threads)

    def heal(self) -> bool:
        """Replace threads that died; whether all of them were alive."""
        return bool(self._consumer.check_worker_health())


class _Threads(Consumer):  # type: ignore[misc] # huey has no types
    """A consumer inside another program, which keeps its own signal handlers."""

    def _set_signal_handlers(self) -> None:
        pass


def _unbound(number: int) -> bytes:
    raise NotImplementedError("the pool binds its task to the storage")

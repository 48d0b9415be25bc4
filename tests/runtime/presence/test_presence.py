"""Who is gone and who is not: dead processes, living ones that look dead, and clocks that nobody compares."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import make_url

from engine.errors import LedgerUnavailable
from engine.model import Contact, Run, RunStatus
from engine.runtime.bell import Bell
from engine.runtime.clock import SystemClock
from engine.runtime.ledger import Ledger
from engine.runtime.neighbours import Neighbours, neighbours
from engine.runtime.presence import FileLocks, Presence
from engine.runtime.presence.process import is_over, name_of_this
from engine.runtime.settings import Settings
from tests.fences import ROOT
from tests.playbooks import NOON
from tests.postgres import database
from tests.runtime.conftest import HandClock

MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with database() as found:
        yield found


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/busos.db"
    found = request.getfixturevalue("postgres")
    schema = f"s{os.getpid()}_{time.monotonic_ns()}"
    import psycopg

    with psycopg.connect(found, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}")  # type: ignore[arg-type]
    return make_url(found).update_query_dict({"options": f"-csearch_path={schema}"}).render_as_string(False)


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    with Ledger.open(url) as opened:
        yield opened


@pytest.fixture
def shared(url: str, ledger: Ledger) -> Iterator[Neighbours]:
    found = neighbours(Settings(database_url=url), ledger, HandClock(), Bell())
    found.start()
    yield found
    found.stop()


# What another process does until it is killed: it is hired, takes one run, and says so.
WORKER = """
import sys, time
from datetime import timedelta
from engine.runtime.bell import Bell
from engine.runtime.clock import SystemClock
from engine.runtime.clock import SystemClock
from engine.runtime.ledger import Ledger
from engine.runtime.neighbours import neighbours
from engine.runtime.presence import Presence
from engine.runtime.settings import Settings

url, foreign = sys.argv[1:]
clock, bell = SystemClock(), Bell()
with Ledger.open(url) as ledger:
    shared = neighbours(Settings(database_url=url), ledger, clock, bell)
    shared.start()
    presence = Presence(ledger, shared.locks, clock, bell.ring)
    if foreign == "foreign":
        presence.name = f"another-host 7 - - {time.monotonic_ns():x}"
    presence.start()
    with ledger.write() as tx:
        taken = tx.claim(clock.now(), timedelta(minutes=1), 1, by=presence.number)
    print(presence.number, len(taken), flush=True)
    time.sleep(600)
"""


class Worker:
    """A child process that holds a run."""

    def __init__(self, url: str, foreign: bool) -> None:
        words = [sys.executable, "-c", WORKER, url, "foreign" if foreign else "near"]
        self.process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        said = self.process.stdout.readline().split()
        self.number, self.taken = int(said[0]), int(said[1])

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


@pytest.fixture
def work(url: str) -> Iterator[Callable[..., Worker]]:
    made: list[Worker] = []

    def start(*, foreign: bool = False) -> Worker:
        made.append(Worker(url, foreign))
        return made[-1]

    yield start
    for worker in made:
        worker.end()


def begin(ledger: Ledger, *numbers: int) -> None:
    with ledger.write() as tx:
        tx.put_revision("rev", "", NOON)
        tx.put_contacts([Contact(id=f"c{n}", email=f"ada{n}@example.com") for n in numbers], NOON)
        runs = [
            Run(
                id=f"r{n}",
                program="nurture",
                contact_id=f"c{n}",
                status=RunStatus.READY,
                step="email_1",
                since=NOON,
                due_at=NOON,
                started_at=NOON,
            )
            for n in numbers
        ]
        tx.add_runs(runs, "rev")


def present(ledger: Ledger, shared: Neighbours, found: Callable[[], None] = lambda: None, **more: Any) -> Presence:
    return Presence(ledger, shared.locks, SystemClock(), found, **more)


def free_at(ledger: Ledger) -> float:
    """Seconds until somebody may claim the one run; -1 when it may be claimed now."""
    now = SystemClock().now()
    with ledger.read() as tx:
        due = tx.next_due(now)
    assert due is not None
    return (due - now).total_seconds() or -1


def until(good: Callable[[], Any], seconds: float = 15) -> float:
    begun = time.monotonic()
    while not good():
        assert time.monotonic() - begun < seconds
        time.sleep(0.02)
    return time.monotonic() - begun


@pytest.mark.parametrize("foreign", [False, True])
def test_what_a_killed_worker_held_is_free_within_seconds(
    ledger: Ledger, shared: Neighbours, work: Callable[..., Worker], foreign: bool
) -> None:
    begin(ledger, 1)
    other = work(foreign=foreign)
    assert other.taken == 1
    rung: list[int] = []
    mine = present(ledger, shared, lambda: rung.append(1))
    mine.start()
    time.sleep(2.5)
    assert free_at(ledger) > 50, "while it lives, nobody takes anything from it"
    other.process.send_signal(signal.SIGKILL)
    assert until(lambda: free_at(ledger) == -1) < 3
    until(lambda: rung == [1])
    with ledger.read() as tx:
        assert [worker.number for worker in tx.workers()] == [mine.number]
    mine.stop()


def test_at_the_start_the_dead_of_this_machine_are_known_at_once(
    ledger: Ledger, shared: Neighbours, work: Callable[..., Worker]
) -> None:
    begin(ledger, 1)
    other = work()
    other.end()
    mine = present(ledger, shared)
    if isinstance(shared.locks, FileLocks) or Path("/proc/self/ns/pid").exists():
        mine.start()
        assert free_at(ledger) == -1
        mine.stop()


def test_a_worker_that_is_stopped_keeps_what_it_has_until_its_lease_ends(
    ledger: Ledger, shared: Neighbours, work: Callable[..., Worker]
) -> None:
    begin(ledger, 1)
    other = work()
    mine = present(ledger, shared)
    mine.start()
    other.process.send_signal(signal.SIGSTOP)
    time.sleep(2.5)
    assert free_at(ledger) > 50
    other.process.send_signal(signal.SIGCONT)
    mine.stop()


def test_a_clean_end_leaves_nothing_in_hand(ledger: Ledger, shared: Neighbours) -> None:
    begin(ledger, 1)
    mine = present(ledger, shared)
    mine.start()
    with ledger.write() as tx:
        assert tx.claim(SystemClock().now(), MINUTE, 1, by=mine.number)
    mine.stop()
    with ledger.read() as tx:
        assert tx.workers() == []
    assert free_at(ledger) == -1


def test_two_of_one_process_do_not_take_each_other_for_dead(url: str, ledger: Ledger, shared: Neighbours) -> None:
    begin(ledger, 1)
    with Ledger.open(url) as again:
        other = neighbours(Settings(database_url=url), again, HandClock(), Bell())
        other.start()
        first, second = present(ledger, shared), present(again, other)
        first.start()
        second.start()
        first.look()
        second.look()
        time.sleep(1.2)
        second.stop()
        other.stop()
    first.look()
    if isinstance(shared.locks, FileLocks):
        third = present(ledger, replace(shared, locks=FileLocks(Path(make_url(url).database or ""))))
        third.look()
    with ledger.read() as tx:
        assert [worker.number for worker in tx.workers()] == [first.number]
    first.stop()


def test_who_was_taken_for_dead_is_hired_again(ledger: Ledger, shared: Neighbours) -> None:
    mine = present(ledger, shared)
    mine.start()
    before = mine.number
    with ledger.write() as tx:
        tx.hire("somebody else", "worker", NOON)
        tx.dismiss([before or 0])
    mine.beat()
    assert mine.number not in (None, before)
    with ledger.read() as tx:
        assert mine.number in [worker.number for worker in tx.workers()]
    mine.stop()


def test_a_ledger_that_is_away_ends_nobody(ledger: Ledger, shared: Neighbours, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = present(ledger, shared)
    mine.start()
    broken: list[type[Exception]] = [LedgerUnavailable]

    def away(**_: Any) -> Any:
        raise broken[0]("away")

    with monkeypatch.context() as patch:
        patch.setattr(ledger, "read", away)
        patch.setattr(ledger, "write", away)
        time.sleep(1.2)
        broken[0] = ZeroDivisionError
        time.sleep(1.2)
    mine.look()
    mine.beat()
    with monkeypatch.context() as patch:
        patch.setattr(ledger, "write", away)
        broken[0] = LedgerUnavailable
        mine.stop()
    with ledger.read() as tx:
        assert len(tx.workers()) == 1
    later = present(ledger, shared)
    later.name = "another 1 - - x"
    later.start()
    until(lambda: len(workers(ledger)) == 1 or later.look())
    later.stop()


def workers(ledger: Ledger) -> list[int]:
    with ledger.read() as tx:
        return [worker.number for worker in tx.workers()]


# -- The rule, without processes ----------------------------------------------------------------------


class Told:
    """Locks as a test tells them."""

    patience, beat_every = 1.5, 0.5

    def __init__(self) -> None:
        self.alive: set[int] = set()
        self.away = False

    def hold(self, number: int) -> None:
        self.alive.add(number)

    def let_go(self) -> None:
        pass

    def held(self, numbers: Iterable[int]) -> set[int]:
        if self.away:
            raise LedgerUnavailable("away")
        return self.alive & set(numbers)


class Watch:
    """A presence that looks when a test says so."""

    def __init__(self, ledger: Ledger) -> None:
        self.locks, self.clock, self.at, self.ledger = Told(), HandClock(), 100.0, ledger
        self.presence = Presence(ledger, self.locks, self.clock, lambda: None, monotonic=lambda: self.at)
        self.presence.hire()
        with ledger.write() as tx:
            self.other = tx.hire("elsewhere", "worker", self.clock.now())

    def passes(self, seconds: float, *, beat: bool = False) -> bool:
        """Whether the other is still known after a while."""
        self.at += seconds
        self.clock.forward(seconds=seconds)
        if beat:
            with self.ledger.write() as tx:
                tx.beat(self.other, self.clock.now())
        self.presence.turn()
        with self.ledger.read() as tx:
            return self.other in [worker.number for worker in tx.workers()]


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    with Ledger.open(f"sqlite:///{tmp_path}/busos.db") as ledger:
        yield Watch(ledger)


def test_a_free_lock_and_a_beat_that_stands_still_are_needed_both(watch: Watch) -> None:
    assert all(watch.passes(0.5, beat=True) for _ in range(9)), "it beats"
    watch.locks.alive.add(watch.other)
    assert all(watch.passes(0.5) for _ in range(9)), "its lock is held"
    watch.locks.alive.discard(watch.other)
    assert [watch.passes(0.5) for _ in range(4)] == [True, True, True, False]


def test_who_could_not_look_saw_nobody_stand_still(watch: Watch) -> None:
    assert watch.passes(0.5)
    watch.locks.away = True
    assert watch.passes(60)
    watch.locks.away = False
    assert [watch.passes(0.5) for _ in range(4)] == [True, True, True, False]


def test_a_clock_that_jumps_means_nothing(watch: Watch) -> None:
    assert watch.passes(0.5)
    for jump in (-86_400, 86_400):
        watch.clock.forward(seconds=jump)
        assert watch.passes(0.1)


# -- Locks in a file, names of processes ---------------------------------------------------------------


def test_a_file_that_is_deleted_is_made_again_with_the_locks(tmp_path: Path) -> None:
    ledger = tmp_path / "busos.db"
    mine = FileLocks(ledger)
    mine.hold(3)
    (tmp_path / "busos.db-workers").unlink()
    assert mine.held([3, 4]) == {3}
    ask = f"""
from pathlib import Path; from engine.runtime.presence import FileLocks
print(FileLocks(Path({str(ledger)!r})).held([3, 4]))
"""
    assert subprocess.check_output([sys.executable, "-c", ask], cwd=ROOT, text=True).strip() == "{3}"
    mine.let_go()
    assert subprocess.check_output([sys.executable, "-c", ask], cwd=ROOT, text=True).strip() == "set()"


def test_a_byte_that_somebody_holds_for_good_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = tmp_path / "busos.db"
    hold = f"""
from pathlib import Path; from engine.runtime.presence import FileLocks
FileLocks(Path({str(ledger)!r})).hold(3); print("held", flush=True); input()
"""
    monkeypatch.setattr("engine.runtime.presence.file_locks.PATIENCE", 0.1)
    with subprocess.Popen([sys.executable, "-c", hold], cwd=ROOT, stdout=-1, stdin=-1, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        locks = FileLocks(ledger)
        assert locks.held([2, 3]) == {3}
        with pytest.raises(OSError, match="worker 3"):
            locks.hold(3)
        other.kill()
    locks.hold(3)
    locks.let_go()


@pytest.mark.skipif(not Path("/proc/self/ns/pid").exists(), reason="only Linux tells")
def test_a_process_is_over_when_it_surely_is() -> None:
    name = name_of_this()
    assert name != name_of_this()
    assert not is_over(name)
    host, pid, world, began, token = name.rsplit(" ", 4)
    assert is_over(f"{host} {pid} {world} {int(began) - 1} {token}"), "the number was given again"
    assert not is_over(f"{host} {pid} ffffffffffff {int(began) - 1} {token}"), "another machine, or container"
    assert not is_over(f"{host} {pid} - - {token}")
    assert not is_over("somebody")
    ask = "from engine.runtime.presence.process import name_of_this; print(name_of_this())"
    child = subprocess.Popen([sys.executable, "-c", ask], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    told = child.stdout.readline().strip()
    until(lambda: is_over(told), 20)  # its remains are still there
    child.wait()
    child.stdout.close()
    assert is_over(told)

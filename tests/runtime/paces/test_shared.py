"""A pace over the ledger: what one worker learns all of them know, and nothing is written that is known."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.model import RaiseAlert
from engine.pacing import PaceState
from engine.runtime.ledger import Ledger
from engine.runtime.paces import LedgerStore, MemoryStore, Paces, SharedPace
from tests.fences import ROOT
from tests.runtime.conftest import HandClock

FIVE = PaceState(limit=5)


class Counted:
    """A store that counts its changes; what it gives is what the one behind it gives."""

    def __init__(self, behind: Any) -> None:
        self.behind, self.changes = behind, 0

    def change(self, name: str, change: Any) -> Any:
        self.changes += 1
        return self.behind.change(name, change)

    def read(self, name: str) -> Any:
        return self.behind.read(name)


def two(ledger: Ledger, clock: HandClock, begin: PaceState = FIVE, **more: Any) -> tuple[SharedPace, SharedPace]:
    """The same vendor, as two processes see it."""
    made = [SharedPace("resend", LedgerStore(ledger, clock), clock, begin=begin, label="Resend", **more) for _ in "ab"]
    for pace in made:
        pace._seen_at = -1.0
    return made[0], made[1]


def stale(pace: SharedPace) -> SharedPace:
    """As it is a moment later, when it looks again."""
    pace._seen_at = -1.0
    return pace


def test_two_workers_share_a_window(ledger: Ledger) -> None:
    one, other = two(ledger, clock := HandClock())
    assert (one.take(3), other.take(100), one.take(1)) == (3, 2, 0)
    one.give_back(1)
    assert stale(other).take(9) == 1
    clock.forward(seconds=1)
    assert other.take(9) == 5
    one.give_back(2)
    assert stale(one).take(9) == 0


def test_what_one_learns_the_other_keeps_to(ledger: Ledger) -> None:
    one, other = two(ledger, HandClock())
    one.take(1)
    one.learn(limit=100, left=99, reset=1.0)
    assert other.take(1000) == 99
    other.learn(limit=100, left=0, reset=30.0)
    assert (stale(one).take(1), stale(one).wait()) == (0, 1.0)


def test_a_closing_holds_for_all_until_something_works(ledger: Ledger) -> None:
    one, other = two(ledger, clock := HandClock())
    one.close(60, "the key is not taken")
    assert stale(other).shut() == (clock.at + timedelta(seconds=60), "the key is not taken")
    assert (other.take(9), other.wait()) == (0, 60.0)
    clock.forward(seconds=60)
    assert (stale(other).take(9), stale(one).take(9)) == (1, 0)
    other.worked()
    assert (stale(one).shut(), stale(one).take(9)) == (None, 4)


def test_faults_of_all_workers_count_together(ledger: Ledger) -> None:
    one, other = two(ledger, HandClock(), PaceState())
    for _ in range(3):
        one.failed("Resend failed (503)")
    other.failed("Resend failed (503)")
    assert stale(one).shut() is None
    other.failed("Resend failed (503)")
    assert one.take(9) == 9, "it looked a moment ago"
    assert stale(one).take(9) == 0


def test_what_is_known_already_is_not_written(ledger: Ledger) -> None:
    clock = HandClock()
    store = Counted(LedgerStore(ledger, clock))
    pace = SharedPace("resend", store, clock, begin=FIVE)
    assert pace.take(5) == 5
    for left in (4, 3, 2, 1, 0):
        pace.learn(limit=5, left=left, reset=1.0)
        pace.worked()
    assert (pace.take(9), store.changes) == (0, 1)
    free = SharedPace("smtp", store, clock)
    for _ in range(100):
        assert free.take(20) == 20
        free.give_back(3)
        free.worked()
    assert store.changes == 1


@pytest.mark.parametrize("at_once", [1, 2])
def test_the_team_hears_once_of_an_outage_whoever_sees_it(ledger: Ledger, at_once: int) -> None:
    told: list[RaiseAlert] = []
    clock = HandClock()
    one, other = two(ledger, clock, tell=told.append)
    for pace in (one, other) * at_once:
        pace.close(3600, "the daily quota is used up")
    clock.forward(seconds=3600)
    assert stale(other).take(9) == 1
    other.close(3600, "the daily quota is used up")
    message = "Resend takes nothing for now: the daily quota is used up"
    assert told == [RaiseAlert(message=message, topic="vendor resend", colour="orange")]
    clock.forward(seconds=3600)
    stale(one).take(1)
    one.worked()
    stale(other).close(300, "the key is not taken")
    assert [alert.message for alert in told[1:]] == ["Resend takes nothing for now: the key is not taken"]


@pytest.mark.parametrize(
    "raw", ["", "{}", "[]", '{"at": 1, "state": {"limit": -5}}', "\x80\x04cos\nsystem\n", "x" * 20_000]
)
def test_what_cannot_be_a_state_is_begun_anew(ledger: Ledger, raw: str) -> None:
    pace, _ = two(ledger, HandClock())
    with ledger.write() as tx:
        tx.lock_pace("resend")
        tx.put_pace("resend", raw, datetime.now(UTC))
    assert (pace.shut(), pace.take(9)) == (None, 5)
    assert LedgerStore(ledger, HandClock()).read("resend") is not None


def test_without_a_ledger_each_process_paces_itself(ledger: Ledger, tmp_path: Path) -> None:
    told: list[RaiseAlert] = []
    one, _ = two(ledger, clock := HandClock(), tell=told.append)
    assert one.take(2) == 2
    (tmp_path / "busos.db").rename(tmp_path / "elsewhere.db")
    assert (one.take(9), stale(one).take(9)) == (3, 0)
    one.close(60, "quota")
    assert (stale(one).shut() or [None, None])[1] == "quota"
    (tmp_path / "elsewhere.db").rename(tmp_path / "busos.db")
    clock.forward(seconds=60)
    assert stale(one).take(9) == 5


def test_an_alert_that_cannot_be_recorded_ends_nothing(ledger: Ledger, tmp_path: Path) -> None:
    def tell(alert: RaiseAlert) -> None:
        with ledger.write() as tx:
            tx.push([])

    one, _ = two(ledger, HandClock(), tell=tell)
    (tmp_path / "busos.db").unlink()
    one.close(60, "quota")
    assert one.take(1) == 0


def test_threads_of_one_process_get_no_more_than_there_is() -> None:
    pace = SharedPace("resend", MemoryStore(), HandClock(), begin=PaceState(limit=50))
    got = Counter[int]()

    def take(number: int) -> None:
        for _ in range(30):
            got[number] += pace.take(1)

    threads = [threading.Thread(target=take, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(got.values()) == 50


def test_a_turn_is_waited_for_within_the_patience() -> None:
    clock = HandClock()
    pace = SharedPace("notion", MemoryStore(), clock, begin=FIVE, sleep=lambda seconds: clock.forward(seconds=seconds))
    begun = clock.at
    assert [pace.turn(10) for _ in range(12)] == [0.0] * 12
    assert clock.at - begun == timedelta(seconds=2)
    pace.close(4, "slower, please")
    assert pace.turn(10) == 0
    assert clock.at - begun == timedelta(seconds=6)
    pace.worked()
    pace.close(4, "slower, please")
    assert (round(pace.turn(3), 1), clock.at - begun) == (4.0, timedelta(seconds=6))


def test_nobody_stands_in_line_for_a_vendor_that_fails() -> None:
    pace = SharedPace("notion", MemoryStore(), clock := HandClock(), sleep=lambda _: pytest.fail("it waits"))
    for _ in range(5):
        pace.failed("down")
    assert (pace.turn(10), clock.forward(seconds=1), pace.turn(10)) == (1.0, None, 0.0)
    assert pace.turn(10) == 1.0, "somebody else's request finds out"


def test_another_key_has_another_pace_and_a_start_asks_at_once(ledger: Ledger) -> None:
    clock, told = HandClock(), list[RaiseAlert]()
    first, second = (Paces(LedgerStore(ledger, clock), clock, told.append) for _ in "ab")
    old, quiet = first.of("resend", "Resend", "key 1", FIVE), first.of("discord", "Discord", "x", quiet=True)
    old.close(300, "the key is not taken")
    quiet.close(300, "down")
    assert [alert.topic for alert in told] == ["vendor resend"]
    same, fresh = second.of("resend", "Resend", "key 1", FIVE), second.of("resend", "Resend", "key 2", FIVE)
    assert (stale(same).take(9), stale(fresh).take(9)) == (0, 5)
    second.ask_anew()
    assert (same.take(9), same.take(9), fresh.take(9)) == (1, 0, 0)
    with ledger.read() as tx:
        assert tx.pace("resend key 1") is None


CHILD = """
import sys, time
from engine.pacing import PaceState
from engine.runtime.clock import SystemClock
from engine.runtime.ledger import Ledger
from engine.runtime.paces import LedgerStore, SharedPace

with Ledger.open(sys.argv[1]) as ledger:
    clock = SystemClock()
    pace = SharedPace("resend", LedgerStore(ledger, clock), clock, begin=PaceState(limit=20))
    until = time.monotonic() + 3
    while time.monotonic() < until:
        if got := pace.take(3):
            print(pace._took.window, got)
        time.sleep(0.005)
"""


def test_processes_together_take_no_more_than_the_limit_and_no_less(url: str) -> None:
    Ledger.open(url).close()
    command = [sys.executable, "-c", CHILD, url]
    children = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    windows: Counter[int] = Counter()
    for child in children:
        said, _ = child.communicate(timeout=60)
        assert child.returncode == 0
        assert said, "each gets some"
        for line in said.splitlines():
            number, got = map(int, line.split())
            windows[number] += got
    assert max(windows.values()) == 20
    assert len(windows) >= 3

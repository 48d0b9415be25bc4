"""The rate of a Notion token, in virtual time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.adapters.notion import Pace
from tests.adapters.notion.conftest import VirtualTime

FOREVER = 1e9


def paced(time: VirtualTime) -> Pace:
    return Pace(per_second=3, burst=3, monotonic=time.monotonic, sleep=time.sleep)


@given(st.lists(st.floats(0, 2), min_size=1, max_size=60))
def test_in_no_stretch_of_time_are_there_more_requests_than_the_rate_allows(pauses: list[float]) -> None:
    time = VirtualTime()
    pace, sent = paced(time), []
    for pause in pauses:
        time.sleep(pause)
        assert pace.wait(FOREVER) == 0
        sent.append(time.passed)
    for first in range(len(sent)):
        for last in range(first, len(sent)):
            assert last - first + 1 <= 3 + 3 * (sent[last] - sent[first]) + 1e-6


def test_a_burst_goes_out_at_once_and_then_three_a_second() -> None:
    time = VirtualTime()
    pace = paced(time)
    for _ in range(33):
        pace.wait(FOREVER)
    assert round(time.passed, 6) == 10


def test_a_wait_beyond_the_patience_is_answered_and_takes_no_place() -> None:
    time = VirtualTime()
    pace = paced(time)
    pace.hold(60)
    assert pace.wait(10) == 60
    assert time.passed == 0
    time.sleep(60)
    assert pace.wait(10) == 0
    assert time.passed == 60


def test_after_a_hold_there_is_no_burst() -> None:
    time = VirtualTime()
    pace = paced(time)
    pace.hold(5)
    starts = []
    for _ in range(3):
        pace.wait(FOREVER)
        starts.append(round(time.passed, 3))
    assert starts == [5, 5.333, 5.667]


def test_a_hold_that_comes_while_somebody_waits_is_kept_by_them_too() -> None:
    time = VirtualTime()
    holds = [20.0]

    def sleep(seconds: float) -> None:
        time.sleep(seconds)
        if holds:
            pace.hold(holds.pop())

    pace = Pace(per_second=3, burst=1, monotonic=time.monotonic, sleep=sleep)
    pace.wait(FOREVER)
    pace.wait(FOREVER)
    assert time.passed >= 20

"""Pacing: rules by example, and over any history: no window gives too much, no vendor is shut for ever."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import pacing
from engine.pacing import PaceState, Unpaced

FIVE = PaceState(limit=5)
FREE = PaceState()
AT = 1_800_000_000.0


def taken(state: PaceState, want: int, at: float) -> int:
    return pacing.take(state, want, at)[1]


def failing(state: PaceState, times: int, at: float) -> PaceState:
    for _ in range(times):
        state = pacing.failed(state, "Resend failed (503)", at)
    return state


# -- The window -----------------------------------------------------------------------------------


def test_a_window_gives_its_limit_and_the_next_window_gives_it_again() -> None:
    state, first = pacing.take(FIVE, 3, AT)
    state, second = pacing.take(state, 100, AT + 0.9)
    state, none = pacing.take(state, 1, AT + 0.99)
    state, fresh = pacing.take(state, 100, AT + 1)
    assert (first, second, none, fresh) == (3, 2, 0, 5)
    assert pacing.wait(state, AT + 1.25) == 0.75
    assert pacing.shut(state, AT + 1.25) is None


@pytest.mark.parametrize("want", [0, -1])
def test_nothing_wanted_is_nothing_given(want: int) -> None:
    assert taken(FIVE, want, AT) == taken(FREE, want, AT) == 0


def test_without_a_limit_everybody_gets_what_they_want() -> None:
    state, given_ = pacing.take(FREE, 10_000, AT)
    assert (state, given_) == (FREE, 10_000)
    assert pacing.wait(state, AT) == 0
    assert pacing.given_back(state, 5, state.window, AT) == FREE


def test_what_is_given_back_can_be_taken_again_in_the_same_window_only() -> None:
    state, _ = pacing.take(FIVE, 5, AT)
    back = pacing.given_back(state, 2, state.window, AT + 0.5)
    assert taken(back, 100, AT + 0.5) == 2
    assert taken(pacing.given_back(state, 99, state.window, AT + 0.5), 100, AT + 0.5) == 5
    assert pacing.given_back(state, 0, state.window, AT + 0.5) == state
    later, _ = pacing.take(state, 4, AT + 1)
    assert taken(pacing.given_back(later, 2, state.window, AT + 1), 100, AT + 1) == 1


def test_a_higher_limit_counts_at_once_and_a_lower_one_too() -> None:
    state, _ = pacing.take(FIVE, 3, AT)
    assert taken(pacing.learned(state, 100, None, None, AT), 1000, AT) == 97
    assert taken(pacing.learned(state, 4, None, None, AT), 1000, AT) == 1
    assert taken(pacing.learned(state, 1, None, None, AT), 1000, AT) == 0
    assert taken(pacing.learned(state, 0, None, None, AT), 1000, AT) == 2
    assert pacing.learned(state, 10**9, None, None, AT).limit == pacing.MOST
    assert taken(pacing.learned(FREE, 7, None, None, AT), 1000, AT) == 7


def test_a_lower_number_left_is_believed_and_a_higher_one_is_not() -> None:
    state, _ = pacing.take(FIVE, 1, AT)
    assert taken(pacing.learned(state, 5, 2, 1.0, AT), 100, AT) == 2
    assert taken(pacing.learned(state, 5, 5, 1.0, AT), 100, AT) == 4
    assert taken(pacing.learned(state, 5, -3, 1.0, AT), 100, AT) == 0
    assert pacing.learned(state, None, None, None, AT) == state


def test_nothing_left_lasts_until_the_vendor_s_window_ends() -> None:
    state, _ = pacing.take(FIVE, 1, AT)
    used = pacing.learned(state, 5, 0, 3.0, AT)
    assert pacing.wait(used, AT) == 3
    assert (taken(used, 1, AT + 2.9), taken(used, 9, AT + 3)) == (0, 5)
    assert pacing.wait(pacing.learned(state, 5, 0, 0.2, AT), AT) == 1
    assert pacing.wait(pacing.learned(state, 5, 0, None, AT), AT) == 1
    assert pacing.wait(pacing.learned(state, 5, 0, 1e8, AT), AT) == pacing.LONGEST_WINDOW


def test_an_answer_that_comes_after_its_window_does_not_spoil_the_next() -> None:
    state, _ = pacing.take(FIVE, 5, AT)
    assert taken(pacing.learned(state, 5, 0, 1.0, AT + 1.5), 9, AT + 1.5) == 5


# -- The breaker ----------------------------------------------------------------------------------


def test_faults_in_a_row_close_and_fewer_do_not() -> None:
    state = failing(FREE, 4, AT)
    assert taken(state, 9, AT) == 9
    assert pacing.shut(failing(state, 1, AT), AT) == (AT + 1, "Resend failed (503)")
    assert pacing.shut(failing(pacing.worked(state, AT), 4, AT), AT) is None


def test_breaks_double_up_to_a_minute_and_one_probe_goes_between_them() -> None:
    state, at, breaks = failing(FREE, 5, AT), AT, []
    for _ in range(9):
        pause = pacing.wait(state, at)
        breaks.append(pause)
        assert taken(state, 9, at + pause - 0.01) == 0
        at += pause
        state, probe = pacing.take(state, 9, at)
        assert (probe, taken(state, 9, at)) == (1, 0)
        state = pacing.failed(state, "still down", at)
    assert breaks == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    for _ in range(30):
        state, _ = pacing.take(state, 1, at := at + 60)
        state = pacing.failed(state, "still down", at)
    assert pacing.wait(state, at) == 60
    assert pacing.sound(state)


def test_a_probe_that_works_opens_the_way() -> None:
    state, _ = pacing.take(failing(FIVE, 5, AT), 9, AT + 1)
    assert pacing.shut(state, AT + 1) == (AT + 2, "Resend failed (503)")
    state = pacing.worked(state, AT + 1.2)
    assert (taken(state, 9, AT + 1.2), pacing.shut(state, AT + 1.2)) == (4, None)
    assert pacing.shut(failing(state, 4, AT + 2), AT + 2) is None


def test_a_lost_probe_is_followed_by_another() -> None:
    state, _ = pacing.take(failing(FREE, 5, AT), 1, AT + 1)
    lost = AT + 1 + pacing.PROBE
    assert (taken(state, 9, lost - 0.1), taken(state, 9, lost)) == (0, 1)
    assert pacing.shut(state, lost - 0.5) == (lost, "Resend failed (503)")


def test_a_probe_given_back_is_free_for_the_next() -> None:
    state, _ = pacing.take(failing(FREE, 5, AT), 1, AT + 1)
    assert taken(pacing.given_back(state, 1, state.window, AT + 1), 9, AT + 1) == 1


def test_old_news_changes_nothing_while_it_is_closed() -> None:
    state = pacing.closed(FIVE, 60, "the key is not taken", AT)
    assert pacing.worked(state, AT + 1) == state
    assert failing(state, 9, AT + 1) == state
    assert taken(state, 1, AT + 59) == 0


def test_after_a_brief_429_all_go_on_and_after_a_second_one_in_a_row_one_goes_first() -> None:
    state = pacing.closed(FIVE, 1, "go slower", AT)
    state = pacing.closed(state, 1, "go slower", AT + 0.1)
    assert pacing.wait(state, AT + 0.1) == 1
    assert taken(state, 9, AT + 1.1) == 5
    again = pacing.closed(state, 1, "go slower", AT + 1.2)
    assert taken(again, 9, AT + 2.3) == 1


def test_after_a_long_closing_one_goes_first() -> None:
    state = pacing.closed(FIVE, 300, "the key is not taken", AT)
    state, probe = pacing.take(state, 9, AT + 300)
    assert probe == 1
    assert pacing.wait(pacing.failed(state, "down", AT + 301), AT + 301) == 1


def test_whoever_starts_may_ask_once_before_a_long_closing_ends() -> None:
    state = pacing.asked_anew(pacing.closed(FIVE, 3600, "quota", AT), AT + 10)
    state, probe = pacing.take(state, 9, AT + 10)
    assert (probe, taken(state, 9, AT + 10)) == (1, 0)
    assert pacing.closed(state, 3600, "quota", AT + 11).told
    brief = pacing.closed(FIVE, 1, "go slower", AT)
    assert pacing.asked_anew(brief, AT + 0.5) == brief
    assert pacing.asked_anew(FIVE, AT) == FIVE


def test_the_longer_of_two_closings_counts_and_none_is_longer_than_an_hour() -> None:
    state = pacing.closed(FIVE, 300, "the key is not taken", AT)
    shorter = pacing.closed(state, 1, "go slower", AT)
    assert pacing.shut(shorter, AT) == (AT + 300, "the key is not taken")
    assert pacing.wait(pacing.closed(state, 1e9, "quota", AT), AT) == pacing.LONGEST_CLOSING
    assert pacing.wait(pacing.closed(FIVE, float("nan"), "?", AT), AT) == 0
    assert pacing.wait(pacing.closed(FIVE, -3, "?", AT), AT) == 0


# -- Telling the team -----------------------------------------------------------------------------


def outage(state: PaceState, at: float, times: int) -> list[bool]:
    told = []
    for _ in range(times):
        at += pacing.wait(state, at)
        state = pacing.failed(pacing.take(state, 1, at)[0], "down", at)
        told.append(state.told)
    return told


def test_an_outage_is_told_once_it_lasts_and_stays_told_until_it_is_over() -> None:
    told = outage(failing(FREE, 4, AT), AT, 8)
    assert told == [False, False, False, False, True, True, True, True]


def test_a_closing_that_will_last_is_told_at_once_and_a_brief_one_never() -> None:
    assert pacing.closed(FIVE, 3600, "quota", AT).told
    assert not pacing.closed(FIVE, 30, "go slower", AT).told
    state = FIVE
    for second in range(100):
        state = pacing.closed(state, 1, "go slower", AT + 3 * second)
        assert not state.told
        state = pacing.worked(state, AT + 3 * second + 2)


def test_the_next_outage_is_told_again() -> None:
    state = pacing.worked(pacing.closed(FIVE, 3600, "quota", AT), AT + 3600)
    assert not state.told
    assert pacing.closed(state, 3600, "quota", AT + 4000).told


def test_nothing_holds_up_the_outbox() -> None:
    pace = Unpaced()
    pace.close(60, "?")
    pace.failed("?")
    pace.worked()
    pace.learn(limit=1)
    pace.give_back(1)
    assert (pace.take(7), pace.take(-1), pace.turn(0), pace.wait(), pace.shut()) == (7, 0, 0.0, 0.0, None)


# -- Clocks that jump -----------------------------------------------------------------------------


def test_a_clock_set_back_makes_nothing_last_longer() -> None:
    yesterday = AT - 86_400
    used, _ = pacing.take(FIVE, 5, AT)
    assert pacing.wait(used, yesterday) == 1
    assert pacing.wait(pacing.closed(FIVE, 300, "key", AT), yesterday) == 300
    probed, _ = pacing.take(failing(FREE, 5, AT), 1, AT + 1)
    assert taken(probed, 1, yesterday) == 0
    assert pacing.shut(probed, yesterday) == (yesterday + 1, "Resend failed (503)")
    again = pacing.failed(replace(probed, closed_until=0.0), "down", yesterday)
    assert again.since == yesterday
    assert not again.told


# -- Over any history -----------------------------------------------------------------------------

Act = Callable[[PaceState, float], PaceState]
seconds = st.floats(0, 1e7)
ACTS: dict[str, st.SearchStrategy[Any]] = {
    "learned": st.tuples(st.none() | st.integers(-1, 10**7), st.none() | st.integers(-1, 200), st.none() | seconds),
    "closed": st.tuples(seconds, st.just("closed")),
    "failed": st.tuples(st.just("failed")),
    "worked": st.tuples(),
    "asked_anew": st.tuples(),
}
acts = st.one_of(*(st.tuples(st.just(name), given_) for name, given_ in ACTS.items()))
states = st.sampled_from([FIVE, FREE, PaceState(limit=1, seconds=60.0), PaceState(limit=100, seconds=0.1)])
jumps = st.floats(-1e6, 1e6) | st.floats(0, 3)


def acted(state: PaceState, act: tuple[str, tuple[Any, ...]], at: float) -> PaceState:
    name, values = act
    return getattr(pacing, name)(state, *values, at)  # type: ignore[no-any-return]


@given(st.integers(1, 9), st.lists(st.tuples(st.floats(0, 2), st.integers(0, 12), st.integers(0, 5))))
def test_no_window_ever_gives_more_than_its_limit(limit: int, history: list[tuple[float, int, int]]) -> None:
    state, at, used, ends = PaceState(limit=limit), AT, Counter[int](), {}
    for pause, want, unused in history:
        at += pause
        state, granted = pacing.take(state, want, at)
        back = min(unused, granted)
        state = pacing.given_back(state, back, state.window, at)
        used[state.window] += granted - back
        ends[state.window] = state.window_ends
    assert all(count <= limit for count in used.values())
    assert all(ends[number] + 1 <= ends[number + 1] for number in ends if number + 1 in ends)


@given(states, st.lists(st.tuples(jumps, acts, st.integers(0, 9))))
def test_whatever_happened_the_vendor_is_asked_again(state: PaceState, history: list[Any]) -> None:
    at = AT
    for jump, act, want in history:
        at = max(0.0, at + jump)
        state, granted = pacing.take(acted(state, act, at), want, at)
        assert 0 <= granted <= want
        assert pacing.sound(state)
    longest = pacing.LONGEST_CLOSING + pacing.PROBE + pacing.LONGEST_WINDOW
    pause, looks = 0.0, 0
    while not taken(state, 1, at + pause):
        assert pacing.wait(state, at + pause) > 0
        pause += max(1e-6, pacing.wait(state, at + pause))
        looks += 1
        assert looks < 50
        assert pause <= longest + 0.1


@given(states, st.lists(st.tuples(st.floats(0, 2), acts)))
def test_a_permit_is_had_exactly_when_nothing_is_to_be_waited_for(state: PaceState, history: list[Any]) -> None:
    at = AT
    for pause, act in history:
        at += pause
        state = acted(state, act, at)
        assert bool(taken(state, 1, at)) == (pacing.wait(state, at) == 0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"limit": 0},
        {"limit": 10**9},
        {"seconds": 0.0},
        {"left": 6},
        {"left": -1},
        {"window_for": 1e6},
        {"closed_for": 1e6},
        {"failures": 999},
        {"closed_until": float("inf")},
        {"window_ends": float("nan")},
        {"probing": -1.0},
        {"since": 1e300},
    ],
)
def test_a_state_that_cannot_be_ours_is_seen(wrong: dict[str, Any]) -> None:
    assert pacing.sound(FIVE)
    assert not pacing.sound(replace(FIVE, **wrong))

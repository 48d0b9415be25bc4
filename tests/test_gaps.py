"""When a gap is over: waits added up from where the gap began, whatever happens between."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine.gaps import Gap, gap
from engine.intake import start_directly
from engine.model import Playbook
from engine.scene import Scene
from tests.playbooks import NOON, ada, hours, steps


def of(book: Playbook, since: datetime = NOON, **values: Any) -> Gap:
    """The gap before the only step, for Ada."""
    program, contact = book.sequences["course"], ada(book, **values)
    run = start_directly(program, contact, run_id="r1", now=since)
    scene = Scene(program=program, run=run, contact=contact, now=since)
    return gap(program.steps["one"].gap, scene)


def test_waits_follow_each_other() -> None:
    found = of(steps("- wait: 24 hours\n- wait: until 09:00\n- email: one"))

    assert found.until == datetime(2025, 11, 13, 14, 0, tzinfo=UTC)
    assert found.text == "24 hours, then until 09:00"


def test_a_wait_counts_unless_its_condition_is_false() -> None:
    book = steps("- wait: 24 hours\n  when: visits > 3\n- wait: 1 hour\n- email: one")

    assert of(book, visits=5).until == NOON + hours(25)
    assert of(book, visits=1).until == NOON + hours(1)
    assert of(book).until == NOON + hours(25)


def test_hours_and_days_differ_when_the_clocks_change() -> None:
    fall, spring = datetime(2025, 11, 1, 16, 0, tzinfo=UTC), datetime(2025, 3, 8, 17, 0, tzinfo=UTC)
    exact, clock = steps("- wait: 24 hours\n- email: one"), steps("- wait: 1 day\n- email: one")

    assert (of(exact, fall).until - fall, of(clock, fall).until - fall) == (hours(24), hours(25))
    assert (of(exact, spring).until - spring, of(clock, spring).until - spring) == (hours(24), hours(23))


def test_a_contact_in_another_time_zone_has_its_own_mornings() -> None:
    book = steps("- wait: until 09:00\n- email: one")

    assert of(book, zone="Asia/Tokyo").until == datetime(2025, 11, 13, 0, 0, tzinfo=UTC)
    assert of(book, zone="Nowhere/Land").until == datetime(2025, 11, 12, 14, 0, tzinfo=UTC)


def test_testing_mode_uses_the_testing_length_of_every_wait() -> None:
    text = "- wait: 24 hours\n- wait: until 1 hour before appointment\n  testing: 5 seconds\n- email: one"

    found = of(steps(text, testing=True))

    assert found.until == NOON + timedelta(seconds=65)
    assert found.text == "1 minute, for testing, then 5 seconds, for testing"


@pytest.mark.parametrize(
    ("policy", "skips", "stops"), [("skip next email", True, False), ("go_on", False, False), ("stop", False, True)]
)
def test_a_moment_that_had_passed_when_the_wait_began(policy: str, skips: bool, stops: bool) -> None:
    book = steps(f"- wait: until 2025-11-01\n  if_past: {policy}\n- email: one")
    found = of(book)

    assert (found.skips, found.stops, found.holds) == (skips, stops, False)
    assert found.until == NOON
    assert found.reason == 'the moment of "until 2025-11-01" had passed'


def test_a_moment_that_passes_while_waiting_is_late_and_not_past() -> None:
    found = of(steps("- wait: until 1 hour before appointment\n- email: one"), appointment="2025-11-12T15:00:00Z")

    assert (found.until, found.past) == (NOON + hours(2), None)


def test_an_unknown_moment_is_named() -> None:
    found = of(steps("- wait: until appointment\n  if_unknown: hold\n- email: one"))

    assert found.holds
    assert found.reason == '"until appointment" cannot be told: appointment is unknown'


def test_an_unknown_moment_may_be_passed_over() -> None:
    found = of(steps("- wait: until appointment\n  if_unknown: go_on\n- wait: 1 hour\n- email: one"))

    assert found.until == NOON + hours(1)


def test_a_gap_without_trouble_has_no_reason() -> None:
    assert of(steps("- email: one")).reason == ""

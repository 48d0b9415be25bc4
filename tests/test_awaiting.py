"""Waits for a trigger or a condition, windows and business days, from the file to the story."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from engine.gaps import Gap, gap
from engine.intake import start_directly
from engine.interpreter import advance
from engine.language.conditions import parse_condition
from engine.model import Condition, Contact, Decision, Playbook, Run, RunStatus, Tick
from engine.resuming import shifted
from engine.scene import Scene, is_true
from engine.simulation import Sending, Simulation, simulate_sequence, simulate_triggers
from tests.playbooks import HEAD, NOON, ada, hours, playbook, posted, steps

TRIGGERS = """
triggers:
  enter: {requires: [email], then: [{start: course}]}
  booking: {requires: [email], accepts: [customer, visits]}
sequences:
  course:
    steps:
"""


def course(text: str, *, testing: bool = False, head: str = HEAD) -> Playbook:
    body = "".join(f"      {line}\n" for line in text.strip().splitlines())
    return playbook(TRIGGERS + body, testing=testing, head=head)


def moments(simulation: Simulation) -> list[tuple[str, str | None, timedelta]]:
    kinds = ("wait", "email", "stop", "hold")
    return [(e.kind, e.template or e.note, e.at - NOON) for e in simulation.story if e.kind in kinds]


def booked(book: Playbook, *times: timedelta, **values: Any) -> list[Sending]:
    given = {"email": "ada@example.com", **values}
    return [Sending(trigger=book.triggers["booking"], values=given, at=NOON + time) for time in times]


def simulated(book: Playbook, *sendings: Sending, **values: Any) -> Simulation:
    return simulate_sequence(book, "course", ada(book, **values), NOON, posted, sendings)


BOOKING = course("- email: one\n- wait: for trigger booking, at most 3 days\n- email: two")
CUSTOMER = course("- email: one\n- wait: for customer = true, at most 7 days\n- email: two")


# -- A trigger ----------------------------------------------------------------------------------


def test_a_wait_for_a_trigger_ends_when_it_comes() -> None:
    assert moments(simulated(BOOKING, *booked(BOOKING, hours(5)))) == [
        ("email", "one", hours(0)),
        ("wait", "for trigger booking, at most 3 days", hours(0)),
        ("wait", "booking came", hours(5)),
        ("email", "two", hours(5)),
    ]


def test_and_goes_on_when_its_time_is_over() -> None:
    assert moments(simulated(BOOKING))[2:] == [("wait", "3 days are over", hours(72)), ("email", "two", hours(72))]


@pytest.mark.parametrize(
    ("most", "told"),
    [
        ("1 day", "1 day is over"),
        ("1 business day", "1 business day is over"),
        ("24 hours", "24 hours are over"),
        ("1 day 6 hours", "1 day 6 hours are over"),
    ],
)
def test_the_story_says_how_long_that_was(most: str, told: str) -> None:
    book = course(f"- wait: for trigger booking, at most {most}\n- email: two")

    assert moments(simulated(book))[1][1] == told


def test_a_trigger_that_came_before_the_wait_is_not_waited_for() -> None:
    book = course("- wait: 1 day\n- wait: for trigger booking, at most 3 days\n- email: two")

    assert moments(simulated(book, *booked(book, hours(5))))[-1] == ("email", "two", hours(96))
    assert moments(simulated(book, *booked(book, hours(5), hours(30))))[-1] == ("email", "two", hours(30))


def test_the_trigger_that_starts_a_sequence_is_not_the_one_it_waits_for() -> None:
    book = course("- wait: for trigger enter, at most 3 days\n- email: two")
    enter = [
        Sending(trigger=book.triggers["enter"], values={"email": "ada@example.com"}, at=NOON + hours(time))
        for time in (0, 7)
    ]

    assert moments(simulate_triggers(book, ada(book), posted, enter[:1], "ada@example.com"))[-1][2] == hours(72)
    assert moments(simulate_triggers(book, ada(book), posted, enter, "ada@example.com"))[-1][2] == hours(7)


def test_only_a_trigger_that_somebody_waits_for_is_remembered() -> None:
    assert BOOKING.triggers["booking"].awaited
    assert not BOOKING.triggers["enter"].awaited
    assert not CUSTOMER.triggers["booking"].awaited
    heard = simulated(BOOKING, *booked(BOOKING, hours(5))).contact.heard
    assert heard == {"booking": NOON + hours(5)}


# -- A condition --------------------------------------------------------------------------------


def test_a_wait_for_a_condition_ends_when_it_is_true() -> None:
    bought = booked(CUSTOMER, hours(30), customer=True)

    assert moments(simulated(CUSTOMER, *bought)) == [
        ("email", "one", hours(0)),
        ("wait", "for customer = true, at most 7 days", hours(0)),
        ("wait", "customer = true", hours(30)),
        ("email", "two", hours(30)),
    ]
    assert moments(simulated(CUSTOMER))[2:] == [("wait", "7 days are over", hours(168)), ("email", "two", hours(168))]


def test_what_is_true_already_is_not_waited_for() -> None:
    assert moments(simulated(CUSTOMER, customer=True))[1:] == [
        ("wait", "customer = true", hours(0)),
        ("email", "two", hours(0)),
    ]


def test_what_cannot_be_told_is_waited_for() -> None:
    book = course("- wait: for visits > 3, at most 7 days\n- email: two")

    assert moments(simulated(book))[-1][2] == hours(168)
    assert moments(simulated(book, *booked(book, hours(9), visits=4)))[-1][2] == hours(9)


def test_a_condition_is_first_looked_at_when_the_wait_for_it_begins() -> None:
    book = course("- wait: 1 day\n- wait: for customer = true, at most 7 days\n- email: two")
    bought, gone = booked(book, hours(5), customer=True), booked(book, hours(6), customer=False)

    assert moments(simulated(book, *bought))[-2:] == [
        ("wait", "customer = true", hours(24)),
        ("email", "two", hours(24)),
    ]
    assert moments(simulated(book, *bought, *gone))[-1] == ("email", "two", hours(24 + 168))


def test_the_waits_behind_it_count_from_when_it_was_over() -> None:
    book = course(
        "- wait: for customer = true, at most 7 days\n- wait: 1 day\n"
        "- wait: for trigger booking, at most 2 days\n- wait: 1 hour\n- email: two"
    )
    simulation = simulated(book, *booked(book, hours(10), customer=True), *booked(book, hours(40)))

    assert [(note, at) for kind, note, at in moments(simulation)] == [
        ("for customer = true, at most 7 days", hours(0)),
        ("customer = true", hours(10)),
        ("1 day, then for trigger booking, at most 2 days", hours(10)),
        ("booking came", hours(40)),
        ("1 hour", hours(40)),
        ("two", hours(41)),
    ]
    assert "rest" not in [entry.kind for entry in simulation.story]
    assert list(book.sequences["course"].steps) == ["wait before wait before two", "wait before two", "two"]


def test_a_list_that_ends_with_such_waits_has_places_for_them() -> None:
    book = course(
        "- choose:\n    - when: visits > 3\n"
        "      steps: [{wait: 'for customer, at most 1 day'}, {wait: 1 day}]\n- email: two"
    )
    program = book.sequences["course"]

    assert {name: step.then for name, step in program.steps.items()} == {
        "choose": "two",
        "wait before end of course/steps/0/choose/0/steps": "end of course/steps/0/choose/0/steps",
        "end of course/steps/0/choose/0/steps": "two",
        "two": None,
    }


def test_a_wait_that_does_not_count_is_not_waited_for() -> None:
    book = course("- wait: for customer = true, at most 7 days\n  when: visits > 3\n- email: two")

    assert moments(simulated(book, visits=1)) == [("email", "two", hours(0))]


# -- One look at a time ---------------------------------------------------------------------------


def waiting(book: Playbook, since: datetime = NOON, contact: Contact | None = None) -> Run:
    program = book.sequences["course"]
    run = start_directly(program, contact or ada(book), run_id="r1", now=since)
    return advance(program, run, contact or ada(book), Tick(), since).run


def look(book: Playbook, run: Run, at: datetime, heard: Mapping[str, datetime], **values: Any) -> Decision:
    return advance(book.sequences["course"], run, ada(book, **values).evolve(heard=heard), Tick(), at)


def ended(book: Playbook, since: datetime, heard: datetime, started: datetime) -> Gap:
    program = book.sequences["course"]
    run = start_directly(program, ada(book), run_id="r1", now=since).evolve(started_at=started)
    contact = ada(book).evolve(heard={"booking": heard})
    return gap(program.steps["two"].gap, Scene(program=program, run=run, contact=contact, now=since + hours(1)))


MICRO = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("after_the_start", "heard", "met"),
    [
        (hours(1), timedelta(0), True),  # in the millisecond in which the wait began
        (hours(1), -300 * MICRO, True),  # the ledger cuts what is below it
        (hours(1), timedelta(milliseconds=-1), False),
        (timedelta(0), timedelta(0), False),  # this is what began it
        (timedelta(0), timedelta(milliseconds=1), True),
    ],
)
def test_what_comes_in_the_same_millisecond_is_not_lost(
    after_the_start: timedelta, heard: timedelta, met: bool
) -> None:
    since = NOON + 500 * MICRO
    found = ended(BOOKING, since, since + heard, since - after_the_start)

    assert found.met is met
    assert found.until >= since


def test_looking_late_twice_or_too_early_does_no_harm() -> None:
    book = course("- wait: for trigger booking, at most 3 days\n- email: two")
    run, heard = waiting(book), {"booking": NOON + hours(2)}

    early = look(book, run, NOON + hours(1), {})
    late = look(book, run, NOON + hours(200), heard)

    assert (early.run.due_at, early.story) == (NOON + hours(72), ())
    assert [entry.note for entry in late.story] == ["booking came"]
    assert late.run.status is RunStatus.SENDING


def test_what_came_after_the_time_was_over_came_too_late() -> None:
    book = course("- wait: for trigger booking, at most 3 days\n- email: two")

    late = look(book, waiting(book), NOON + hours(200), {"booking": NOON + hours(73)})
    true = look(
        CUSTOMER, waiting(CUSTOMER).evolve(status=RunStatus.WAITING, step="two"), NOON + hours(200), {}, customer=True
    )

    assert [entry.note for entry in late.story] == ["3 days are over"]
    assert [entry.note for entry in true.story] == ["7 days are over"]


def test_a_run_that_is_held_behind_the_wait_says_only_once_what_ended_it() -> None:
    book = course("- wait: for trigger booking, at most 3 days\n- email: {HOT: hot, COLD: cold}\n  id: two")
    heard = {"booking": NOON + hours(2)}

    held = look(book, waiting(book), NOON + hours(2), heard)
    again = look(book, held.run, NOON + hours(3), heard)

    assert [entry.kind for entry in held.story] == ["wait", "hold"]
    assert again.story == ()


def test_in_testing_mode_nobody_waits_longer_than_a_test() -> None:
    book = course(
        "- wait: for trigger booking, at most 3 days\n- email: one\n"
        "- wait: for customer = true, at most 7 days\n  testing: 5 minutes\n- email: two\n"
        "- wait: 2 business days\n  between: 09:00-09:01\n  only_on: Monday\n- email: three",
        testing=True,
    )
    simulation = simulated(book, *booked(book, timedelta(seconds=20)))

    assert [(note, at) for kind, note, at in moments(simulation)] == [
        ("for trigger booking, at most 1 minute, for testing", timedelta(0)),
        ("booking came", timedelta(seconds=20)),
        ("one", timedelta(seconds=20)),
        ("for customer = true, at most 5 minutes, for testing", timedelta(seconds=20)),
        ("5 minutes are over", timedelta(minutes=5, seconds=20)),
        ("two", timedelta(minutes=5, seconds=20)),
        ("1 minute, for testing", timedelta(minutes=5, seconds=20)),
        ("three", timedelta(minutes=6, seconds=20)),
    ]


# -- After a pause ----------------------------------------------------------------------------------


def after_pause(book: Playbook, contact: Contact) -> Run:
    return shifted(book.sequences["course"], waiting(book), contact, NOON + hours(24), NOON + hours(48))


def test_what_came_during_a_pause_has_come() -> None:
    book = course("- wait: for trigger booking, at most 3 days\n- email: two")
    contact = ada(book).evolve(heard={"booking": NOON + hours(30)})

    run = after_pause(book, contact)

    assert run.due_at == NOON + hours(30)
    assert advance(book.sequences["course"], run, contact, Tick(), NOON + hours(48)).story[0].note == "booking came"


def test_what_did_not_come_has_as_much_time_left_as_before_the_pause() -> None:
    book = course("- wait: for trigger booking, at most 3 days\n- email: two")

    run = after_pause(book, ada(book))

    assert (run.since, run.due_at) == (NOON + hours(24), NOON + hours(96))


# -- Windows and business days ------------------------------------------------------------------------


def test_a_wait_ends_when_its_window_opens() -> None:
    book = course(
        "- wait: 1 hour\n  between: 09:00-17:00\n  only_on: weekdays\n- email: one\n"
        "- wait: 10 hours\n  between: 09:00-17:00\n- email: two"
    )
    simulation = simulated(book, zone="Europe/London")

    assert moments(simulation) == [
        ("wait", "1 hour, between 09:00-17:00, only on weekdays", hours(0)),
        ("email", "one", hours(1)),
        ("wait", "10 hours, between 09:00-17:00", hours(1)),
        ("email", "two", hours(21)),
    ]


def test_the_window_is_where_the_contact_is() -> None:
    book = course("- wait: 1 hour\n  between: 09:00-17:00\n- email: one")

    at = {zone: moments(simulated(book, zone=zone))[-1][2] for zone in ("Asia/Tokyo", "America/Toronto", "nowhere")}

    assert at == {"Asia/Tokyo": hours(12), "America/Toronto": hours(2), "nowhere": hours(2)}


def test_weekdays_are_without_the_holidays_of_the_file() -> None:
    off = HEAD.replace("version: 1", "version: 1\nholidays: [2025-11-13, 14 November]")
    wait = "- wait: 1 hour\n  only_on: {days}\n- email: one\n- wait: 1 business day\n- email: two"

    weekdays = simulated(course(wait.format(days="weekdays"), head=off), zone="Asia/Tokyo")
    named = simulated(course(wait.format(days="[Thursday]"), head=off), zone="Asia/Tokyo")

    assert [at for kind, _, at in moments(weekdays) if kind == "email"] == [hours(1), hours(5 * 24 + 1)]
    assert [at for kind, _, at in moments(named) if kind == "email"] == [hours(3), hours(4 * 24 + 3)]


def test_business_days_in_conditions_skip_holidays_too() -> None:
    off = HEAD.replace("version: 1", "version: 1\nholidays: [2025-11-11]")
    text = "- email: one\n  when: signup_date > 1 business day ago\n- email: two\n  when: signup_date > 2 days ago"
    sendings = booked(course(text, head=off))

    found = simulated(course(text, head=off), *sendings, signup_date="2025-11-10T12:30:00Z")
    plain = simulated(course(text), *sendings, signup_date="2025-11-10T12:30:00Z")

    assert [entry.template for entry in found.story if entry.template] == ["one", "two"]
    assert [entry.template for entry in plain.story if entry.template] == ["two"]


def test_a_condition_of_the_values_alone_skips_holidays_too() -> None:
    off = HEAD.replace("version: 1", "version: 1\nholidays: [2025-11-11]")
    words = course("- email: one", head=off).vocabulary
    condition = parse_condition("signup_date > 1 business day ago", words)

    assert isinstance(condition, Condition)
    assert is_true(condition, words, {"signup_date": "2025-11-10T12:30:00Z"}, NOON)
    assert not is_true(condition, replace(words, holidays=frozenset()), {"signup_date": "2025-11-10T12:30:00Z"}, NOON)


@pytest.mark.parametrize(("again", "enters"), [("3 business days", False), ("2 business days", True)])
def test_so_many_business_days_must_pass_before_a_new_start(again: str, enters: bool) -> None:
    off = HEAD.replace("version: 1", "version: 1\nholidays: [2025-11-13]")
    text = TRIGGERS.replace("  course:\n", f"  course:\n    again_after: {again}\n") + "      - email: one\n"
    book = playbook(text, head=off)
    enter = [
        Sending(trigger=book.triggers["enter"], values={"email": "ada@example.com"}, at=NOON + hours(24 * day))
        for day in (0, 5)  # a Wednesday, and the Monday after it: the Friday and the Monday are the business days
    ]

    story = simulate_triggers(book, ada(book), posted, enter, "ada@example.com").story

    assert len([entry for entry in story if entry.template == "one"]) == 1 + enters


def test_a_window_also_opens_for_who_came_too_late_and_goes_on() -> None:
    wait = "- wait: until 2025-11-01\n  if_past: {policy}\n  between: 09:00-17:00\n- email: one\n- email: two"

    goes_on = simulated(course(wait.format(policy="go_on")))
    skips = simulated(course(wait.format(policy="skip next email")))

    assert moments(goes_on) == [
        ("wait", "between 09:00-17:00", hours(0)),
        ("email", "one", hours(2)),
        ("email", "two", hours(2)),
    ]
    assert [at for kind, _, at in moments(skips)] == [hours(0)] * 3


def test_a_window_also_opens_for_who_does_not_wait_for_what_is_unknown() -> None:
    book = course("- wait: until appointment\n  if_unknown: go_on\n  only_on: weekends\n- email: one")

    assert moments(simulated(book)) == [
        ("wait", "only on weekends", hours(0)),
        ("email", "one", hours(2 * 24 + 17)),
    ]
    assert moments(simulated(course("- wait: until appointment\n  if_unknown: go_on\n- email: one"))) == [
        ("email", "one", hours(0))
    ]


def test_what_has_come_waits_for_its_window() -> None:
    text = "- wait: {what}, at most 3 days\n  between: 09:00-17:00\n- email: two"
    trigger, condition = (
        course(text.format(what="for trigger booking")),
        course(text.format(what="for customer = true")),
    )

    by_trigger = simulated(trigger, *booked(trigger, hours(12)))
    by_condition = simulated(condition, *booked(condition, hours(12), customer=True))

    assert moments(by_trigger)[1:] == [("wait", "booking came", hours(26)), ("email", "two", hours(26))]
    assert moments(by_condition)[1:] == [("wait", "customer = true", hours(26)), ("email", "two", hours(26))]
    assert moments(simulated(steps("- wait: 2 business days\n- email: one")))[-1][2] == hours(48)


def test_what_runs_wait_for_on_an_earlier_version_is_listened_to_as_well() -> None:
    plain = course("- email: one")

    kept = plain.with_earlier({3: BOOKING, 4: None})

    assert not plain.triggers["booking"].awaited
    assert kept.triggers["booking"].awaited
    assert not kept.triggers["enter"].awaited
    assert kept.earlier == {3: BOOKING, 4: None}

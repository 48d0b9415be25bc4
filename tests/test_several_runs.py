"""``one_run_per`` and ``with``: several runs of one contact, each with values of its own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.enrolment import enrol, stopped_by
from engine.intake import receive, start_directly
from engine.interpreter import advance
from engine.model import (
    Contact,
    Outcome,
    Playbook,
    RaiseAlert,
    Run,
    RunStatus,
    SendEmail,
    StartRun,
    StopRuns,
    Tick,
    Value,
)
from engine.rendering import render_message
from engine.scene import Scene
from engine.simulation import Sending, Simulation, simulate_sequence, simulate_triggers
from tests.playbooks import NOON, ada, hours, playbook, posted, steps

HEAD = """
version: 1
email: {from: Sang Le <sang@example.com>}
contact:
  email: {type: email}
  appointment_id: {type: text}
  appointment_time: {type: datetime}
  cancelled_at: {type: datetime}
  place: {type: text, default: online}
  visits: {type: whole number}
  segment: {type: segment}
segments:
  - REGULAR: visits >= 3
  - NEW: otherwise
"""
BOOKINGS = """
triggers:
  booking:
    requires: [email, appointment_id, appointment_time]
    accepts: [place, visits]
    then:
      - start: reminders
  cancelled:
    requires: [email]
    accepts: [appointment_id]
    then:
      - stop: {sequence: reminders}
sequences:
  reminders:
    one_run_per: appointment_id
    POLICY
    steps:
      - email: booked
        subject: "{{ appointment_id }} at {{ appointment_time|date('time') }}"
      - wait: until 24 hours before appointment_time
      - email: tomorrow
        subject: "{{ appointment_id }} at {{ appointment_time|date('time') }}"
      - wait: until 1 hour before appointment_time
      - email: soon
        subject: "{{ appointment_id }} at {{ appointment_time|date('time') }}"
"""


def bookings(policy: str = "if_already_in: ignore") -> Playbook:
    return playbook(BOOKINGS.replace("POLICY", policy), head=HEAD)


def at(after: timedelta) -> str:
    return (NOON + after).strftime("%Y-%m-%dT%H:%M:%SZ")


def fire(book: Playbook, trigger: str, after: timedelta, **values: Value) -> Sending:
    return Sending(trigger=book.triggers[trigger], values={"email": "ada@example.com", **values}, at=NOON + after)


def book_a(book: Playbook, after: timedelta, key: str, when: timedelta) -> Sending:
    return fire(book, "booking", after, appointment_id=key, appointment_time=at(when))


def say(effect: SendEmail, scene: Scene) -> Outcome:
    shown = {**scene.shown, "timezone_": scene.zone.key}
    return posted(effect.evolve(template=f"{effect.template} {render_message(effect.subject or '', shown)}"), scene)


def play(book: Playbook, *sendings: Sending) -> Simulation:
    return simulate_triggers(book, None, say, sendings, "ada@example.com")


def emails(simulation: Simulation) -> list[tuple[timedelta, str]]:
    return [(one.at - NOON, one.template) for one in simulation.story if one.kind == "email" and one.template]


def notes(simulation: Simulation, kind: str) -> list[str]:
    """The lines of the steps of a kind; those that runs get from others have no step."""
    return [one.note for one in simulation.story if one.kind == kind and (one.step or kind == "stop")]


def test_two_booked_calls_are_reminded_of_each_at_its_own_time() -> None:
    book = bookings()

    found = play(book, book_a(book, hours(0), "A", hours(72)), book_a(book, hours(10), "B", hours(50)))

    assert emails(found) == [
        (hours(0), "booked A at 12:00"),
        (hours(10), "booked B at 14:00"),
        (hours(26), "tomorrow B at 14:00"),
        (hours(48), "tomorrow A at 12:00"),
        (hours(49), "soon B at 14:00"),
        (hours(71), "soon A at 12:00"),
    ]
    assert notes(found, "start") == [
        "reminders: started, for appointment_id = A",
        "reminders: started, for appointment_id = B",
    ]


def test_two_calls_that_come_in_at_once_are_both_seen() -> None:
    book = bookings()

    found = play(book, book_a(book, hours(0), "A", hours(72)), book_a(book, hours(0), "B", hours(50)))

    assert [text for _, text in emails(found)][:2] == ["booked A at 12:00", "booked B at 14:00"]
    assert len(emails(found)) == 6


def test_a_call_that_is_moved_is_reminded_of_at_its_new_time() -> None:
    book = bookings()

    found = play(
        book,
        book_a(book, hours(0), "A", hours(72)),
        book_a(book, hours(1), "B", hours(73)),
        book_a(book, hours(2), "A", hours(100)),
    )

    assert [one for one in emails(found) if " A " in one[1]] == [
        (hours(0), "booked A at 12:00"),
        (hours(76), "tomorrow A at 16:00"),
        (hours(99), "soon A at 16:00"),
    ]
    assert [one for one in emails(found) if " B " in one[1]][-1] == (hours(72), "soon B at 13:00")
    assert notes(found, "start")[-1] == (
        "reminders: not started: already in it, for appointment_id = A; appointment_time is now 2025-11-16T16:00:00Z"
    )
    assert [(one.run, one.entry.note) for one in found.lines if one.entry.kind == "start" and not one.entry.step] == [
        ("run-2", "by trigger booking, for appointment_id = A"),
        ("run-4", "by trigger booking, for appointment_id = B"),
        ("run-2", "appointment_time is now 2025-11-16T16:00:00Z, by trigger booking"),
    ]


def test_a_call_that_is_booked_again_unchanged_says_nothing_new() -> None:
    book = bookings()

    found = play(book, book_a(book, hours(0), "A", hours(72)), book_a(book, hours(2), "A", hours(72)))

    assert notes(found, "start")[-1] == "reminders: not started: already in it, for appointment_id = A"
    assert len(emails(found)) == 3


def test_with_restart_a_moved_call_begins_again_and_only_that() -> None:
    book = bookings("if_already_in: restart")

    found = play(
        book,
        book_a(book, hours(0), "A", hours(72)),
        book_a(book, hours(1), "B", hours(73)),
        book_a(book, hours(2), "A", hours(100)),
    )

    assert [text for _, text in emails(found)][:3] == ["booked A at 12:00", "booked B at 13:00", "booked A at 16:00"]
    assert notes(found, "start")[-1] == "reminders: started again, for appointment_id = A"
    assert notes(found, "stop") == ["started again"]
    assert len(emails(found)) == 7


def test_a_cancelled_call_ends_its_own_run() -> None:
    book = bookings()

    found = play(
        book,
        book_a(book, hours(0), "A", hours(72)),
        book_a(book, hours(0), "B", hours(72)),
        fire(book, "cancelled", hours(5), appointment_id="A"),
    )

    assert [text for _, text in emails(found)] == [
        "booked A at 12:00",
        "booked B at 12:00",
        "tomorrow B at 12:00",
        "soon B at 12:00",
    ]
    assert notes(found, "stop") == [
        "reminders: 1 run ended, for appointment_id = A",
        "stopped by trigger cancelled",
    ]


def test_who_does_not_say_which_call_ends_all_of_them() -> None:
    book = bookings()

    found = play(
        book,
        book_a(book, hours(0), "A", hours(72)),
        book_a(book, hours(0), "B", hours(72)),
        fire(book, "cancelled", hours(5)),
    )

    assert len(emails(found)) == 2
    assert notes(found, "stop")[0] == "reminders: 2 runs ended"


def test_a_call_that_is_over_may_not_be_booked_again_but_another_may() -> None:
    book = bookings()

    found = play(
        book,
        book_a(book, hours(0), "A", hours(30)),
        book_a(book, hours(40), "A", hours(80)),
        book_a(book, hours(41), "B", hours(80)),
    )

    assert notes(found, "start")[1:] == [
        "reminders: not started: was in it before, on 2025-11-12, for appointment_id = A",
        "reminders: started, for appointment_id = B",
    ]


def test_without_its_value_nothing_is_started_and_the_team_is_told() -> None:
    text = BOOKINGS.replace(
        "requires: [email, appointment_id, appointment_time]", "requires: [email, appointment_time]"
    )
    book = playbook(text.replace("POLICY", "if_already_in: ignore"), head=HEAD)

    found = play(book, fire(book, "booking", hours(0), appointment_time=at(hours(72))))

    assert emails(found) == []
    assert notes(found, "start") == ["reminders: not started: appointment_id is unknown"]
    assert found.alerts == (
        RaiseAlert(
            message="reminders was not started for ada@example.com: appointment_id is unknown",
            topic="reminders not started: appointment_id is unknown",
            colour="orange",
        ),
    )


def test_a_run_that_is_simulated_has_its_own_values_too() -> None:
    book = bookings()
    contact = Contact(
        id="c1", email="ada@example.com", values={"appointment_id": "A", "appointment_time": at(hours(72)), "visits": 5}
    )

    run = start_directly(book.sequences["reminders"], contact, run_id="r1", now=NOON)

    assert (run.key, run.segment) == ("A", "REGULAR")
    assert run.given == {"appointment_id": "A", "appointment_time": at(hours(72))}
    assert len(emails(simulate_sequence(book, "reminders", contact, NOON, say))) == 3


# -- with -------------------------------------------------------------------------------------

WITH = """
triggers:
  enter:
    requires: [email, appointment_time]
    accepts: [visits]
    then:
      - start: course
        with: {place: Toronto, cancelled_at: appointment_time, visits: 7, appointment_time: now}
sequences:
  course:
    again_after: any_time
    steps:
      - email: one
      - wait: 1 day
      - email: {REGULAR: regular, NEW: new}
        id: two
        when: place = Toronto and visits = 7
      - wait: until cancelled_at
      - email: three
"""


def test_what_a_run_was_given_wins_over_what_the_contact_has() -> None:
    book = playbook(WITH, head=HEAD)
    first = fire(book, "enter", hours(0), appointment_time=at(hours(48)), visits=0)
    later = Sending(
        trigger=book.triggers["enter"], values={"email": "ada@example.com", "visits": 1}, at=NOON + hours(2)
    )

    found = play(book, first, later)

    assert [(when, text.strip()) for when, text in emails(found)] == [
        (hours(0), "one"),
        (hours(24), "regular"),
        (hours(48), "three"),
    ]
    assert found.contact.values["visits"] == 1
    assert notes(found, "start")[-1] == "course: not started: already in it"


def test_values_are_given_as_they_are_at_the_start() -> None:
    book = playbook(WITH, head=HEAD)
    trigger = book.triggers["enter"]
    values = {"email": "ada@example.com", "appointment_time": at(hours(48))}
    intake = receive(
        trigger, book.vocabulary, values, None, email="ada@example.com", event_id="e1", contact_id="c1", now=NOON
    )

    (effect,) = advance(trigger.program, intake.run, intake.contact, Tick(), NOON).effects

    assert intake.run.given == {"appointment_time": at(hours(48))}
    assert effect == StartRun(
        sequence="course",
        given={"place": "Toronto", "cancelled_at": at(hours(48)), "visits": 7, "appointment_time": at(hours(0))},
        seen={"appointment_time": at(hours(48))},
    )


def test_a_value_that_is_not_known_at_the_start_is_not_given() -> None:
    program = steps("- start: course\n  with: {appointment: signup_date}").sequences["course"]
    run = start_directly(program, ada(), run_id="r1", now=NOON)

    assert advance(program, run, ada(), Tick(), NOON).effects[0] == StartRun(sequence="course")


def test_a_trigger_that_starts_nothing_of_the_kind_keeps_nothing() -> None:
    book = steps("- email: one")
    intake = receive(
        book.triggers["enter"],
        book.vocabulary,
        {"email": "ada@example.com", "red": 3},
        None,
        email="ada@example.com",
        event_id="e1",
        contact_id="c1",
        now=NOON,
    )

    assert intake.run.given == {}


def test_a_save_changes_what_the_run_was_given_too() -> None:
    text = """
triggers:
  enter: {requires: [email], then: [{start: course, with: {place: Toronto}}]}
sequences:
  course:
    steps:
      - save: {place: Berlin, visits: 2}
      - email: one
        when: place = Berlin
      - save: {place: unknown}
      - email: two
        when: place is unknown
"""
    book = playbook(text, head=HEAD)

    found = play(book, fire(book, "enter", hours(0)))

    assert [text.strip() for _, text in emails(found)] == ["one", "two"]
    assert found.contact.values.get("visits") == 2
    assert "place" not in found.contact.values


def test_a_run_that_starts_another_of_the_same_kind_passes_on_its_own_value() -> None:
    text = """
triggers:
  booking: {requires: [email, appointment_id, appointment_time], then: [{start: first}]}
sequences:
  first: {one_run_per: appointment_id, steps: [{wait: 1 day}, {start: second}]}
  second: {one_run_per: appointment_id, steps: [{wait: until appointment_time}, {email: one}]}
"""
    book = playbook(text, head=HEAD)

    found = play(book, book_a(book, hours(0), "A", hours(72)), book_a(book, hours(1), "B", hours(90)))

    assert notes(found, "start")[2:] == [
        "second: started, for appointment_id = A",
        "second: started, for appointment_id = B",
    ]


def test_a_start_and_a_stop_are_done_in_the_order_of_the_file() -> None:
    text = """
triggers:
  enter: {requires: [email], then: [{start: course}]}
  again: {requires: [email], then: [{stop: {sequence: course}}, {start: course}]}
sequences:
  course: {again_after: any_time, steps: [{wait: 1 day}, {email: one}]}
"""
    book = playbook(text, head=HEAD)

    found = play(book, fire(book, "enter", hours(0)), fire(book, "again", hours(10)))

    assert emails(found) == [(hours(34), "one ")]


# -- Against a slow model -----------------------------------------------------------------------

DAYS = st.integers(0, 40)
EARLIER = st.lists(st.tuples(st.sampled_from("AB"), DAYS, st.booleans()), max_size=6)


def run_of(book: Playbook, number: int, key: str, days: int, live: bool) -> Run:
    begun = NOON - timedelta(days=days)
    run = start_directly(
        book.sequences["reminders"], Contact(id="c1", email="a@example.com"), run_id=f"r{number}", now=begun
    )
    status = RunStatus.WAITING if live else RunStatus.FINISHED
    return run.evolve(key=key, status=status, given={"appointment_id": key})


def model(policy: str, rest: int | None, earlier: list[tuple[str, int, bool]], key: str) -> tuple[bool, int]:
    """Whether a contact enters, and how many runs that ends: said as plainly as the language says it."""
    ages, live = [], 0
    for other, days, lives in earlier:
        if other == key:
            ages.append(days)
            live += lives
    if live:
        return {"ignore": (False, 0), "restart": (True, live), "run_both": (True, 0)}[policy]
    if not ages:
        return True, 0
    return (rest is not None and min(ages) >= rest), 0


@given(
    policy=st.sampled_from(["ignore", "restart", "run_both"]),
    rest=st.sampled_from([None, 0, 7, 30]),
    earlier=EARLIER,
    key=st.sampled_from("ABC"),
)
def test_policies_hold_for_each_value_alone(
    policy: str, rest: int | None, earlier: list[tuple[str, int, bool]], key: str
) -> None:
    again = {None: "never", 0: "any_time"}.get(rest, f"{rest} days")
    book = bookings(f"if_already_in: {policy}\n    again_after: {again}")
    runs = [run_of(book, number, *one) for number, one in enumerate(earlier)]
    contact = Contact(id="c1", email="a@example.com", values={"appointment_id": key})

    found = enrol(book.sequences["reminders"], contact, runs, run_id="new", event_id=None, now=NOON)

    assert (found.run is not None, len(found.replaced)) == model(policy, rest, earlier, key)
    assert all(run.key == key for run in (*found.replaced, *found.renewed))
    assert found.run is None or found.run.key == key


@given(earlier=EARLIER, key=st.sampled_from(["A", "C", None]))
def test_a_stop_ends_the_runs_that_are_meant(earlier: list[tuple[str, int, bool]], key: str | None) -> None:
    book = bookings()
    runs = [run_of(book, number, *one) for number, one in enumerate(earlier)]
    effect = StopRuns(sequence="reminders", reason="x", seen={"appointment_id": key} if key else {"place": "Berlin"})

    ended, note = stopped_by(book.sequences["reminders"], effect, runs)

    assert [run.id for run in ended] == [
        f"r{number}" for number, (other, _, live) in enumerate(earlier) if live and key in (None, other)
    ]
    assert note.startswith(f"{len(ended)} run{'' if len(ended) == 1 else 's'} ended")


@pytest.mark.parametrize(("value", "key"), [(17, "17"), ("A 17", "A 17"), (True, "true"), (["a", "b"], "[a, b]")])
def test_a_key_is_text(value: Any, key: str) -> None:
    contact = Contact(id="c1", email="a@example.com", values={"appointment_id": value})

    assert start_directly(bookings().sequences["reminders"], contact, run_id="r1", now=NOON).key == key


def test_only_what_the_sequence_waits_for_is_kept() -> None:
    program = bookings().sequences["reminders"]

    assert program.own == ("appointment_id", "appointment_time")
    assert steps("- email: one").sequences["course"].own == ()


def test_of_a_sequence_that_has_gone_all_runs_are_stopped() -> None:
    runs = [run_of(bookings(), 0, "A", 1, True), run_of(bookings(), 1, "B", 1, False)]
    effect = StopRuns(sequence="reminders", reason="x", seen={"appointment_id": "B"})

    assert stopped_by(None, effect, runs) == ((runs[0],), "")

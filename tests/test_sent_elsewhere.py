"""``already_sent``: emails that somebody else has sent, and the gaps that count from them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from engine.intake import start_directly
from engine.interpreter import advance
from engine.model import Moved, Playbook, RunStatus, ShowProgress, Tick
from engine.simulation import Sending, Simulation, simulate_triggers
from tests.playbooks import NOON, ada, hours, playbook, posted

FILE = """
triggers:
  enter:
    requires: [email]
    accepts: [appointment, signup_date]
    then:
      - start: course
        already_sent: {MARKS}
sequences:
  course:
    record: {sent: "Email {n}", sent_at: "Email {n} at"}
    steps:
      STEPS
"""
THREE = ["- email: one", "- wait: 48 hours", "- email: two", "- wait: 48 hours", "- email: three"]


def book(marks: str = "one: appointment, two: signup_date", lines: list[str] = THREE) -> Playbook:
    return playbook(FILE.replace("MARKS", marks).replace("STEPS", "\n      ".join(lines)))


def at(after: timedelta) -> str:
    return (NOON + after).strftime("%Y-%m-%dT%H:%M:%SZ")


def play(found: Playbook, **values: Any) -> Simulation:
    sending = Sending(trigger=found.triggers["enter"], values={"email": "ada@example.com", **values}, at=NOON)
    return simulate_triggers(found, None, posted, [sending], "ada@example.com")


def emails(simulation: Simulation) -> list[tuple[str, timedelta]]:
    return [(one.template, one.at - NOON) for one in simulation.story if one.kind == "email" and one.template]


def test_an_email_that_was_sent_elsewhere_is_left_out_and_the_gap_counts_from_then() -> None:
    found = play(book(), appointment=at(hours(-10)))

    assert emails(found) == [("two", hours(38)), ("three", hours(86))]
    line = next(one for one in found.story if one.step == "one")
    assert (line.kind, line.note, line.template) == ("email", "sent elsewhere, on 2025-11-11 at 21:00", None)
    assert found.progress[:2] == (
        ShowProgress({"Email 1": True}),
        ShowProgress({"Email 1 at": "2025-11-12T02:00:00Z"}),
    )


def test_what_was_sent_long_ago_lets_the_next_email_go_at_once() -> None:
    assert emails(play(book(), appointment=at(hours(-1000)))) == [("two", hours(0)), ("three", hours(48))]


def test_two_in_a_row_count_from_the_second() -> None:
    assert emails(play(book(), appointment=at(hours(-90)), signup_date=at(hours(-40)))) == [("three", hours(8))]


def test_an_unknown_moment_marks_nothing() -> None:
    assert emails(play(book())) == [("one", hours(0)), ("two", hours(48)), ("three", hours(96))]


def test_a_later_email_alone_is_left_out_when_the_run_comes_to_it() -> None:
    found = play(book(), signup_date=at(hours(-40)))

    assert emails(found) == [("one", hours(0)), ("three", hours(48))]
    assert [one.note for one in found.story if one.step == "two"] == ["sent elsewhere, on 2025-11-10 at 15:00"]


def test_positions_stay() -> None:
    shown = [name for one in play(book(), appointment=at(hours(-10))).progress for name in one.properties]

    assert shown == ["Email 1", "Email 1 at", "Email 2", "Email 2 at", "Email 3", "Email 3 at"]


def test_a_date_counts_from_its_beginning_and_now_from_now() -> None:
    assert emails(play(book("one: 2025-11-12"))) == [("two", hours(41)), ("three", hours(89))]
    assert emails(play(book("one: now"))) == [("two", hours(48)), ("three", hours(96))]


@pytest.mark.parametrize(
    "line",
    [
        "- save: {visits: 1}",
        "- alert: hello",
        "- email: never\n        when: visits = 7",
        "- stop: {sequence: course}\n        when: visits = 7",
    ],
)
def test_steps_that_take_no_time_do_not_begin_the_gap_anew(line: str) -> None:
    found = play(book(lines=[THREE[0], line, *THREE[1:]]), appointment=at(hours(-10)))

    assert emails(found)[0] == ("two", hours(38))


def test_a_branch_does_not_begin_the_gap_anew_but_a_wait_does() -> None:
    branch = ["- choose:", "    - when: visits = 7", "      steps: [{wait: 1 day}]", *THREE[1:]]
    rest = ["- wait: 1 hour", "- save: {visits: 1}", *THREE[1:]]

    assert emails(play(book(lines=[THREE[0], *branch]), appointment=at(hours(-10))))[0] == ("two", hours(38))
    assert emails(play(book(lines=[THREE[0], *rest]), appointment=at(hours(-10))))[0] == ("two", hours(48))


def test_the_email_whose_moment_had_passed_is_the_one_that_was_sent_elsewhere() -> None:
    lines = ["- wait: until appointment", "- save: {visits: 1}", *THREE]

    found = play(book("one: now", lines), appointment=at(hours(-1)))

    assert emails(found) == [("two", hours(48)), ("three", hours(96))]


def test_it_is_not_waited_for() -> None:
    lines = ["- wait: 10 days", *THREE]

    assert emails(play(book(lines=lines), appointment=at(hours(-10))))[0] == ("two", hours(38))


def test_a_moment_to_come_is_waited_for() -> None:
    assert emails(play(book(), appointment=at(hours(10)), signup_date=at(hours(5)))) == [("three", hours(58))]


def test_a_run_that_was_told_nothing_looks_at_no_marks() -> None:
    found = book()
    simulation = play(found, appointment=at(hours(-10)))
    run = simulation.run
    assert run is not None
    assert run.elsewhere == {"one": NOON - hours(10)}
    fresh = run.evolve(elsewhere={}, step="one", status=RunStatus.READY, since=NOON, ended_at=None)

    assert advance(found.sequences["course"], fresh, simulation.contact, Tick(), NOON).effects[-1].template == "one"


def test_a_mark_stays_with_an_email_that_was_renamed() -> None:
    found = book()
    program = found.sequences["course"]
    renamed = replace(program, moved={"first": Moved("one", renamed=True), "gone": Moved("two")})
    contact = ada(found)
    run = start_directly(renamed, contact, run_id="r1", now=NOON).evolve(elsewhere={"first": NOON, "gone": NOON})

    decision = advance(renamed, run, contact, Tick(), NOON)

    assert [(one.step, one.kind) for one in decision.story] == [("one", "email"), ("two", "wait")]
    assert decision.run.due_at == NOON + hours(48)

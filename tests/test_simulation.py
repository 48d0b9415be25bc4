"""Whole stories on a virtual clock."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from engine.model import Playbook, RunStatus, Unready
from engine.simulation import Sending, Setting, Simulation, Suppressing, simulate_sequence, simulate_triggers
from tests.playbooks import NOON, ada, hours, playbook, posted, steps


def emails(simulation: Simulation) -> list[tuple[str | None, timedelta]]:
    return [(entry.template, entry.at - NOON) for entry in simulation.story if entry.kind == "email" and entry.template]


def fire(book: Playbook, *times: timedelta, trigger: str = "enter", **values: Any) -> list[Sending]:
    given = {"email": "ada@example.com", **values}
    return [Sending(trigger=book.triggers[trigger], values=given, at=NOON + time) for time in times]


def test_a_sequence_runs_to_its_end() -> None:
    book = steps("- email: one\n- wait: 24 hours\n- email: two\n- wait: 2 days\n- email: three")

    simulation = simulate_sequence(book, "course", ada(book), NOON, posted)

    assert emails(simulation) == [("one", hours(0)), ("two", hours(24)), ("three", hours(72))]
    assert simulation.run is not None
    assert simulation.run.status is RunStatus.FINISHED


def test_a_trigger_starts_a_sequence_once() -> None:
    book = steps("- email: one\n- wait: 1 day\n- email: two")

    simulation = simulate_triggers(book, None, posted, fire(book, hours(0), hours(3)), "ada@example.com")

    assert emails(simulation) == [("one", hours(0)), ("two", hours(24))]
    starts = [entry.note for entry in simulation.story if entry.kind == "start"]
    assert starts == ["course: started", "by trigger enter", "course: not started: already in it"]


def test_a_restart_begins_anew_and_ends_the_old_run() -> None:
    book = steps("- email: one\n- wait: 1 day\n- email: two", if_already_in="restart")

    simulation = simulate_triggers(book, ada(book), posted, fire(book, hours(0), hours(12)), "ada@example.com")

    assert emails(simulation) == [("one", hours(0)), ("one", hours(12)), ("two", hours(36))]
    assert [entry.note for entry in simulation.story if entry.kind == "stop"] == ["started again"]


def test_a_later_event_changes_what_a_waiting_run_does() -> None:
    text = """
triggers:
  bought: {requires: [email, customer]}
sequences:
  course: {stop_when: customer = true, steps: [{email: one}, {wait: 2 days}, {email: two}]}
"""
    book = playbook(text)

    simulation = simulate_sequence(
        book, "course", ada(book), NOON, posted, fire(book, hours(24), trigger="bought", customer=True)
    )

    assert emails(simulation) == [("one", hours(0))]
    assert simulation.run is not None
    assert (simulation.run.status, simulation.run.reason) == (RunStatus.STOPPED, "customer = true")


def test_a_value_that_a_run_saves_reaches_the_other_runs() -> None:
    text = """
triggers:
  bought: {requires: [email], then: [{save: {customer: true}}]}
sequences:
  course: {stop_when: customer = true, steps: [{wait: 2 days}, {email: two}]}
"""
    book = playbook(text)

    simulation = simulate_sequence(book, "course", ada(book), NOON, posted, fire(book, hours(1), trigger="bought"))

    assert simulation.run is not None
    assert simulation.run.ended_at == NOON + hours(1)


def test_one_sequence_stops_another() -> None:
    text = """
triggers:
  enter: {requires: [email], then: [{start: a}, {start: b}]}
sequences:
  a: {steps: [{wait: 2 days}, {email: late}]}
  b: {steps: [{wait: 1 day}, {stop: {sequence: a}}, {alert: Stopped}]}
"""
    book = playbook(text)

    simulation = simulate_triggers(book, ada(book), posted, fire(book, hours(0)), "ada@example.com")

    assert emails(simulation) == []
    assert [alert.message for alert in simulation.alerts] == ["Stopped"]
    assert [(entry.note, entry.at - NOON) for entry in simulation.story if entry.kind == "stop"] == [
        ("a", hours(24)),
        ("stopped by b", hours(24)),
    ]


def test_a_held_run_ends_the_simulation_and_a_change_heals_it() -> None:
    book = playbook(
        "triggers:\n  results: {requires: [email, red]}\n"
        "sequences:\n  course: {steps: [{email: {HOT: hot, COLD: cold}, id: mail}]}\n"
    )

    held = simulate_sequence(book, "course", ada(book), NOON, posted)
    healed = simulate_sequence(book, "course", ada(book), NOON, posted, fire(book, hours(5), trigger="results", red=2))

    assert held.run is not None
    assert held.run.status is RunStatus.HELD
    assert emails(healed) == [("hot", hours(5))]


def test_an_email_that_cannot_be_written_holds_the_run() -> None:
    book = steps("- email: one", record="{error: Trouble}")

    simulation = simulate_sequence(book, "course", ada(book), NOON, lambda *_: Unready(reason="city is unknown"))

    assert [effect.properties for effect in simulation.progress] == [{"Trouble": "city is unknown"}]
    assert len(simulation.alerts) == 1


@pytest.mark.parametrize("minutes", [0, 59])
def test_a_trigger_that_waits_for_the_contact_meets_it_in_time(minutes: int) -> None:
    book = playbook(
        "triggers:\n"
        "  quiz: {requires: [email], unknown_contact: hold 1 hour, then: [{start: course}]}\n"
        "  signup: {requires: [email]}\n"
        "sequences:\n  course: {steps: [{email: one}]}\n"
    )
    sendings = [*fire(book, hours(0), trigger="quiz"), *fire(book, timedelta(minutes=minutes + 1), trigger="signup")]

    simulation = simulate_triggers(book, None, posted, sendings, "ada@example.com")

    expected = [("one", timedelta(minutes=minutes + 1))] if minutes < 59 else []
    assert emails(simulation) == expected


def test_a_simulation_that_would_never_end_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.simulation.MOST_LOOKS", 1)
    book = steps("- email: one\n- wait: 1 day\n- email: two")

    with pytest.raises(RuntimeError, match="does not end"):
        simulate_sequence(book, "course", ada(book), NOON, posted)


def test_a_run_that_is_being_sent_is_not_disturbed_by_a_change() -> None:
    text = """
triggers:
  enter: {requires: [email], then: [{save: {visits: 1}}, {email: hello}, {save: {visits: 2}, id: again}]}
"""
    book = playbook(text)

    simulation = simulate_triggers(book, ada(book), posted, fire(book, hours(0)), "ada@example.com")

    assert simulation.contact.values["visits"] == 2
    assert emails(simulation) == [("hello", hours(0))]


def test_hundreds_of_emails_without_a_wait_are_one_story() -> None:
    book = steps("\n".join(f"- email: e{number}" for number in range(600)))

    assert len(emails(simulate_sequence(book, "course", ada(book), NOON, posted))) == 600


def test_what_somebody_writes_elsewhere_reaches_the_runs_and_the_segment() -> None:
    book = steps("- wait: 1 day\n- email: two", stop_when="customer = true")
    ticked = Setting(values={"customer": True, "red": 3}, at=NOON + hours(2))

    simulation = simulate_sequence(book, "course", ada(book, red=0), NOON, posted, [ticked])

    assert simulation.run is not None
    assert simulation.run.ended_at == NOON + hours(2)
    assert (simulation.contact.values["segment"], simulation.run.segment) == ("HOT", "COLD")


def test_who_unsubscribes_gets_nothing_more_and_a_bounce_weighs_more() -> None:
    book = steps("- email: one\n- wait: 1 day\n- email: two")
    gone = [Suppressing(reason=reason, at=NOON + hours(at)) for at, reason in ((2, "unsubscribed"), (3, "bounced"))]

    simulation = simulate_sequence(book, "course", ada(book), NOON, posted, gone)

    assert emails(simulation) == [("one", hours(0))]
    assert [(run.status, run.reason) for run in simulation.runs] == [(RunStatus.STOPPED, "unsubscribed")]
    assert simulation.contact.suppressed == "bounced", "the weightier one stands: to a dead address nothing goes at all"


def test_each_line_says_whose_it_is() -> None:
    book = steps("- email: one")

    simulation = simulate_triggers(book, None, posted, fire(book, hours(0)), "ada@example.com")

    assert [(line.run, line.program, line.entry.kind) for line in simulation.lines] == [
        ("run-1", "trigger enter", "start"),
        ("run-1", "trigger enter", "end"),
        ("run-2", "course", "start"),
        ("run-2", "course", "email"),
        ("run-2", "course", "end"),
    ]


ORDER = """
triggers:
  enter: {requires: [email], then: [{start: course}]}
  anew: {requires: [email], then: [{stop: {sequence: course}}, {start: course, id: again}]}
  fickle: {requires: [email], then: [{start: course}, {stop: {sequence: course}}]}
  eager: {requires: [email], then: [{start: course}, {start: course, id: again}]}
sequences:
  course: {again_after: any_time, if_already_in: IF_ALREADY_IN, steps: [{wait: 1 day}, {email: one}]}
"""


@pytest.mark.parametrize(
    ("policy", "triggers", "ends"),
    [
        ("ignore", ("enter", "anew"), ["stopped by trigger anew", "end of course"]),
        ("ignore", ("fickle",), ["stopped by trigger fickle"]),
        ("ignore", ("eager",), ["end of course"]),
        ("restart", ("eager",), ["started again", "end of course"]),
        ("run_both", ("eager",), ["end of course", "end of course"]),
    ],
)
def test_what_a_trigger_does_is_done_in_its_order(policy: str, triggers: tuple[str, ...], ends: list[str]) -> None:
    book = playbook(ORDER.replace("IF_ALREADY_IN", policy))
    sendings = [one for hour, name in enumerate(triggers) for one in fire(book, hours(hour), trigger=name)]

    simulation = simulate_triggers(book, None, posted, sendings, "ada@example.com")

    assert [run.reason for run in simulation.runs if run.program == "course"] == ends

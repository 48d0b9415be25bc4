"""How runs go on after a pause: gaps as long as they were, the calendar as it is, the overdue one after the other."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from engine.intake import start_directly
from engine.interpreter import advance
from engine.model import Accepted, Answered, Contact, Playbook, Run, RunStatus, Tick
from engine.resuming import Spread, end_of_gap, shifted
from tests.playbooks import NOON, ada, hours, steps

TWO = "- email: one\n- wait: {wait}\n- email: two"


def waiting(book: Playbook, contact: Contact | None = None) -> Run:
    """A run that got its first email at noon and stands in the gap before the second."""
    program, who = book.sequences["course"], contact or ada(book)
    asked = advance(program, start_directly(program, who, run_id="r1", now=NOON), who, Tick(), NOON)
    return advance(program, asked.run, who, Answered(Accepted(template="one", subject="One")), NOON).run


def after_pause(book: Playbook, run: Run, start: float, end: float, contact: Contact | None = None) -> Run:
    who = contact or ada(book)
    return shifted(book.sequences["course"], run, who, NOON + hours(start), NOON + hours(end))


def test_a_gap_has_as_much_left_as_it_had() -> None:
    book = steps(TWO.format(wait="24 hours"))

    run = after_pause(book, waiting(book), 5, 15)

    assert (run.since, run.due_at) == (NOON + hours(10), NOON + hours(34))


def test_the_gap_still_ends_there_when_the_run_is_looked_at_too_early() -> None:
    book = steps(TWO.format(wait="24 hours"))
    run = after_pause(book, waiting(book), 5, 15)

    looked = advance(book.sequences["course"], run, ada(book), Tick(), NOON + hours(20))

    assert (looked.run.status, looked.run.due_at, looked.story) == (RunStatus.WAITING, NOON + hours(34), ())


def test_what_was_due_before_the_pause_is_due_at_once() -> None:
    book = steps(TWO.format(wait="24 hours"))
    run = waiting(book)

    assert after_pause(book, run, 30, 90) == run


def test_days_keep_the_clock_time_over_a_change_of_the_clocks() -> None:
    book = steps(TWO.format(wait="1 day"))
    run = waiting(book)
    spring = datetime.fromisoformat(
        "2026-03-07T17:00:00+00:00"
    )  # noon in Toronto, the day before the clocks go forward

    moved = shifted(book.sequences["course"], run, ada(book), NOON, spring)

    assert (moved.since, moved.due_at) == (spring, spring + timedelta(hours=23))


def test_a_wait_before_an_event_still_ends_before_the_event() -> None:
    book = steps(TWO.format(wait='"until 1 day before appointment"'))
    contact = ada(book, appointment="2025-11-20T12:00:00Z")
    run = waiting(book, contact)

    moved = after_pause(book, run, 24, 72, contact)

    assert run.due_at == moved.due_at == datetime.fromisoformat("2025-11-19T12:00:00+00:00")
    assert moved.since == NOON + hours(48)


def test_an_event_that_passed_during_the_pause_is_for_the_look_to_judge() -> None:
    book = steps(TWO.format(wait='"until 1 hour before appointment"'))
    contact = ada(book, appointment="2025-11-13T12:00:00Z")
    run = waiting(book, contact)

    moved = after_pause(book, run, 1, 73, contact)
    looked = advance(book.sequences["course"], moved, contact, Tick(), NOON + hours(73))

    assert moved.due_at is not None
    assert moved.due_at <= NOON + hours(73)
    assert [(entry.kind, entry.note) for entry in looked.story] == [
        ("wait", 'the moment of "until 1 hour before appointment" had passed: the next email is left out'),
        ("email", "left out: its moment had passed"),
        ("end", "end of course"),
    ]


def test_a_run_that_was_paused_from_its_beginning_has_its_whole_first_gap_before_it() -> None:
    book = steps("- wait: 3 hours\n- email: one")
    born = start_directly(book.sequences["course"], ada(book), run_id="r1", now=NOON)

    run = after_pause(book, born, 0, 10)

    assert (run.since, run.due_at) == (NOON + hours(10), NOON + hours(13))


def test_a_gap_that_began_during_the_pause_counts_from_the_end_of_the_pause() -> None:
    """The email was going out while somebody paused the run; its worker wrote down the next gap afterwards."""
    book = steps(TWO.format(wait="24 hours"))

    run = after_pause(book, waiting(book), -0.01, 10)

    assert (run.since, run.due_at) == (NOON + hours(10), NOON + hours(34))


@pytest.mark.parametrize("status", [RunStatus.HELD, RunStatus.SENDING])
def test_a_run_that_waits_for_an_answer_or_a_person_is_left_as_it_is(status: RunStatus) -> None:
    book = steps(TWO.format(wait="24 hours"))
    run = waiting(book).evolve(status=status)

    assert after_pause(book, run, 5, 15) == run


def test_a_run_whose_program_or_step_is_gone_is_left_as_it_is() -> None:
    book = steps(TWO.format(wait="24 hours"))
    run, program = waiting(book), book.sequences["course"]

    assert shifted(None, run, ada(book), NOON + hours(5), NOON + hours(15)) == run
    lost = run.evolve(step="gone")
    assert shifted(program, lost, ada(book), NOON + hours(5), NOON + hours(15)) == lost


def test_the_end_of_a_gap_that_cannot_be_told_is_now() -> None:
    book = steps(TWO.format(wait='"until 1 day before appointment"'))
    held = waiting(book)

    assert held.status is RunStatus.HELD
    assert end_of_gap(book.sequences["course"], held, ada(book), NOON + hours(1)) == NOON + hours(1)


# -- Spread ------------------------------------------------------------------------------------


def test_the_overdue_are_spread_evenly_the_oldest_first() -> None:
    dues = [NOON - hours(number) for number in (1, 4, 2, 3)]
    spread = Spread(dues, NOON, hours(2))

    assert [spread.place(due) - NOON for due in dues] == [hours(1.5), hours(0), hours(1), hours(0.5)]


def test_those_due_at_one_moment_are_spread_too() -> None:
    spread = Spread([NOON] * 4, NOON + hours(1), hours(1))

    assert [spread.place(NOON) - NOON for _ in range(4)] == [hours(1), hours(1.25), hours(1.5), hours(1.75)]


def test_whoever_asks_twice_comes_last_at_the_latest() -> None:
    spread = Spread([NOON, NOON], NOON, hours(1))

    assert [spread.place(NOON) - NOON for _ in range(3)] == [hours(0), hours(0.5), hours(0.5)]


def test_a_spread_of_nothing_is_now() -> None:
    assert Spread([], NOON, hours(1)).place(NOON) == NOON

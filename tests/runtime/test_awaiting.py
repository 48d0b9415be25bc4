"""Waits for a trigger or a condition on a real ledger: what comes is never lost, and one story is told everywhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.model import Playbook, Run, RunStatus
from engine.runtime.ledger import Ledger
from engine.simulation import Sending, simulate_triggers
from tests.playbooks import NOON, AnyTemplate, playbook, posted
from tests.runtime.conftest import Engine, HandClock, ScriptedMailer

Make = Callable[..., Engine]

FILE = """
triggers:
  enter: {requires: [email], accepts: [zone, red], then: [{start: course}]}
  booking: {requires: [email], accepts: [customer]}
sequences:
  course:
    steps:
      - email: one
      - wait: for trigger booking, at most 3 days
      - email: two
      - wait: for customer = true, at most 2 days
      - wait: 1 business day
        between: 09:00-17:00
      - email: three
"""
BOOK = playbook(FILE)


def notes(engine: Engine, run: Run) -> list[str]:
    return [entry.note for entry in engine.story(run) if entry.kind == "wait"]


def of_course(engine: Engine) -> Run:
    return next(run for run in engine.runs() if run.program == "course")


def test_a_trigger_wakes_who_waits_for_it(engine: Make) -> None:
    course = engine(BOOK)
    course.accept()
    course.work()
    course.pass_time(hours=5)

    course.accept("booking")
    course.work()

    assert [message.template for message in course.mailer.given] == ["one", "two"]
    assert notes(course, of_course(course))[:2] == ["for trigger booking, at most 3 days", "booking came"]


def test_the_same_call_without_anything_new_in_it_wakes_them_too(engine: Make) -> None:
    course = engine(BOOK)
    course.accept()
    course.accept("booking")
    course.work()
    course.pass_time(hours=1)
    before = len(course.mailer.given)

    course.accept("booking")
    course.work()

    assert (before, len(course.mailer.given)) == (1, 2)


def test_what_comes_while_a_run_is_in_hand_is_looked_at_afterwards(engine: Make) -> None:
    course = engine(BOOK)
    course.accept()
    course.work()
    course.clock.forward(hours=72)
    runner = course.runner()
    claimed = runner.claim(100, "move")

    course.playbook = playbook(FILE.replace("3 days", "9 days"))  # so that its look finds the time not over
    course.accept("booking")
    runner.work(claimed, "move")
    course.work()

    assert "booking came" in notes(course, of_course(course))


@pytest.mark.parametrize("milliseconds", [0, 1])
def test_what_comes_in_the_millisecond_in_which_the_wait_begins_counts(engine: Make, milliseconds: int) -> None:
    course = engine(BOOK)
    course.accept()
    course.clock.forward(seconds=1, microseconds=300)
    course.work()

    course.clock.forward(milliseconds=milliseconds)
    course.accept("booking")
    course.accept("booking")
    course.work()

    assert [message.template for message in course.mailer.given] == ["one", "two"]


def test_when_the_time_is_over_the_run_goes_on(engine: Make) -> None:
    course = engine(BOOK)
    course.accept(zone="Europe/London")
    course.work()

    course.pass_time(hours=72)
    course.pass_time(hours=48)
    stood = of_course(course)
    course.pass_time(hours=24)

    assert stood.step == "three"
    assert notes(course, stood)[1:] == [
        "3 days are over",
        "for customer = true, at most 2 days",
        "2 days are over",
        "1 business day, between 09:00-17:00",
    ]
    assert of_course(course).status is RunStatus.FINISHED


# -- One story ----------------------------------------------------------------------------------------

Fired = tuple[int, str, bool]
EVENTS = st.lists(
    st.tuples(st.integers(1, 12 * 24 * 60), st.sampled_from(["booking", "booking", "enter"]), st.booleans()),
    max_size=6,
    unique_by=lambda event: event[0],
)
WAITS = st.lists(
    st.sampled_from(
        [
            "wait: for trigger booking, at most 3 days",
            "wait: for trigger enter, at most 36 hours",
            "wait: for customer = true, at most 2 business days",
            "wait: for not customer = true, at most 1 day",
            "wait: 1 business day",
            "wait: 5 hours",
            "wait: until Tuesday 09:00",
        ]
    ),
    min_size=1,
    max_size=4,
)
WINDOWS = st.sampled_from(
    ["", ", between: '09:00-17:00'", ", only_on: weekdays", ", between: '22:00-04:00', only_on: weekends"]
)


@st.composite
def files(draw: st.DrawFn) -> Playbook:
    steps = "".join(
        f"      - {{{wait.replace('wait: ', 'wait: ' + chr(34)) + chr(34)}{draw(WINDOWS)}}}\n" for wait in draw(WAITS)
    )
    more = "".join(f"      - {{{wait.replace('wait: ', 'wait: ' + chr(34)) + chr(34)}}}\n" for wait in draw(WAITS))
    head = FILE[: FILE.index("      - email: one")]
    return playbook(f"{head}{steps}      - email: one\n{more}      - email: two\n")


def simulated(book: Playbook, events: list[Fired]) -> list[tuple[str | None, int]]:
    def sending(minutes: int, trigger: str, customer: bool) -> Sending:
        values = {"email": "ada@example.com", **({"customer": customer} if trigger == "booking" else {})}
        return Sending(trigger=book.triggers[trigger], values=values, at=NOON + timedelta(minutes=minutes))

    fired = [sending(*event) for event in [(0, "enter", False), *events]]
    story = simulate_triggers(book, None, posted, fired, "ada@example.com").story
    return [
        (entry.template or entry.note, round((entry.at - NOON).total_seconds()))
        for entry in story
        if entry.kind in ("wait", "email")
    ]


def lived(book: Playbook, events: list[Fired], ledger: Ledger) -> list[tuple[str | None, int]]:
    course = Engine(ledger, book, HandClock(), ScriptedMailer(), AnyTemplate())
    with ledger.write() as tx:
        tx.put_revision(book.revision, "", NOON)
    todo = sorted([(0, "enter", False), *events])
    while True:
        due = [run.due_at for run in course.runs() if run.due_at is not None]
        at = NOON + timedelta(minutes=todo[0][0]) if todo else None
        if at is not None and (not due or at < min(due)):
            _, trigger, customer = todo.pop(0)
            course.clock.at = at
            course.accept(trigger, **({"customer": customer} if trigger == "booking" else {}))
        elif due:
            course.clock.at = max(course.clock.at, min(due))
        else:
            break
        course.work()
    story = [entry for run in course.runs() if run.program == "course" for entry in course.story(run)]
    return [
        (entry.template or entry.note, round((entry.at - NOON).total_seconds()))
        for entry in story
        if entry.kind in ("wait", "email")
    ]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files(), EVENTS)
def test_the_simulation_and_the_runner_tell_one_story(
    tmp_path_factory: pytest.TempPathFactory, book: Playbook, events: list[Fired]
) -> None:
    ledger = Ledger.open(f"sqlite:///{tmp_path_factory.mktemp('ledger')}/busos.db")
    try:
        assert lived(book, sorted(events), ledger) == simulated(book, sorted(events))
    finally:
        ledger.close()

"""The words about runs, on a real ledger: the same as in a simulation, and what only a ledger can get wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.model import Entry, Playbook, Run, RunStatus, TemplateText, Value
from engine.runtime.ledger import ClaimKind
from engine.simulation import Sending, simulate_triggers
from tests.playbooks import NOON, hours, playbook, steps
from tests.runtime.conftest import Engine, arrival, yes
from tests.test_several_runs import HEAD, at, bookings, say

Make = Callable[..., Engine]
Happening = tuple[int, str, str, int]
KINDS: tuple[ClaimKind, ...] = ("move", "post")


def sent(engine: Engine) -> list[str]:
    return [f"{message.template} {message.subject}" for message in engine.mailer.given]


def call(key: str, when: timedelta) -> dict[str, Value]:
    return {"appointment_id": key, "appointment_time": at(when)}


def by_key(engine: Engine) -> dict[str | None, Run]:
    return {run.key: run for run in engine.runs("reminders")}


def test_two_calls_that_come_in_before_anybody_works_are_both_reminded_of(engine: Make) -> None:
    world = engine(bookings())
    world.accept_all(arrival("booking", **call("A", hours(72))), arrival("booking", **call("B", hours(50))))

    world.work()
    for _ in range(72):
        world.pass_time(hours=1)

    assert sent(world) == [
        "booked A at 12:00",
        "booked B at 14:00",
        "tomorrow B at 14:00",
        "tomorrow A at 12:00",
        "soon B at 14:00",
        "soon A at 12:00",
    ]
    assert {key: run.given for key, run in by_key(world).items()} == {
        "A": call("A", hours(72)),
        "B": call("B", hours(50)),
    }


def test_a_moved_call_is_looked_at_at_once_and_its_story_says_so(engine: Make) -> None:
    world = engine(bookings())
    world.accept("booking", **call("A", hours(72)))
    world.work()

    world.accept("booking", **call("A", hours(100)))
    world.work()

    run = by_key(world)["A"]
    assert (run.due_at, run.given) == (NOON + hours(76), call("A", hours(100)))
    assert [entry.note for entry in world.story(run) if entry.kind == "start"] == [
        "by trigger booking, for appointment_id = A",
        "appointment_time is now 2025-11-16T16:00:00Z, by trigger booking",
    ]


def test_a_cancelled_call_ends_its_run_and_no_other(engine: Make) -> None:
    world = engine(bookings())
    world.accept_all(arrival("booking", **call("A", hours(72))), arrival("booking", **call("B", hours(50))))
    world.work()

    world.accept("cancelled", appointment_id="A")
    world.work()

    assert {key: run.status for key, run in by_key(world).items()} == {"A": RunStatus.STOPPED, "B": RunStatus.WAITING}
    (told,) = [one for one in world.story(world.runs("trigger cancelled")[0]) if one.kind == "stop"]
    assert told.note == "reminders: 1 run ended, for appointment_id = A"


def test_an_unknown_value_is_an_alert(engine: Make) -> None:
    text = "triggers:\n  booking: {requires: [email], then: [{start: reminders}]}\n"
    text += "sequences:\n  reminders: {one_run_per: appointment_id, steps: [{email: one}]}\n"
    world = engine(playbook(text, head=HEAD))
    world.accept("booking")
    world.work()

    (errand,) = world.errands("alert")
    assert errand.payload["message"] == "reminders was not started for ada@example.com: appointment_id is unknown"
    assert world.runs("reminders") == []


def test_a_value_that_a_run_saves_over_its_own_is_kept(engine: Make) -> None:
    text = """
triggers:
  enter: {requires: [email], then: [{start: course, with: {place: Toronto}}]}
sequences:
  course:
    steps:
      - save: {place: Berlin}
      - wait: 1 day
      - email: one
        subject: "In {{ place }}"
"""
    world = engine(playbook(text, head=HEAD))
    world.accept("enter")
    world.work()
    world.pass_time(days=1)

    assert sent(world) == ["one In Berlin"]
    assert world.runs()[0].given == {"place": "Berlin"}
    assert world.values()["place"] == "Berlin"


def test_what_was_started_and_stopped_at_once_is_over(engine: Make) -> None:
    text = """
triggers:
  enter: {requires: [email], then: [{start: course}, {stop: {sequence: course}}, {start: course, id: again}]}
sequences:
  course: {again_after: any_time, steps: [{wait: 1 day}, {email: one}]}
"""
    world = engine(playbook(text, head=HEAD))
    world.accept("enter")
    world.work()

    assert sorted(run.status for run in world.runs()) == [RunStatus.STOPPED, RunStatus.WAITING]
    assert [one.note for one in world.story(world.runs("trigger enter")[0])][:3] == [
        "course: started",
        "course",
        "course: started",
    ]


def test_a_start_in_the_same_instant_is_news_about_a_run_that_begins(engine: Make) -> None:
    text = """
triggers:
  enter:
    requires: [email]
    then:
      - start: course
        with: {appointment_id: A, place: Toronto}
      - start: course
        id: again
        with: {appointment_id: A, place: Berlin}
sequences:
  course: {one_run_per: appointment_id, steps: [{wait: 1 day}, {email: one, subject: "In {{ place }}"}]}
"""
    world = engine(playbook(text, head=HEAD))
    world.accept("enter")
    world.work()
    world.pass_time(days=1)

    assert sent(world) == ["one In Berlin"]


def test_what_was_sent_elsewhere_is_known_after_a_restart(engine: Make) -> None:
    text = """
triggers:
  enter:
    requires: [email, cancelled_at]
    then: [{start: course, already_sent: {one: cancelled_at, two: cancelled_at}}]
sequences:
  course:
    record: {sent_at: "Sent {n}"}
    steps: [{email: first}, {wait: 1 day}, {email: one}, {email: two}, {wait: 1 day}, {email: three}]
"""
    world = engine(playbook(text, head=HEAD), mirrored=True)
    world.accept("enter", cancelled_at=at(hours(-10)))
    world.work()
    before = world.runs()[0]
    world.pass_time(days=1)

    assert before.elsewhere == {"one": NOON - hours(10), "two": NOON - hours(10)}
    assert [message.template for message in world.mailer.given] == ["first", "three"]
    progress = [errand.payload.get("progress", {}) for errand in world.errands("mirror")]
    assert {name: value for one in progress for name, value in one.items()} == {
        "Sent 1": "2025-11-12T12:00:00Z",
        "Sent 2": "2025-11-12T02:00:00Z",
        "Sent 3": "2025-11-12T02:00:00Z",
        "Sent 4": "2025-11-13T12:00:00Z",
    }


def test_a_transactional_email_has_no_way_out_and_goes_out_all_the_same(engine: Make) -> None:
    world = engine(steps("- email: news\n- email: receipt\n  transactional: true\n- wait: 1 day\n- email: more"))
    world.accept()
    with world.ledger.write() as tx:
        contact = tx.contacts_by_email(["ada@example.com"])["ada@example.com"]
        tx.suppress([contact.id], "unsubscribed", NOON)
    world.work()

    (message,) = world.mailer.given
    assert message.template == "receipt"
    assert message.headers == {}
    assert "nsubscribe" not in message.html + message.text
    assert world.runs()[0].status is RunStatus.STOPPED


def test_a_batch_on_its_way_keeps_the_receipts_of_who_unsubscribes(engine: Make) -> None:
    world = engine(steps("- email: receipt\n  transactional: true"))
    world.mailer.batch = 1
    world.accept_all(*(arrival(email=f"ada+{number}@example.com") for number in range(4)))

    def unsubscribe_all(message: Any) -> Any:
        with world.ledger.write() as tx:
            found = tx.contacts_by_email([f"ada+{number}@example.com" for number in range(4)])
            tx.suppress([one.id for one in found.values()], "unsubscribed", NOON)
        return yes(message)

    world.mailer.answer = unsubscribe_all
    world.work()

    assert sorted(message.to for message in world.mailer.given) == [f"ada+{number}@example.com" for number in range(4)]
    assert {entry.note for run in world.runs() for entry in world.story(run) if entry.kind == "email"} == {"sent"}


@pytest.mark.parametrize("asks", [False, True])
def test_a_template_that_asks_for_the_link_itself_gets_it(engine: Make, asks: bool) -> None:
    class Own:
        def find(self, name: str) -> Any:
            body = "Leave: {{ unsubscribe_url }}" if asks else "Hello"
            return TemplateText(name=name, subject="S", body=body, format="markdown")

        def edition(self) -> object:
            return None

    world = engine(steps("- email: receipt\n  transactional: true"), templates=Own())
    world.accept()
    world.work()

    assert ("/u/" in world.mailer.given[0].html) is asks


# -- The same story in a simulation and on the ledger -------------------------------------------

EVENTS = st.lists(
    st.tuples(
        st.integers(0, 60),  # hours after noon
        st.sampled_from(["booking", "booking", "cancelled"]),
        st.sampled_from("AB"),
        st.integers(0, 90),  # the call, hours after noon
    ),
    min_size=1,
    max_size=5,
    unique_by=lambda event: event[0],
)
POLICIES = st.sampled_from(
    [
        "if_already_in: ignore",
        "if_already_in: restart",
        "if_already_in: run_both",
        "again_after: any_time",
        "again_after: 1 day\n    segment: live",
    ]
)


def test_a_simulation_and_the_ledger_tell_one_story(engine: Make) -> None:
    world = engine(bookings())
    examples = count()

    @settings(deadline=None, max_examples=30)
    @given(events=EVENTS, policy=POLICIES)
    def holds(events: list[Happening], policy: str) -> None:
        _compare(world, f"ada+{next(examples)}@example.com", events, policy)

    holds()


def _compare(world: Engine, email: str, events: list[Happening], policy: str) -> None:
    book = world.playbook = bookings(policy)
    with world.ledger.write() as tx:
        tx.put_revision(book.revision, "", NOON)
    sendings = sorted((_sending(book, email, *one) for one in events), key=lambda one: one.at)
    played = simulate_triggers(book, None, say, sendings, email)

    world.clock.at = NOON
    for sending in sendings:
        _pass(world, until=sending.at)
        world.accept(sending.trigger.name, **sending.values)
        world.work()
    _pass(world, until=NOON + hours(200))

    with world.ledger.read() as tx:
        runs = [one.run for one in tx.list_runs(email=email, triggers=True)]
        story = [entry for run in runs for entry in tx.story(run.id)]
    assert _told(story) == _told(played.story)
    assert all(run.status.ended for run in runs)


def _told(story: Sequence[Entry]) -> list[tuple[Any, ...]]:
    return sorted((one.at, one.kind, one.step or "", one.note, one.until or NOON, _email(one)) for one in story)


def _email(entry: Entry) -> str:
    if not entry.template:
        return ""
    return f"{entry.template} {entry.subject}" if entry.provider_id else entry.template


def _pass(world: Engine, until: datetime) -> None:
    """Let time go by, from one due moment to the next."""
    while True:
        with world.ledger.read() as tx:
            due = [found for kind in KINDS if (found := tx.next_due(world.clock.at, kind)) is not None]
        if not due or min(due) > until:
            world.clock.at = until
            return
        world.clock.at = max(world.clock.at, min(due))
        world.work()


def _sending(book: Playbook, email: str, hour: int, trigger: str, key: str, when: int) -> Sending:
    values = call(key, hours(when)) if trigger == "booking" else {"appointment_id": key}
    return Sending(trigger=book.triggers[trigger], values={"email": email, **values}, at=NOON + hours(hour))

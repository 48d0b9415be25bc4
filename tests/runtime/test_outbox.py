"""Errands: retried, given up, merged, and never in the way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from engine.model import Accepted, RaiseAlert, Refused, Retry
from engine.ports import Delivery
from engine.runtime.outbox import AlertErrand, Dispatcher, RecordedAlerts, Unawaited, alert_item
from tests.playbooks import NOON, steps
from tests.runtime.conftest import Engine

Make = Callable[..., Engine]


class Chat:
    """Alerts that answer as a test says."""

    name = "chat"

    def __init__(self, *answers: Delivery) -> None:
        self.answers = list(answers)
        self.told: list[RaiseAlert] = []

    def tell(self, alert: RaiseAlert) -> Delivery:
        self.told.append(alert)
        return self.answers.pop(0) if self.answers else Accepted(template="alert", subject="")


def push(engine: Engine, *alerts: RaiseAlert) -> None:
    now = engine.clock.now()
    with engine.ledger.write() as tx:
        tx.push([alert_item(engine.ids.new(now), alert, now) for alert in alerts])


def dispatch(engine: Engine, chat: Any) -> int:
    dispatcher = Dispatcher(engine.ledger, AlertErrand(chat), engine.clock)
    items = dispatcher.claim()
    if items:
        dispatcher.work(items)
    return len(items)


@pytest.fixture
def course(engine: Make) -> Engine:
    return engine(steps("- email: one"))


def test_an_alert_is_told_once_with_all_that_it_says(course: Engine) -> None:
    chat, alert = Chat(), RaiseAlert(message="Hot", title="Lead", fields=(("Name", "Ada"),), colour="red")
    push(course, alert)

    dispatch(course, chat)
    dispatch(course, chat)

    assert chat.told == [alert]
    assert [item.status for item in course.errands("alert", "done")] == ["done"]


def test_a_retry_waits_longer_each_time_and_as_long_as_the_vendor_asks(course: Engine) -> None:
    chat = Chat(Retry(reason="busy"), Retry(reason="busy"), Retry(reason="slow down", after=600))
    push(course, RaiseAlert(message="Hot"))
    waits = []
    for _ in range(3):
        dispatch(course, chat)
        item = course.errands("alert")[0]
        waits.append((item.due_at - course.clock.now()).total_seconds())
        course.clock.at = item.due_at

    assert waits == [2, 4, 600]
    assert course.errands("alert")[0].error == "slow down"


@pytest.mark.parametrize("asked", [1e6, 1e15, float("inf")])
def test_nobody_can_ask_for_a_pause_of_years(course: Engine, asked: float) -> None:
    push(course, RaiseAlert(message="Hot"))

    dispatch(course, Chat(Retry(reason="slow down", after=asked)))

    item = course.errands("alert")[0]
    assert item.due_at - course.clock.now() == timedelta(days=1)


def test_a_refused_errand_is_shown_as_failed(course: Engine) -> None:
    push(course, RaiseAlert(message="Hot"))

    dispatch(course, Chat(Refused(reason="the webhook is gone")))

    assert [item.error for item in course.errands("alert", "failed")] == ["the webhook is gone"]


def test_an_errand_is_given_up_after_days(course: Engine) -> None:
    push(course, RaiseAlert(message="Hot"))
    course.clock.forward(days=4)

    dispatch(course, Chat(Retry(reason="down")))

    assert [item.error for item in course.errands("alert", "failed")] == ["down"]


def test_alerts_of_one_topic_that_wait_become_one(course: Engine) -> None:
    push(
        course, *(RaiseAlert(message=f"held {number}", topic="held") for number in range(50)), RaiseAlert(message="Hot")
    )
    chat = Chat()

    while dispatch(course, chat):
        pass

    assert sorted((alert.message, alert.times) for alert in chat.told) == [("Hot", 1), ("held 49", 50)]


def test_alerts_that_come_one_after_the_other_are_counted_until_they_go_out(course: Engine) -> None:
    for number in range(7):
        push(course, RaiseAlert(message=f"held {number}", topic="held"))
    chat = Chat()
    dispatch(course, chat)
    push(course, RaiseAlert(message="held again", topic="held"))
    dispatch(course, chat)
    assert [(alert.message, alert.times) for alert in chat.told] == [("held 6", 7), ("held again", 1)]


def test_an_adapter_that_breaks_costs_a_retry(course: Engine) -> None:
    class Broken(Unawaited):
        kind = "alert"
        batch = 5

        def run(self, items: Sequence[Any]) -> Sequence[Any]:
            raise ZeroDivisionError

    push(course, RaiseAlert(message="Hot"))
    dispatcher = Dispatcher(course.ledger, Broken(), course.clock)  # type: ignore[arg-type]
    dispatcher.work(dispatcher.claim())

    assert [item.error for item in course.errands("alert")] == ["busos failed: ZeroDivisionError"]


def test_without_discord_an_alert_is_recorded() -> None:
    answer = RecordedAlerts().tell(RaiseAlert(message="Hot", title="Lead"))

    assert answer == Accepted(template="alert", subject="Lead")


def test_nothing_due_is_nothing_claimed(course: Engine) -> None:
    push(course, RaiseAlert(message="Hot"))
    course.clock.at = NOON.replace(year=2024)

    assert dispatch(course, Chat()) == 0

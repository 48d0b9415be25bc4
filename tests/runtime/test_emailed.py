"""Quiet hours and a limit in production: over several sequences, restarts and tries that fail."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from engine.model import Refused, Retry, RunStatus
from tests.playbooks import HEAD, NOON, AnyTemplate, playbook
from tests.runtime.conftest import Engine, yes

Make = Callable[..., Engine]


def book(email: str) -> Any:
    head = HEAD.replace("email: {from: Sang Le <sang@example.com>}", f"email: {{from: a@example.com, {email}}}")
    return playbook(
        "triggers:\n"
        "  enter: {requires: [email], then: [{start: course}, {start: other}]}\n"
        "  ask: {requires: [email], then: [{email: receipt, transactional: true}]}\n"
        "sequences:\n"
        "  course: {steps: [{email: one}, {wait: 1 hour}, {email: two}]}\n"
        "  other: {steps: [{wait: 2 hours}, {email: three}]}\n",
        head=head,
    )


def sent(course: Engine) -> list[tuple[str, datetime]]:
    with course.ledger.read() as tx:
        found = [one for one in tx.recent_emails() if one.status == "accepted"]
    return [(one.message.template, one.accepted_at) for one in reversed(found) if one.accepted_at]


def test_the_limit_holds_over_all_sequences_of_a_person_and_for_nobody_else(engine: Make) -> None:
    course = engine(book("at_most: 1 per day"))
    course.accept()
    course.accept(email="bob@example.com")

    course.work()
    for _ in range(4 * 24 * 2):
        course.pass_time(minutes=30)

    mine = [one.to for one in course.mailer.given]
    assert (mine.count("ada@example.com"), mine.count("bob@example.com")) == (3, 3)
    hours = [(at - NOON) / timedelta(hours=1) for _, at in sent(course)]
    assert hours == [0, 0, 24, 24, 48, 48]
    assert [run.status for run in course.runs() + course.runs("other")] == [RunStatus.FINISHED] * 4


def test_a_receipt_counts_and_does_not_wait(engine: Make) -> None:
    course = engine(book("at_most: 1 per day"))
    course.accept("ask")
    course.work()
    course.pass_time(minutes=1)
    course.accept("ask")
    course.accept()
    course.work()
    assert [template for template, _ in sent(course)] == ["receipt", "receipt"]

    course.pass_time(hours=23, minutes=59)
    assert [template for template, _ in sent(course)] == ["receipt", "receipt"]
    course.pass_time(minutes=1)
    assert [template for template, _ in sent(course)] == ["receipt", "receipt", "one"]


def test_a_try_that_failed_does_not_stand_in_its_own_way(engine: Make) -> None:
    course = engine(book("at_most: 1 per day"))
    answers = iter([Retry(reason="busy"), Retry(reason="busy", uncertain=True)])
    course.mailer.answer = lambda message: next(answers, None) or yes(message)
    course.accept()
    course.work()
    for _ in range(20):
        course.pass_time(minutes=1)
    assert [template for template, _ in sent(course)] == ["one"]


def test_what_was_refused_takes_nobody_s_place(engine: Make) -> None:
    course = engine(book("at_most: 1 per day"))
    course.mailer.answer = lambda message: Refused(reason="no") if message.template == "one" else yes(message)
    course.accept()
    course.work()
    course.pass_time(hours=3)
    assert [template for template, _ in sent(course)] == ["three"]


def test_an_email_that_a_vendor_held_up_until_the_night_waits_for_the_morning(engine: Make) -> None:
    course = engine(book('quiet_hours: "21:00-08:00"'))
    away = Retry(reason="the vendor is away", after=60, vendor_wide=True)
    course.mailer.answer = lambda _: away
    course.accept()
    course.work()
    course.clock.at = datetime.fromisoformat("2025-11-13T03:00:00+00:00")  # 22:00 in Toronto
    course.mailer.answer = None
    course.work()
    assert sent(course) == []
    assert [run.status for run in course.runs()] == [RunStatus.WAITING]

    course.clock.at = datetime.fromisoformat("2025-11-13T13:00:00+00:00")
    course.work()
    assert [template for template, _ in sent(course)] == ["one", "three"]


def test_an_email_that_may_be_out_is_seen_through_at_night(engine: Make) -> None:
    course = engine(book('quiet_hours: "21:00-08:00"'))
    course.clock.at = datetime.fromisoformat("2025-11-13T01:59:50+00:00")  # 20:59:50 in Toronto
    course.mailer.answer = lambda _: Retry(reason="the line broke", uncertain=True)
    course.accept()
    course.work()
    course.mailer.answer = None
    course.pass_time(minutes=5)
    assert [template for template, _ in sent(course)] == ["one"]


def test_the_email_before_counts_at_once(engine: Make) -> None:
    head = HEAD.replace("email: {from: Sang Le <sang@example.com>}", "email: {from: a@example.com, at_most: 1 per day}")
    starts = "triggers: {enter: {requires: [email], then: [{start: course}]}}\n"
    course = engine(
        playbook(f"{starts}sequences: {{course: {{steps: [{{email: one}}, {{email: two}}]}}}}\n", head=head)
    )
    course.accept()
    course.work()
    assert [template for template, _ in sent(course)] == ["one"]
    assert "at most 1 per day" in [entry.note for entry in course.story(course.runs()[0])]


def test_an_email_that_is_held_is_told_once_however_many_nights_go_by(engine: Make) -> None:
    course = engine(book('quiet_hours: "21:00-08:00"'))
    course.templates = Empty()
    course.accept()
    course.pass_time(hours=4)  # 11:00 in Toronto
    before = course.story(course.runs()[0])
    for _ in range(3 * 24):
        course.pass_time(hours=1)
    assert course.story(course.runs()[0]) == before
    assert len(course.errands("alert")) == 2  # one for each sequence

    course.templates = AnyTemplate()
    for _ in range(24):
        course.pass_time(hours=1)
    assert [template for template, _ in sent(course)] == ["one", "three", "two"]


class Empty(AnyTemplate):
    def find(self, name: str) -> None:
        return None

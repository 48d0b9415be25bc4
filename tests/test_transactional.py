"""``transactional: true``: what still goes to who has unsubscribed, and to whom it does not."""

from __future__ import annotations

from typing import Any

import pytest

from engine.enrolment import enrol
from engine.intake import start_directly
from engine.interpreter import UNSURE, advance
from engine.model import (
    LEFT,
    REPLIED,
    Accepted,
    Answered,
    Contact,
    Playbook,
    Retry,
    RunStatus,
    SendEmail,
    Tick,
)
from tests.playbooks import NOON, ada, hours, playbook, steps
from tests.test_interpreter import begin, go_on, notes

MIXED = """
- email: receipt
  transactional: true
- wait: 1 day
- email: offer
- wait: 1 day
- email: invoice
  transactional: true
- wait: 1 day
- email: news
"""
YES = Answered(Accepted(template="x", subject="X", provider_id="p"))


def gone(book: Playbook, reason: str = "unsubscribed", **values: Any) -> Contact:
    return ada(book, **values).evolve(suppressed=reason)


def test_a_run_goes_on_for_its_transactional_emails_and_leaves_out_the_others() -> None:
    book = steps(MIXED)
    first = go_on(book, begin(book), YES)
    left = go_on(book, first, suppressed="unsubscribed", after=hours(1))
    offer = go_on(book, left, after=hours(24))
    invoice = go_on(book, offer, after=hours(48))
    last = go_on(book, invoice, YES, after=hours(48))

    assert (left.run.status, left.story) == (RunStatus.WAITING, ())
    assert notes(offer)[0] == ("offer", "email", "not sent: unsubscribed")
    assert invoice.effects == (SendEmail(step="invoice", template="invoice", transactional=True),)
    assert (last.run.status, last.run.reason) == (RunStatus.STOPPED, "unsubscribed")


@pytest.mark.parametrize(
    ("changes", "reason"), [({"left": {"course": NOON}}, LEFT), ({"replied": NOON + hours(1)}, REPLIED)]
)
def test_who_left_this_sequence_or_replied_gets_its_transactional_emails(changes: dict[str, Any], reason: str) -> None:
    book = steps(MIXED)
    first = go_on(book, begin(book), YES)
    offer = go_on(book, first, **changes, after=hours(24))
    invoice = go_on(book, offer, after=hours(48))
    last = go_on(book, invoice, YES, after=hours(48))

    assert notes(offer)[0] == ("offer", "email", f"not sent: {reason}")
    assert invoice.effects == (SendEmail(step="invoice", template="invoice", transactional=True),)
    assert (last.run.status, last.run.reason) == (RunStatus.STOPPED, reason)


def test_who_left_a_sequence_enters_another_and_a_reply_is_to_what_had_begun() -> None:
    book = steps("- email: one")
    course = book.sequences["course"]

    def entering(**changes: Any) -> str:
        return enrol(course, ada(book).evolve(**changes), (), run_id="r", event_id=None, now=NOON).note

    assert entering(left={"course": NOON}) == f"not started: {LEFT}"
    assert entering(left={"another": NOON}) == entering(replied=NOON) == "started"
    late = go_on(book, begin(book), replied=NOON - hours(1))
    assert [type(effect) for effect in late.effects] == [SendEmail]


@pytest.mark.parametrize("reason", ["bounced", "complained"])
def test_an_address_that_bounced_or_complained_is_left_alone(reason: str) -> None:
    book = steps(MIXED)
    first = go_on(book, begin(book), YES)

    assert go_on(book, first, suppressed=reason, after=hours(1)).run.reason == reason
    found = enrol(book.sequences["course"], gone(book, reason), (), run_id="r", event_id=None, now=NOON)
    assert found.note == f"not started: {reason}"


def test_who_unsubscribed_enters_a_sequence_with_a_transactional_email() -> None:
    book = steps(MIXED)

    found = enrol(book.sequences["course"], gone(book), (), run_id="r", event_id=None, now=NOON)

    assert found.run is not None
    assert found.note == "started; unsubscribed, so only transactional emails go out"


def test_who_unsubscribed_does_not_enter_a_sequence_without() -> None:
    book = steps("- email: one")

    assert enrol(book.sequences["course"], gone(book), (), run_id="r", event_id=None, now=NOON).run is None


def test_a_run_ends_as_soon_as_nothing_transactional_is_ahead() -> None:
    book = steps("- email: receipt\n  transactional: true\n  when: visits = 7\n- wait: 1 day\n- email: news")

    decision = begin(book, gone(book, visits=1))

    assert [note for _, _, note in notes(decision)] == ["skipped: visits = 7 is not true", "unsubscribed"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- email: one", set()),
        ("- alert: hello\n- email: one\n  transactional: true\n- email: two", {"alert discord", "one"}),
        (
            "- choose:\n    - when: visits = 1\n      steps:\n        - email: one\n          transactional: true\n"
            "        - email: two\n    - otherwise:\n        - email: three\n  id: fork\n- email: four",
            {"fork", "one"},
        ),
        (
            "- choose:\n    - when: visits = 1\n      steps:\n        - email: one\n  id: fork\n"
            "- email: four\n  transactional: true",
            {"fork", "one", "four"},
        ),
    ],
)
def test_the_steps_before_a_transactional_email_are_known(text: str, expected: set[str]) -> None:
    assert steps(text).sequences["course"].still_sends == expected


def test_a_transactional_email_that_waits_for_its_answer_is_asked_for_again() -> None:
    book = steps("- email: receipt\n  transactional: true")

    again = go_on(book, begin(book), suppressed="unsubscribed", after=hours(1))

    assert again.effects == (SendEmail(step="receipt", template="receipt", transactional=True),)


def test_a_marketing_email_that_may_be_out_is_told_so_when_it_is_left_out() -> None:
    book = steps("- email: offer\n- email: receipt\n  transactional: true")
    tried = go_on(book, begin(book), Answered(Retry(reason="timeout", uncertain=True)))

    found = go_on(book, tried, suppressed="unsubscribed", after=hours(1))

    assert notes(found) == [("offer", "email", UNSURE), ("offer", "email", "not sent: unsubscribed")]
    assert found.effects[-1] == SendEmail(step="receipt", template="receipt", transactional=True)


def test_a_trigger_sends_its_transactional_email_itself() -> None:
    text = """
triggers:
  enter: {requires: [email], then: [{email: news}, {email: receipt, transactional: true}]}
"""
    program = playbook(text).triggers["enter"].program
    contact = ada().evolve(suppressed="unsubscribed")

    decision = advance(program, start_directly(program, contact, run_id="r1", now=NOON), contact, Tick(), NOON)

    assert notes(decision) == [("news", "email", "not sent: unsubscribed")]
    assert decision.effects == (SendEmail(step="receipt", template="receipt", transactional=True),)

"""What an event does to a contact before the answer is given."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from engine.intake import Intake, receive
from engine.model import Contact, RunStatus
from engine.scene import with_segment
from tests.playbooks import NOON, ada, playbook

BOOK = playbook(
    "triggers:\n"
    "  open: {requires: [email], accepts: [red], then: [{alert: Hi}]}\n"
    "  closed: {requires: [email], unknown_contact: reject, then: [{alert: Hi}]}\n"
    "  patient: {requires: [email], unknown_contact: hold 1 hour, then: [{alert: Hi}]}\n"
)


def take(trigger: str, contact: Contact | None = None, **values: Any) -> Intake:
    return receive(
        BOOK.triggers[trigger],
        BOOK.vocabulary,
        {"email": "ada@example.com", **values},
        contact,
        email="ada@example.com",
        event_id="e1",
        contact_id="new",
        now=NOON,
    )


def test_a_stranger_becomes_a_contact_and_the_event_a_run() -> None:
    found = take("open", red=3)

    assert (found.contact.id, found.contact.known, found.contact.values["segment"]) == ("new", True, "HOT")
    assert (found.run.id, found.run.program, found.run.contact_id, found.run.segment) == (
        "e1",
        "trigger open",
        "new",
        "HOT",
    )
    assert (found.run.status, found.run.due_at) == (RunStatus.READY, NOON)
    assert found.changed


@pytest.mark.parametrize(("trigger", "known"), [("open", True), ("closed", False), ("patient", False)])
def test_only_some_triggers_may_create_contacts(trigger: str, known: bool) -> None:
    assert take(trigger).contact.known is known


def test_a_stranger_is_known_as_soon_as_a_trigger_may_create_contacts() -> None:
    met = take("open", take("patient").contact)

    assert met.contact.known
    assert met.changed


def test_what_the_payload_leaves_out_stays_as_it_was() -> None:
    before = ada(BOOK, red=3, visits=2)

    after = take("open", before)

    assert after.contact == before
    assert not after.changed


def test_a_segment_that_cannot_be_told_is_no_segment() -> None:
    assert take("open").run.segment is None
    assert "segment" not in take("open").contact.values


def test_a_segment_follows_its_fields() -> None:
    assert with_segment(BOOK.vocabulary, {"red": 0, "segment": "HOT"}, NOON) == {"red": 0, "segment": "COLD"}


def test_no_rule_that_takes_the_contact_leaves_no_segment() -> None:
    head = (
        "version: 1\ncontact: {email: {type: email}, red: {type: whole number, min: 0, max: 9},"
        " kind: {type: segment}}\n"
        "segments: [{HOT: red > 1}, {otherwise: none}]\n"
    )
    book = playbook("triggers: {in: {requires: [email]}}\n", head=head)

    assert with_segment(book.vocabulary, {"red": 0, "kind": "HOT"}, NOON) == {"red": 0}


def test_a_file_without_segments_keeps_what_is_known() -> None:
    book = playbook("triggers: {in: {requires: [email]}}\n", head="version: 1\ncontact: {email: {type: email}}\n")

    assert with_segment(book.vocabulary, {"email": "a@example.com", "gone": None}, NOON) == {"email": "a@example.com"}


LISTENED = playbook(
    "triggers:\n  booking: {requires: [email]}\n"
    "sequences:\n  course: {steps: [{wait: 'for trigger booking, at most 3 days'}, {email: one}]}\n"
)


def hear(contact: Contact | None, now: datetime) -> Intake:
    return receive(
        LISTENED.triggers["booking"],
        LISTENED.vocabulary,
        {"email": "ada@example.com"},
        contact,
        email="ada@example.com",
        event_id="e1",
        contact_id="new",
        now=now,
    )


def test_a_trigger_that_somebody_waits_for_changes_the_contact_every_time() -> None:
    before = ada(LISTENED).evolve(heard={"other": NOON})

    first = hear(before, NOON)
    second = hear(first.contact, NOON + timedelta(hours=1))

    assert first.contact.heard == {"other": NOON, "booking": NOON}
    assert second.contact.heard["booking"] == NOON + timedelta(hours=1)
    assert first.changed
    assert second.changed


def test_two_in_one_millisecond_are_two() -> None:
    one = timedelta(milliseconds=1)
    first = hear(None, NOON + timedelta(microseconds=100))
    second = hear(first.contact, NOON + timedelta(microseconds=900))
    third = hear(second.contact, NOON + one)

    heard = [found.contact.heard["booking"] for found in (first, second, third)]
    assert heard == [NOON, NOON + one, NOON + 2 * one]
    assert not take("open", take("open").contact).changed

"""Accepting: what is on disk when the answer is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from engine.errors import LedgerUnavailable
from engine.model import RunStatus
from engine.runtime.arrivals import KeyReused, Receipt, TriggerGone
from engine.runtime.ledger import Suppression, Transaction
from engine.runtime.suppressions import hashed_key
from tests.playbooks import NOON, playbook
from tests.runtime.conftest import Engine, arrival

Make = Callable[..., Engine]

BOOK = playbook(
    "triggers:\n"
    "  enter: {requires: [email], accepts: [red], then: [{start: course}]}\n"
    "  quiz: {requires: [email], unknown_contact: hold 1 hour, then: [{alert: Hello}]}\n"
    "sequences: {course: {steps: [{wait: 1 day}, {email: one}]}}\n"
)


def test_an_event_its_contact_and_its_run_are_on_disk(engine: Make) -> None:
    course = engine(BOOK)

    receipt = course.accept(red=3)

    assert (receipt.segment, receipt.email, receipt.accepted_at, receipt.replayed) == (
        "HOT",
        "ada@example.com",
        NOON,
        False,
    )
    with course.ledger.read() as tx:
        event, run = tx.event(receipt.event_id), tx.run(receipt.event_id)
    assert event is not None
    assert (event.trigger, event.payload["red"], event.revision) == ("enter", 3, BOOK.revision)
    assert run is not None
    assert (run.program, run.status) == ("trigger enter", RunStatus.READY)
    assert course.values()["segment"] == "HOT"


def test_the_same_key_and_body_is_answered_again_and_starts_nothing(engine: Make) -> None:
    course = engine(BOOK)

    first = course.accept(key="k1", red=3)
    again = course.accept(key="k1", red=3)
    course.work()

    assert (again.event_id, again.segment, again.replayed) == (first.event_id, "HOT", True)
    assert len(course.runs("trigger enter")) == 1


def test_the_same_key_within_one_group_is_the_same_event(engine: Make) -> None:
    course = engine(BOOK)

    receipts = course.accept_all(*(arrival(key="k1", red=3) for _ in range(20)))

    assert len({receipt.event_id for receipt in receipts}) == 1
    assert [receipt.replayed for receipt in receipts].count(False) == 1


def test_the_same_key_with_another_body_is_refused(engine: Make) -> None:
    course = engine(BOOK)
    course.accept(key="k1", red=3)

    with pytest.raises(KeyReused):
        course.accept(key="k1", red=4)

    assert course.values()["red"] == 3


def test_ten_at_once_for_one_contact_make_one_contact_one_sequence_and_ten_events(engine: Make) -> None:
    course = engine(BOOK)

    receipts = course.accept_all(*(arrival(red=number % 9) for number in range(10)))
    course.work()

    assert len({receipt.event_id for receipt in receipts}) == 10
    assert len(course.runs()) == 1
    assert course.values()["red"] == 0
    starts = [
        entry.note for run in course.runs("trigger enter") for entry in course.story(run) if entry.kind == "start"
    ]
    assert sorted(starts) == ["course: not started: already in it"] * 9 + ["course: started"]


def test_events_of_one_contact_keep_their_order(engine: Make) -> None:
    course = engine(BOOK)

    receipts = course.accept_all(*(arrival(red=number % 9) for number in range(50)))

    ids = [receipt.event_id for receipt in receipts]
    assert ids == sorted(ids)


def test_an_address_is_one_contact_however_it_is_written(engine: Make) -> None:
    course = engine(BOOK)

    course.accept(email="Ada@Example.com", red=1)
    course.accept(email="ada@example.com", red=2)

    assert course.values()["red"] == 2
    with course.ledger.read() as tx:
        assert len(tx.contacts_by_email(["ADA@EXAMPLE.COM", "ada@example.com"])) == 1


def test_a_stranger_waits_for_the_trigger_that_may_create_contacts(engine: Make) -> None:
    course = engine(BOOK, mirrored=True)
    course.accept("quiz")
    course.work()
    waiting, shown = course.runs("trigger quiz")[0], course.errands("mirror")

    course.accept("enter")
    course.work()

    assert (waiting.status, shown) == (RunStatus.WAITING, [])
    assert course.runs("trigger quiz")[0].status is RunStatus.FINISHED
    assert len(course.errands("mirror")) == 1


def test_a_ledger_that_cannot_write_answers_everybody(engine: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    course = engine(BOOK)

    def full(**_: Any) -> Any:
        raise LedgerUnavailable("the disk is full")

    monkeypatch.setattr(course.ledger, "write", full)

    with pytest.raises(LedgerUnavailable):
        course.accept()


def test_one_arrival_that_cannot_be_stored_does_not_take_the_group_with_it(engine: Make) -> None:
    course = engine(BOOK)
    acceptor = course.acceptor()
    odd = arrival(email="eve@example.com", red=object())
    futures = [acceptor.submit(one) for one in (arrival(red=1), odd, arrival(red=2))]
    acceptor.start()
    acceptor.stop()

    assert [type(future.exception()) for future in futures] == [type(None), TypeError, type(None)]
    assert course.values()["red"] == 2


def test_a_trigger_that_left_the_file_meanwhile_accepts_nothing(engine: Make) -> None:
    course = engine(BOOK)
    acceptor = course.acceptor()
    futures = [acceptor.submit(one) for one in (arrival(red=1), arrival("gone", red=7), arrival(red=2))]
    acceptor.start()
    acceptor.stop()

    assert [type(future.exception()) for future in futures] == [type(None), TriggerGone, type(None)]
    assert course.values()["red"] == 2


def test_who_gave_up_waiting_is_not_accepted_and_stops_nobody_else(engine: Make) -> None:
    course = engine(BOOK)
    acceptor = course.acceptor()
    impatient = acceptor.submit(arrival(email="eve@example.com"))
    patient = acceptor.submit(arrival(email="ada@example.com"))
    impatient.cancel()
    acceptor.start()
    try:
        patient.result(timeout=10)
        later = acceptor.submit(arrival(email="bob@example.com")).result(timeout=10)
    finally:
        acceptor.stop()

    assert later.email == "bob@example.com"
    with course.ledger.read() as tx:
        assert not tx.contacts_by_email(["eve@example.com"])


def test_two_servers_take_the_same_people_and_keys_at_once(engine: Make) -> None:
    """Each is judged once, whoever was first; the same key gets the same answer everywhere."""
    servers = [engine(BOOK), engine(BOOK)]
    acceptors = [server.acceptor() for server in servers]
    for acceptor in acceptors:
        acceptor.start()
    futures = [
        (number, acceptor.submit(arrival(key=f"k{number}", email=f"ada{number % 10}@example.com", red=number % 9)))
        for number in range(200)
        for acceptor in (acceptors if number % 2 else reversed(acceptors))
    ]
    for acceptor in acceptors:
        acceptor.stop()

    answers: dict[int, set[tuple[str, str | None]]] = {}
    for number, future in futures:
        receipt = future.result()
        answers.setdefault(number, set()).add((receipt.event_id, receipt.segment))
    assert {len(found) for found in answers.values()} == {1}
    events = {event_id for found in answers.values() for event_id, _ in found}
    assert len(events) == 200
    assert {run.id for run in servers[0].runs("trigger enter")} <= events
    with servers[0].ledger.read() as tx:
        contacts = tx.contacts_by_email(f"ada{number}@example.com" for number in range(10))
        assert len({contact.id for contact in contacts.values()}) == 10
        assert all(tx.event(event_id) for event_id in events)
        counts = tx.counts()
    assert counts["trigger enter", RunStatus.READY] == 200


def while_another_writes(engine: Make, write: Callable[[Transaction], None], **values: Any) -> Receipt:
    """What an arrival comes to that is handed in while another process writes, and waits for its end."""
    mine, other = engine(BOOK), engine(BOOK)
    acceptor = mine.acceptor()
    acceptor.start()
    try:
        with other.ledger.write() as tx:
            write(tx)
            future = acceptor.submit(arrival(**values))
            with pytest.raises(TimeoutError):
                future.result(timeout=0.3)
        return future.result(timeout=10)
    finally:
        acceptor.stop()


def test_a_key_that_another_server_is_just_taking_is_answered_as_its_repeat(engine: Make) -> None:
    first = engine(BOOK)
    first.accept(key="k1", red=3)
    with first.ledger.read() as tx:
        [event] = tx.events_by_key([("enter", "k1")]).values()

    def take(tx: Transaction) -> None:
        tx.add_events([replace(event, id="another", key="k2")])

    receipt = while_another_writes(engine, take, trigger="enter", key="k2", red=3)

    assert (receipt.event_id, receipt.replayed) == ("another", True)


def test_what_another_server_is_just_saving_of_a_contact_is_not_undone(engine: Make) -> None:
    first = engine(BOOK)
    first.accept(red=3)
    with first.ledger.read() as tx:
        contact = tx.contacts_by_email(["ada@example.com"])["ada@example.com"].id

    def save(tx: Transaction) -> None:
        tx.merge_values([(contact, {"first_name": "Ada"})], NOON)

    while_another_writes(engine, save, red=7)

    assert (first.values()["first_name"], first.values()["red"]) == ("Ada", 7)


def test_an_address_that_was_suppressed_before_anybody_had_it_is_so_for_the_contact(engine: Make) -> None:
    key, course = hashed_key("ada@example.com", ""), engine(BOOK)
    with course.ledger.write() as tx:
        tx.suppress_address(key, Suppression(reason="bounced", at=NOON, source="erased"))

    course.accept()
    course.pass_time(days=2)

    with course.ledger.read() as tx:
        assert tx.contacts_by_email(["ada@example.com"])["ada@example.com"].suppressed == "bounced"
        assert tx.suppressed_addresses([key]) == {}
    assert course.mailer.given == []

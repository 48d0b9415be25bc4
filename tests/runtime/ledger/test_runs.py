"""Runs begun, looked up, listed and counted; and their stories."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import fields
from sqlalchemy.exc import IntegrityError

from engine.model import Entry, RunStatus


def test_a_run_comes_back_as_it_was(ledger, begin, noon):
    run = begin(
        1,
        status=RunStatus.FAILED,
        due_at=None,
        event_id="e1",
        segment="CRITICAL",
        attempt=4,
        asked_at=noon,
        in_doubt=True,
        skipping=True,
        reason="the provider refused",
        ended_at=noon + timedelta(milliseconds=1),
        version=9,
        key="appointment-7",
        given={"appointment_id": "appointment-7"},
        elsewhere={"email_1": noon},
        pinned=1,
    )
    plain = {field.name for field in fields(run) if getattr(run, field.name) == field.default}
    assert plain == set(), "a member without a value of its own could be lost unseen"
    with ledger.read() as tx:
        assert tx.run(run.id) == run
        assert tx.run("nobody") is None
        assert tx.run_revision(run.id) == "revision-1"


def test_instants_are_kept_to_the_millisecond(ledger, begin, noon):
    run = begin(1, due_at=noon + timedelta(microseconds=1999))
    with ledger.read() as tx:
        assert tx.run(run.id).due_at == noon + timedelta(microseconds=1000)


def test_runs_of_a_contact_are_found_by_program_oldest_first(ledger, begin):
    begin(2, contact=1)
    begin(1, contact=1, status=RunStatus.FINISHED, due_at=None)
    begin(3, contact=1, program="onboarding")
    begin(4)
    with ledger.read() as tx:
        assert [run.id for run in tx.runs_of("c0001", "nurture")] == ["r0001", "r0002"]
        assert [run.id for run in tx.live_runs("c0001")] == ["r0002", "r0003"]
        assert tx.live_runs("c0009") == []
        many = tx.runs_of_many(["c0001", "c0004", "c0009"], "nurture")
    assert {contact: len(runs) for contact, runs in many.items()} == {"c0001": 2, "c0004": 1}


def test_a_run_needs_a_contact_that_is_there(ledger, a_run):
    with pytest.raises(IntegrityError), ledger.write() as tx:
        tx.add_runs([a_run(1)], "revision-1")


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, ["r0005", "r0004", "r0003", "r0001"]),
        ({"triggers": True}, ["r0005", "r0004", "r0003", "r0002", "r0001"]),
        ({"limit": 2}, ["r0005", "r0004"]),
        ({"limit": 2, "before": "r0004"}, ["r0003", "r0001"]),
        ({"program": "nurture"}, ["r0005", "r0003", "r0001"]),
        ({"program": "trigger signup"}, ["r0002"]),
        ({"status": RunStatus.HELD}, ["r0004", "r0003"]),
        ({"status": RunStatus.HELD, "program": "nurture"}, ["r0003"]),
        ({"email": " ADA1@example.com"}, ["r0005", "r0001"]),
        ({"email": "ada1@example.com", "status": RunStatus.WAITING, "before": "r0005"}, ["r0001"]),
        ({"email": "nobody@example.com"}, []),
        ({"program": "unheard of"}, []),
    ],
)
def test_runs_are_listed_newest_first_by_what_was_asked(ledger, begin, filters, expected):
    begin(1)
    begin(2, program="trigger signup", status=RunStatus.FINISHED)
    begin(3, status=RunStatus.HELD)
    begin(4, program="onboarding", status=RunStatus.HELD)
    begin(5, contact=1)
    with ledger.read() as tx:
        listed = tx.list_runs(**filters)
    assert [one.run.id for one in listed] == expected
    assert {one.email for one in listed} <= {f"ada{n}@example.com" for n in (1, 2, 3, 4)}


def test_runs_are_counted_by_program_and_status(ledger, begin):
    begin(1)
    begin(2)
    begin(3, program="onboarding", status=RunStatus.HELD)
    with ledger.read() as tx:
        assert tx.counts() == {("nurture", RunStatus.WAITING): 2, ("onboarding", RunStatus.HELD): 1}
        assert tx.programs() == ["nurture", "onboarding"]


def test_a_story_keeps_its_order_and_every_word(ledger, begin, noon):
    begin(1)
    begin(2)
    first = Entry(
        at=noon,
        step="email_1",
        kind="email",
        note="accepted — “merci” ✨",
        template="email_1",
        subject="Hello",
        provider_id="re_1",
        attempts=2,
        error="timed out once",
    )
    wait = Entry(at=noon, step="email_2", kind="wait", note="24 hours", until=noon + timedelta(days=1))
    other = wait.evolve(note="of another run")
    earlier = wait.evolve(at=noon - timedelta(days=1), note="told later, of an earlier moment")
    with ledger.write() as tx:
        tx.tell([("r0001", first), ("r0002", other), ("r0001", wait)], "revision-1")
    with ledger.write() as tx:
        tx.tell([("r0001", earlier)], "revision-2")
    with ledger.read() as tx:
        assert tx.story("r0001") == [first, wait, earlier]
        assert tx.story("r0002") == [other]
        assert tx.story("r0003") == []

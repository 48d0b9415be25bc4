"""What the provider tells of emails: in any order, twice, early; what stands on the story, and what follows."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model import Accepted, Entry, Run, RunStatus
from engine.runtime.clock import Ids
from engine.runtime.deliveries import delivery_lines, read, take, with_deliveries
from engine.runtime.ledger import email_key
from engine.runtime.suppressions import standing
from tests.playbooks import NOON, steps
from tests.runtime.conftest import Engine, ScriptedMailer

Make = Callable[..., Engine]
TWO = "- email: one\n- wait: 1 day\n- email: two"
KEY = "a key for tests"
HARD = {"bounce": {"type": "Permanent", "subType": "General", "message": "no mailbox ada@example.com here"}}


def payload(kind: str, provider_id: str, minute: int = 0, to: str = "ada@example.com", **more: Any) -> dict[str, Any]:
    at = (NOON + timedelta(minutes=minute)).isoformat()
    data = {"email_id": provider_id, "to": [to], "subject": "Re: one", **more}
    return {"type": f"email.{kind}", "created_at": at, "data": data}


def told(engine: Engine, document: Any, name: str) -> bool:
    with engine.ledger.write() as tx:
        return take(tx, read(document, name, engine.clock.at), KEY, Ids(), engine.clock.at)


def story(engine: Engine, run: Run) -> list[Entry]:
    with engine.ledger.read() as tx:
        own = tx.story(run.id)
        return with_deliveries(own, delivery_lines(tx, own))


def sent(engine: Make) -> tuple[Engine, Run, str]:
    course = engine(steps(TWO))
    course.accept()
    course.work()
    (run,) = course.runs()
    course.clock.forward(hours=1)
    return course, run, f"p-{course.mailer.given[0].key}"


def events(provider_id: str) -> list[tuple[dict[str, Any], str]]:
    found = [
        payload("sent", provider_id),
        payload("delivery_delayed", provider_id, 1),
        payload("delivered", provider_id, 2),
        payload("opened", provider_id, 3),
        payload("opened", provider_id, 9),
        payload("clicked", provider_id, 4, click={"link": "https://example.com/x", "ipAddress": "192.0.2.1"}),
        payload("complained", provider_id, 5),
        {"type": "contact.created", "data": {"id": "x"}},
    ]
    return [(document, f"msg_{number}") for number, document in enumerate(found)]


@pytest.mark.parametrize("seed", range(4))
def test_any_order_and_any_repeat_tell_the_same_story(engine: Make, seed: int) -> None:
    course, run, provider_id = sent(engine)
    known = events(provider_id)
    mixed = list(reversed(known)) if seed == 0 else random.Random(seed).sample(known * 2, len(known) * 2)
    for document, name in mixed:
        told(course, document, name)
    assert not any(told(course, document, name) for document, name in known)
    course.work()

    lines = [line for line in story(course, run) if line.kind == "delivery"]
    assert [line.note for line in lines] == [
        "sent",
        "delivery delayed",
        "delivered",
        "opened, 2 times",
        "clicked",
        "complained",
    ]
    assert [line.at - NOON for line in lines] == [timedelta(minutes=minute) for minute in (0, 1, 2, 3, 4, 5)]
    assert {line.step for line in lines} == {"one"}
    (ended,) = course.runs()
    assert (ended.status, ended.reason) == (RunStatus.STOPPED, "complained")


def test_an_event_that_comes_before_our_record_of_the_email_joins_it_later(engine: Make) -> None:
    course = engine(steps(TWO), mailer=ScriptedMailer())
    course.accept()
    course.clock.forward(minutes=-1)
    told(course, payload("delivered", "p-early", -1), "msg_1")
    course.clock.forward(minutes=1)
    course.mailer.answer = lambda message: _accepted(message, "p-early")
    course.work()
    (run,) = course.runs()
    assert [line.note for line in story(course, run) if line.kind == "delivery"] == ["delivered"]
    kinds = [line.kind for line in story(course, run)]
    assert kinds.index("delivery") > kinds.index("email")


def _accepted(message: Any, provider_id: str) -> Any:
    return Accepted(template=message.template, subject=message.subject, provider_id=provider_id)


@pytest.mark.parametrize(("kind", "more"), [("bounced", HARD), ("complained", {})])
def test_a_hard_bounce_and_a_complaint_end_marketing_at_once(engine: Make, kind: str, more: Any) -> None:
    course, run, provider_id = sent(engine)
    told(course, payload(kind, provider_id, 1, **more), "msg_1")
    course.work()

    (ended,) = course.runs()
    assert (ended.status, ended.reason) == (RunStatus.STOPPED, kind)
    assert "ada@example.com" not in " ".join(line.note for line in story(course, run) if line.kind == "delivery")
    with course.ledger.read() as tx:
        found = tx.suppressions_of([run.contact_id])[run.contact_id]
    assert (found.reason, found.at, found.source) == (kind, NOON + timedelta(minutes=1), "Resend")


def test_what_is_not_for_good_or_decides_nothing_lets_the_run_go_on(engine: Make) -> None:
    course, _, provider_id = sent(engine)
    soft = {"bounce": {"type": "Transient", "message": "mailbox full"}}
    for number, (kind, more) in enumerate([("bounced", soft), ("opened", {}), ("clicked", {}), ("delivered", {})]):
        told(course, payload(kind, provider_id, **more), f"msg_{number}")
    course.pass_time(days=1)
    assert [message.template for message in course.mailer.given] == ["one", "two"]


def test_an_address_that_nobody_has_is_known_by_its_hash_only(engine: Make) -> None:
    course = engine(steps(TWO))
    told(course, payload("bounced", "p-x", to="Eve <eve@example.com>", **HARD), "msg_1")
    with course.ledger.read() as tx:
        (listed,) = tx.list_suppressions()
        assert "eve" not in listed.key
        assert standing(tx, "EVE@example.com", KEY) == listed


@pytest.mark.parametrize("kind", ["failed", "suppressed"])
def test_what_the_provider_did_not_send_is_an_alert(engine: Make, kind: str) -> None:
    course, run, provider_id = sent(engine)
    details = {"failed": {"reason": "reached_daily_quota"}, "suppressed": {"reason": "previous_bounce"}}
    told(course, payload(kind, provider_id, **{kind: details[kind]}), "msg_1")
    (alert,) = course.errands("alert")
    assert run.id in alert.payload["message"]
    assert details[kind]["reason"] in alert.payload["message"]


def test_a_reply_ends_what_had_begun_and_a_program_writes_no_reply(engine: Make) -> None:
    course, _, _ = sent(engine)
    away = payload("received", "in-1", 5, **{"from": "Ada <ADA@example.com>"}, subject="Automatic reply: away")
    stranger = payload("received", "in-2", 5, **{"from": "eve@example.com"})
    told(course, away, "msg_1")
    told(course, stranger, "msg_2")
    course.work()
    assert course.runs()[0].status is RunStatus.WAITING
    told(course, payload("received", "in-3", 5, **{"from": "Ada <ADA@example.com>"}), "msg_3")
    course.work()
    (ended,) = course.runs()
    assert (ended.status, ended.reason) == (RunStatus.STOPPED, "replied")


def test_what_is_told_of_an_email_goes_with_it(engine: Make) -> None:
    course, run, provider_id = sent(engine)
    told(course, payload("complained", provider_id), "msg_1")
    told(course, payload("delivered", "p-of-nobody"), "msg_2")
    course.work()
    later = course.clock.at + timedelta(days=1)
    with course.ledger.write() as tx:
        assert tx.forget_orphans(later, 10) == 1
        assert len(tx.deliveries([provider_id])) == 1
        tx.forget_runs([run.id], later)
        assert tx.deliveries([provider_id, "p-of-nobody"]) == []


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda one: st.lists(one) | st.dictionaries(st.text(), one)
)
_NAMES = st.sampled_from(["type", "created_at", "data", "email_id", "to", "from", "bounce", "subject", "message"])


@given(st.dictionaries(_NAMES, _JSON | st.dictionaries(_NAMES, _JSON)), st.sampled_from(["bounced", "received", "x"]))
def test_no_payload_is_too_strange_to_read(document: dict[str, Any], kind: str) -> None:
    found = read({**document, "type": f"email.{kind}"}, "msg_1", NOON)
    assert found.event.kind == kind
    assert all("@" in address and email_key(address) for address in found.addresses)

"""Batches against the stand-in: whole or not at all, and an answer for each."""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping
from typing import Any

import pytest

from engine.adapters.resend import ResendMailer
from engine.adapters.resend.requests import batch_body, body
from engine.model import Accepted, Refused, Retry
from engine.ports import Conflict, Message
from engine.runtime.paces import SharedPace
from tests.adapters.resend.conftest import API_KEY, a_message, a_pace, published_errors
from tests.standins.resend import Resend
from tests.standins.server import Faults, StandIn

KEY = "batch/01"


def people(count: int = 5) -> list[Message]:
    return [a_message(number, to=f"ada+{number}@example.com") for number in range(count)]


def sent(resend: StandIn[Resend]) -> list[str]:
    return [email["to"][0] for email in resend.vendor.accepted]


def retry(answer: object) -> Retry:
    assert isinstance(answer, Retry), answer
    return answer


def test_a_hundred_emails_are_one_request(resend: StandIn[Resend], mailer: ResendMailer) -> None:
    messages = [*people(99), a_message(99, subject="Grüße 🎉", headers={"X-A": "b"}, reply_to="team@example.com")]
    answers = mailer.send_batch(KEY, messages)
    ids = [email["id"] for email in resend.vendor.accepted]
    assert answers == [
        Accepted(template="email_1", subject=message.subject, provider_id=ident)
        for message, ident in zip(messages, ids, strict=True)
    ]
    assert [(line["path"], line["key"]) for line in resend.vendor.requests] == [("/emails/batch", KEY)]
    assert resend.vendor.violations == []
    assert (mailer.bulk, resend.vendor.accepted[99]["headers"]) == (100, {"X-A": "b"})


def test_a_batch_is_a_list_of_the_very_bodies_of_its_emails() -> None:
    first, second = a_message(1, headers={"B": "2", "A": "1"}), a_message(2, reply_to="a@example.com")
    assert batch_body([first, second]) == b"[" + body(first) + b"," + body(second) + b"]"
    assert batch_body([first, second]) != batch_body([second, first])


@pytest.mark.parametrize("fault", ["drop", "garbage", "500 after"])
def test_a_batch_taken_without_an_answer_is_sent_once(
    resend: StandIn[Resend], mailer: ResendMailer, fault: str
) -> None:
    resend.faults = Faults(script=[fault])
    first = retry(mailer.send_batch(KEY, people()))
    again = mailer.send_batch(KEY, people())
    assert (first.uncertain, first.vendor_wide) == (True, False)
    assert isinstance(again, list)
    assert [one.provider_id for one in again] == [email["id"] for email in resend.vendor.accepted]
    assert len(resend.vendor.accepted) == 5


def test_a_batch_taken_while_its_answer_hangs_is_sent_once(resend: StandIn[Resend]) -> None:
    resend.faults = Faults(script=["hang"])
    mailer = ResendMailer(API_KEY, resend.url, pace=a_pace(), timeout=0.4)
    assert retry(mailer.send_batch(KEY, people())).uncertain
    assert isinstance(mailer.send_batch(KEY, people()), list)
    mailer.close()
    assert len(resend.vendor.accepted) == 5


def test_two_who_send_one_batch_at_the_same_moment_send_it_once(resend: StandIn[Resend], mailer: ResendMailer) -> None:
    resend.faults.latency = 0.3
    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(mailer.send_batch(KEY, people()))) for _ in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    [busy] = [answer for answer in found if isinstance(answer, Retry)]
    assert (busy.uncertain, busy.after) == (True, 5.0)
    assert len(resend.vendor.accepted) == 5


@pytest.mark.parametrize(
    ("fault", "uncertain", "vendor_wide"),
    [
        ("500", True, False),
        ("502", True, False),
        ("lost", True, False),
        ("429", False, True),
        ("quota", False, True),
        ("revoked", False, True),
    ],
)
def test_what_did_not_reach_anybody_says_whether_that_is_sure(
    resend: StandIn[Resend], mailer: ResendMailer, fault: str, uncertain: bool, vendor_wide: bool
) -> None:
    resend.faults = Faults(script=[fault])
    answer = retry(mailer.send_batch(KEY, people()))
    assert (answer.uncertain, answer.vendor_wide) == (uncertain, vendor_wide)
    assert resend.vendor.accepted == []


def test_one_bad_recipient_is_refused_alone(resend: StandIn[Resend], mailer: ResendMailer, pace: SharedPace) -> None:
    resend.faults = Faults(addresses={"ada+1@example.com": "422", "ada+3@example.com": "422"})
    answers = mailer.send_batch(KEY, people())
    assert isinstance(answers, list)
    assert [type(answer) for answer in answers] == [Accepted, Refused, Accepted, Refused, Accepted]
    assert [one.provider_id for one in answers if isinstance(one, Accepted)] == [
        email["id"] for email in resend.vendor.accepted
    ]
    assert sent(resend) == ["ada+0@example.com", "ada+2@example.com", "ada+4@example.com"]
    assert "on our list" in answers[1].reason
    assert pace.shut() is None


def test_the_same_is_said_again_of_one_bad_recipient(resend: StandIn[Resend], mailer: ResendMailer) -> None:
    resend.faults = Faults(addresses={"ada+1@example.com": "422"})
    first = mailer.send_batch(KEY, people())
    resend.faults = Faults()
    assert mailer.send_batch(KEY, people()) == first
    assert len(resend.vendor.accepted) == 4


@pytest.mark.parametrize("row", published_errors())
def test_every_published_error_of_a_batch_gives_the_outcome_it_asks_for(
    resend: StandIn[Resend], mailer: ResendMailer, pace: SharedPace, row: Mapping[str, Any]
) -> None:
    spoken = {"status": row["status"], "body": {"statusCode": row["status"], **row}, "headers": {"retry-after": "90"}}
    resend.faults = Faults(script=[spoken])
    answer = mailer.send_batch(KEY, people())
    match row["retry"]:
        case "no: the first one was sent":
            assert answer == Conflict()
        case "yes, same key" | "yes, later, same key":
            assert retry(answer).uncertain
        case _:
            assert not retry(answer).uncertain
            assert retry(answer).vendor_wide == (row["status"] == 429 or "api_key" in row["name"])
    assert (pace.take(1) == 0) == (row["status"] == 429 or "api_key" in row["name"])
    assert resend.vendor.accepted == []


def test_a_refusal_of_the_whole_says_nothing_of_one(resend: StandIn[Resend], mailer: ResendMailer) -> None:
    said = "Missing `subject` field."
    resend.faults = Faults(script=[{"status": 422, "body": {"name": "missing_required_field", "message": said}}])
    answer = retry(mailer.send_batch(KEY, people()))
    assert (answer.uncertain, answer.vendor_wide, answer.after) == (False, False, None)
    assert said in answer.reason


OK = {"id": "re_1"}


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"data": None},
        {"data": OK},
        {"data": [OK]},
        {"data": [OK, OK, OK]},
        {"data": [OK, {"id": None}]},
        {"data": [OK, {"id": ""}]},
        {"data": [OK, "re_2"]},
        {"data": [OK, OK], "errors": [{"index": 0, "message": "no"}]},
        {"data": [OK], "errors": [{"index": 2, "message": "no"}]},
        {"data": [OK], "errors": [{"index": -1, "message": "no"}]},
        {"data": [OK], "errors": [{"index": True, "message": "no"}]},
        {"data": [], "errors": [{"index": 0}, {"index": 0}]},
        {"data": [OK], "errors": ["no"]},
        {"data": [OK, OK], "errors": "none"},
        [OK, OK],
    ],
)
def test_an_answer_that_is_not_for_each_is_not_believed(
    resend: StandIn[Resend], mailer: ResendMailer, said: object
) -> None:
    resend.faults = Faults(script=[{"status": 200, "body": said}])
    answer = retry(mailer.send_batch(KEY, people(2)))
    assert (answer.uncertain, answer.vendor_wide) == (True, False)


@pytest.mark.parametrize("errors", [None, []])
def test_an_answer_without_errors_is_an_answer_for_each(
    resend: StandIn[Resend], mailer: ResendMailer, errors: object
) -> None:
    resend.faults = Faults(script=[{"status": 200, "body": {"data": [OK, OK], "errors": errors}}])
    assert mailer.send_batch(KEY, people(2)) == [
        Accepted(template="email_1", subject=f"Hello {number}", provider_id="re_1") for number in (0, 1)
    ]


def test_a_key_used_for_other_emails_sends_nothing(resend: StandIn[Resend], mailer: ResendMailer) -> None:
    mailer.send_batch(KEY, people(1))
    assert mailer.send_batch(KEY, people(3)) == Conflict()
    assert len(resend.vendor.accepted) == 1


def test_nobody_at_the_address_means_that_nothing_was_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    mailer = ResendMailer(API_KEY, f"http://127.0.0.1:{port}", pace=a_pace())
    answer = retry(mailer.send_batch(KEY, people()))
    mailer.close()
    assert (answer.uncertain, answer.vendor_wide) == (False, True)


def test_half_an_emoji_keeps_a_batch_from_being_a_request(resend: StandIn[Resend], mailer: ResendMailer) -> None:
    answer = retry(mailer.send_batch(KEY, [a_message(1, html="\ud83d"), a_message(2)]))
    assert (answer.uncertain, answer.vendor_wide) == (False, False)
    assert resend.vendor.requests == []


def test_no_address_and_no_key_is_in_a_reason(resend: StandIn[Resend], mailer: ResendMailer) -> None:
    leak = f"{API_KEY} may not write to ada+1@example.com"
    errors = [{"index": 1, "message": leak}]
    resend.faults = Faults(
        script=[
            {"status": 422, "body": {"name": "validation_error", "message": leak}},
            {"status": 200, "body": {"data": [OK], "errors": errors}},
        ]
    )
    whole, each = retry(mailer.send_batch(KEY, people(2))), mailer.send_batch(KEY, people(2))
    assert isinstance(each, list)
    for reason in (whole.reason, each[1].reason):
        assert "may not write to" in reason
        assert API_KEY not in reason
        assert "ada+1" not in reason


def test_five_failed_batches_in_a_row_open_the_circuit(resend: StandIn[Resend], pace: SharedPace) -> None:
    resend.faults = Faults(chances={"503": 1.0})
    mailer = ResendMailer(API_KEY, resend.url, pace=pace)
    for _ in range(5):
        assert pace.take(1) == 1
        mailer.send_batch(KEY, people())
    mailer.close()
    assert pace.take(1) == 0

"""ResendMailer against the stand-in, over real HTTP."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from engine.adapters.resend import BEGIN, ResendMailer, body
from engine.errors import SettingsError
from engine.model import Accepted, Refused, Retry
from engine.ports import Delivery, Message
from engine.runtime.clock import SystemClock
from engine.runtime.paces import MemoryStore, SharedPace
from tests.adapters.resend.conftest import API_KEY, a_message, a_pace, one, published_errors, waiting
from tests.standins.resend import Resend
from tests.standins.server import Faults, StandIn


def test_an_email_is_accepted_and_arrives_as_it_was_written(resend: StandIn[Resend], mailer: ResendMailer) -> None:
    message = a_message(reply_to="team@example.com", headers={"List-Unsubscribe": "<https://example.com/u/1>"})
    answer = one(mailer, message)
    (email,) = resend.vendor.accepted
    assert answer == Accepted(template="email_1", subject="Hello 1", provider_id=email["id"])
    assert (email["from"], email["to"]) == ("Sang Le <sang@example.com>", ["ada@example.com"])
    assert (email["html"], email["text"]) == ("<p>Hello</p>", "Hello")
    assert (email["reply_to"], email["key"]) == ("team@example.com", "run-1:email_1")
    assert email["headers"] == {"List-Unsubscribe": "<https://example.com/u/1>"}


def test_requests_keep_to_the_published_contract(resend: StandIn[Resend], mailer: ResendMailer) -> None:
    if not resend.vendor.judges:
        pytest.skip("resend/openapi.json: ../shared/contracts is missing")
    odd = [
        a_message(1),
        a_message(2, subject="Grüße, Zoë 🎉", html="<p>日本語 👩‍👩‍👧</p>", text="日本語"),
        a_message(3, html="x" * 400_000, text="y" * 400_000),
        a_message(4, text=""),
        a_message(5, headers={"List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}, reply_to="a@example.com"),
    ]
    answers = mailer.send(odd)
    assert [type(answer) for answer in answers] == [Accepted] * 5
    assert resend.vendor.violations == []
    by_key = {email["key"]: email for email in resend.vendor.accepted}
    assert by_key["run-1:email_2"]["subject"] == "Grüße, Zoë 🎉"
    assert len(by_key["run-1:email_3"]["html"]) == 400_000


def test_answers_come_in_the_order_of_the_messages(resend: StandIn[Resend], mailer: ResendMailer) -> None:
    messages = [a_message(number) for number in range(40)]
    answers = mailer.send(messages)
    ids = {email["subject"]: email["id"] for email in resend.vendor.accepted}
    assert [answer.provider_id for answer in answers if isinstance(answer, Accepted)] == [
        ids[message.subject] for message in messages
    ]


@pytest.mark.parametrize("fault", ["drop", "garbage", "500 after"])
def test_an_email_taken_without_an_answer_is_sent_once(
    resend: StandIn[Resend], mailer: ResendMailer, fault: str
) -> None:
    resend.faults = Faults(script=[fault])
    first = one(mailer)
    assert isinstance(first, Retry)
    assert first.uncertain
    assert isinstance(one(mailer), Accepted)
    assert len(resend.vendor.accepted) == 1


def test_an_email_taken_while_the_answer_hangs_is_sent_once(resend: StandIn[Resend]) -> None:
    resend.faults = Faults(script=["hang"])
    mailer = ResendMailer(API_KEY, resend.url, pace=a_pace(), timeout=0.4)
    try:
        first = one(mailer)
        assert isinstance(first, Retry)
        assert first.uncertain
        assert isinstance(one(mailer), Accepted)
    finally:
        mailer.close()
    assert len(resend.vendor.accepted) == 1


def test_retries_in_other_company_send_nothing_twice(resend: StandIn[Resend], mailer: ResendMailer) -> None:
    messages = [a_message(number) for number in range(12)]
    resend.faults = Faults(chances={"drop": 0.3, "500": 0.2, "garbage": 0.2}, seed=7)
    waiting, rounds = messages, 0
    while waiting:
        answers = mailer.send(waiting[::-1]) if rounds % 2 else mailer.send(waiting)[::-1]
        pairs = zip(waiting[::-1], answers, strict=True)
        waiting = [message for message, answer in pairs if not isinstance(answer, Accepted)]
        rounds += 1
        assert rounds < 60
    assert rounds > 1
    assert sorted(email["key"] for email in resend.vendor.accepted) == sorted(message.key for message in messages)


@pytest.mark.parametrize("row", published_errors())
def test_every_published_error_gives_the_outcome_it_asks_for(
    resend: StandIn[Resend], mailer: ResendMailer, pace: SharedPace, row: Mapping[str, Any]
) -> None:
    answer = {"statusCode": row["status"], "name": row["name"], "message": row["message"]}
    spoken = {"status": row["status"], "body": answer, "headers": {"retry-after": "90"}}
    resend.faults = Faults(script=[spoken])
    outcome = one(mailer)
    whole_vendor = row["status"] == 429 or "api_key" in row["name"]
    match row["retry"]:
        case "yes, same key" | "yes, later, same key":
            assert isinstance(outcome, Retry)
            assert (outcome.uncertain, outcome.vendor_wide) == (True, False)
        case "yes, after retry-after":
            assert outcome == Retry(reason=f"Resend asks to go slower: {row['message']}", after=90.0, vendor_wide=True)
        case "hours; alert":
            assert isinstance(outcome, Retry)
            assert (outcome.after, outcome.uncertain, outcome.vendor_wide) == (3600.0, False, True)
            assert row["name"].split("_")[0] in outcome.reason
        case "no: the first one was sent":
            assert outcome == Accepted(template="email_1", subject="Hello 1")
        case "no: alert" if row["status"] in (401, 403):
            assert isinstance(outcome, Retry)
            assert (outcome.after, outcome.uncertain, outcome.vendor_wide) == (300.0, False, whole_vendor)
            assert "RESEND_API_KEY" in outcome.reason
        case "no" | "no: alert":
            assert isinstance(outcome, Refused)
            assert row["message"] in outcome.reason
        case other:
            pytest.fail(f"errors.json asks for {other!r}, which this test does not know")
    assert resend.vendor.accepted == []
    assert waiting(pace) == (outcome.after if whole_vendor and isinstance(outcome, Retry) else 0)


def test_the_vendor_s_own_sentence_says_why_an_email_is_refused(resend: StandIn[Resend], mailer: ResendMailer) -> None:
    outcome = one(mailer, a_message(sender="not an address"))
    assert isinstance(outcome, Refused)
    assert "Invalid `from` field" in outcome.reason


def test_an_email_that_changed_since_its_first_try_is_not_sent_again(
    resend: StandIn[Resend], mailer: ResendMailer, caplog: pytest.LogCaptureFixture
) -> None:
    one(mailer, a_message(subject="First"))
    outcome = one(mailer, a_message(subject="Second"))
    assert outcome == Accepted(template="email_1", subject="Second")
    assert [email["subject"] for email in resend.vendor.accepted] == ["First"]
    assert "run-1:email_1" in caplog.text


def test_two_tries_at_the_same_moment_send_one_email(resend: StandIn[Resend], mailer: ResendMailer) -> None:
    resend.faults.latency = 0.3
    other = ResendMailer(API_KEY, resend.url, pace=a_pace())
    found: list[Delivery] = []
    threads = [threading.Thread(target=lambda m=m: found.append(one(m))) for m in (mailer, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    assert sorted(type(outcome).__name__ for outcome in found) == ["Accepted", "Retry"]
    assert len(resend.vendor.accepted) == 1


def test_a_wrong_key_harms_no_email_and_is_not_repeated_in_the_reason(resend: StandIn[Resend]) -> None:
    pace = a_pace()
    mailer = ResendMailer("wrong_key_0815", resend.url, pace=pace)
    resend.faults = Faults(
        script=[
            {"status": 403, "body": {"name": "invalid_api_key", "message": "wrong_key_0815 is for ada@example.com"}}
        ]
    )
    outcomes = [one(mailer), one(mailer)]
    mailer.close()
    for outcome in outcomes:
        assert isinstance(outcome, Retry)
        assert (outcome.after, outcome.vendor_wide) == (300, True)
        assert "RESEND_API_KEY" in outcome.reason
        assert "wrong_key_0815" not in outcome.reason
        assert "ada@example.com" not in outcome.reason
    assert "wrong_key_0815" not in repr(mailer)
    assert (pace.take(5), waiting(pace)) == (0, 300)


def test_one_sender_s_domain_is_a_matter_of_that_email(
    resend: StandIn[Resend], mailer: ResendMailer, pace: SharedPace
) -> None:
    said = {"name": "validation_error", "message": "The example.org domain is not verified."}
    resend.faults = Faults(script=[{"status": 403, "body": said}])
    answers = [one(mailer, a_message(1)), one(mailer, a_message(2))]
    assert isinstance(answers[0], Retry)
    assert not answers[0].vendor_wide
    assert isinstance(answers[1], Accepted)
    assert pace.take(9) == 9


@pytest.mark.parametrize(
    ("spoken", "kind"),
    [
        ({"status": 403, "body": b"error code: 1010"}, Retry),
        ({"status": 404, "body": b"<html>nginx</html>"}, Retry),
        ({"status": 302, "headers": {"location": "/elsewhere"}}, Retry),
        ({"status": 200, "body": {"id": None}}, Retry),
        ({"status": 200, "body": [1, 2]}, Retry),
        ({"status": 204}, Retry),
        ({"status": 502, "body": b"\xff\xfe"}, Retry),
        ({"status": 429, "headers": {"retry-after": "nonsense"}, "body": {}}, Retry),
        ({"status": 413, "body": b"too large"}, Refused),
    ],
)
def test_answers_that_are_not_resend_s_are_values_too(
    resend: StandIn[Resend], mailer: ResendMailer, spoken: Mapping[str, Any], kind: type
) -> None:
    resend.faults = Faults(script=[spoken])
    assert isinstance(one(mailer), kind)


def test_an_answer_without_end_is_given_up(resend: StandIn[Resend], mailer: ResendMailer) -> None:
    resend.faults = Faults(script=[{"status": 200, "body": b" " * 3_000_000}])
    outcome = one(mailer)
    assert isinstance(outcome, Retry)
    assert outcome.uncertain


def test_nobody_at_the_address_means_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    pace = a_pace()
    mailer = ResendMailer(API_KEY, f"http://127.0.0.1:{port}", pace=pace)
    for _ in range(4):
        for outcome in mailer.send([a_message(1), a_message(2)]):
            assert outcome == Retry(
                reason="Resend could not be reached (ConnectError)", after=1.0, uncertain=False, vendor_wide=True
            )
    assert pace.shut() is None, "one fault for each call, however many emails it had"
    mailer.send([a_message(1), a_message(2)])
    mailer.close()
    assert (pace.take(9), (pace.shut() or ["", ""])[1]) == (0, "Resend could not be reached (ConnectError)")


def test_once_the_circuit_opens_the_rest_of_the_call_is_not_tried(resend: StandIn[Resend], pace: SharedPace) -> None:
    resend.faults = Faults(chances={"503": 1.0})
    mailer = ResendMailer(API_KEY, resend.url, pace=pace, max_concurrency=1)
    answers = mailer.send([a_message(number) for number in range(20)])
    mailer.close()
    tried = [answer for answer in answers if isinstance(answer, Retry) and answer.uncertain]
    spared = [answer for answer in answers if isinstance(answer, Retry) and answer.vendor_wide]
    assert (len(tried), len(spared)) == (5, 15)
    assert all(answer.after and 0 < answer.after <= 1 for answer in spared)
    assert pace.take(1) == 0


def test_a_vendor_that_comes_back_is_found_by_one_probe(resend: StandIn[Resend], pace: SharedPace) -> None:
    resend.faults = Faults(chances={"500": 1.0})
    mailer = ResendMailer(API_KEY, resend.url, pace=pace)
    mailer.send([a_message(number) for number in range(8)])
    resend.faults = Faults()
    while not (permits := pace.take(9)):
        time.sleep(pace.wait())
    assert permits == 1
    assert isinstance(one(mailer, a_message(99)), Accepted)
    mailer.close()
    assert pace.take(9) == 9


def test_a_vendor_that_is_down_is_a_value(resend: StandIn[Resend], mailer: ResendMailer) -> None:
    resend.faults.down = True
    assert isinstance(one(mailer), Retry)
    resend.faults.down = False
    assert isinstance(one(mailer), Accepted)


@pytest.mark.parametrize("member", ["subject", "sender", "reply_to"])
def test_a_line_break_never_becomes_a_header(resend: StandIn[Resend], mailer: ResendMailer, member: str) -> None:
    planted = "Ada\r\nBcc: eve@example.com\u2028 <ada@example.com>"
    changes: dict[str, Any] = {member: planted, "headers": {"X-Name": "a\nB: c", "X\r\nBcc": "d"}}
    one(mailer, a_message(**changes))
    (email,) = resend.vendor.accepted
    assert not [said for said in resend.vendor.violations if "line break" in said]
    assert all("\n" not in text and "\r" not in text for text in (email["from"], email["subject"], *email["headers"]))


@pytest.mark.parametrize("key", ["", "k" * 257, "a\r\nX-Evil: 1", "schlüssel"])
def test_a_key_that_cannot_be_a_key_is_refused_before_it_is_asked(
    resend: StandIn[Resend], mailer: ResendMailer, key: str
) -> None:
    assert isinstance(one(mailer, a_message(key=key)), Refused)
    assert resend.vendor.requests == []


def test_half_an_emoji_is_refused_and_harms_no_neighbour(resend: StandIn[Resend], mailer: ResendMailer) -> None:
    answers = mailer.send([a_message(1, html="\ud83d"), a_message(2)])
    assert [type(answer) for answer in answers] == [Refused, Accepted]
    assert len(resend.vendor.accepted) == 1


def test_the_body_depends_on_the_message_alone() -> None:
    forwards = a_message(headers={"A": "1", "B": "2"})
    backwards = a_message(headers={"B": "2", "A": "1"})
    assert body(forwards) == body(backwards)


def sent_in_turn(mailer: ResendMailer, pace: SharedPace, messages: Sequence[Message]) -> list[int]:
    """Send as the runner does, with a permit for each; how many went in each call."""
    left, calls = list(messages), []
    while left:
        permits = pace.take(len(left))
        answers = mailer.send(left[:permits])
        left = [m for m, answer in zip(left, answers, strict=False) if not isinstance(answer, Accepted)] + left[
            permits:
        ]
        calls.append(permits)
        time.sleep(min(pace.wait(), 0.05))
    return [count for count in calls if count]


def test_the_rate_limit_is_kept_and_every_email_goes_out() -> None:
    with StandIn(Resend(rate=20)) as server:
        mailer = ResendMailer(API_KEY, server.url, pace=(pace := a_pace(BEGIN)))
        calls = sent_in_turn(mailer, pace, [a_message(number) for number in range(60)])
        mailer.close()
        seen = server.seen()
        statuses = [line["status"] for line in server.vendor.requests]
    assert calls[0] == 5, "before the headers say more"
    assert len(seen["accepted"]) == 60
    assert seen["violations"] == []
    assert statuses.count(429) <= 12, "no storm: they are one in five at most, however slow the machine is"


def test_two_processes_keep_one_limit() -> None:
    with StandIn(Resend(rate=10)) as server:
        store = MemoryStore()
        paces = [SharedPace("resend", store, SystemClock(), begin=BEGIN) for _ in "ab"]
        mailers = [ResendMailer(API_KEY, server.url, pace=pace) for pace in paces]
        parts = [[a_message(number) for number in range(first, 40, 2)] for first in (0, 1)]
        threads = [
            threading.Thread(target=sent_in_turn, args=(mailer, pace, part))
            for mailer, pace, part in zip(mailers, paces, parts, strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for mailer in mailers:
            mailer.close()
        statuses = [line["status"] for line in server.vendor.requests]
        assert len(server.vendor.accepted) == 40
    assert statuses.count(429) <= 8


def test_a_429_closes_for_everybody_and_the_rest_of_the_call_waits(resend: StandIn[Resend], pace: SharedPace) -> None:
    limited = {"status": 429, "body": {"name": "rate_limit_exceeded"}, "headers": {"retry-after": "7"}}
    resend.faults = Faults(script=["ok", limited])
    mailer = ResendMailer(API_KEY, resend.url, pace=pace, max_concurrency=1)
    answers = mailer.send([a_message(number) for number in range(20)])
    mailer.close()
    assert isinstance(answers[0], Accepted)
    waits = Retry(reason="Resend asks to go slower: no reason given", after=7.0, vendor_wide=True)
    assert list(answers[1:]) == [waits] * 19
    assert [line["status"] for line in resend.vendor.requests] == [200, 429]
    assert 6 < pace.wait() <= 7


def test_what_the_headers_say_is_learned() -> None:
    with StandIn(Resend(rate=50)) as server:
        mailer = ResendMailer(API_KEY, server.url, pace=(pace := a_pace(BEGIN)))
        assert pace.take(1) == 1
        one(mailer)
        mailer.close()
    assert pace.take(100) == 49


def test_nothing_secret_is_logged(
    resend: StandIn[Resend], mailer: ResendMailer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    resend.faults = Faults(script=["500", "ok"])
    mailer.send([a_message(1), a_message(2)])
    assert API_KEY not in caplog.text
    assert "ada@example.com" not in caplog.text


@pytest.mark.parametrize(
    ("api_key", "base_url"),
    [
        ("re key", "https://api.resend.com"),
        ("re_\u00e4", "https://api.resend.com"),
        ("", "https://api.resend.com"),
        ("re_1", "api.resend.com"),
        ("re_1", "http://"),
    ],
)
def test_settings_that_cannot_work_are_the_operator_s_to_mend(api_key: str, base_url: str) -> None:
    with pytest.raises(SettingsError, match="RESEND_API_"):
        ResendMailer(api_key, base_url, pace=a_pace())


def test_no_messages_are_no_answers(mailer: ResendMailer) -> None:
    assert mailer.send([]) == []

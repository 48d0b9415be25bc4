"""ResendMailer against the stand-in, over real HTTP."""

from __future__ import annotations

import json
import logging
import socket
import threading
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from engine.adapters.resend import ResendMailer, Window, body
from engine.errors import SettingsError
from engine.model import Accepted, Refused, Retry
from engine.ports import Delivery, Message
from tests.standins.contract import folder
from tests.standins.resend import Resend
from tests.standins.server import Faults, StandIn

API_KEY = "re_in_a_test"


def a_message(number: int = 1, **changes: Any) -> Message:
    members: dict[str, Any] = {
        "key": f"run-1:email_{number}",
        "template": "email_1",
        "sender": "Sang Le <sang@example.com>",
        "to": "ada@example.com",
        "subject": f"Hello {number}",
        "html": "<p>Hello</p>",
        "text": "Hello",
    }
    return Message(**{**members, **changes})


@pytest.fixture
def resend() -> Iterator[StandIn[Resend]]:
    with StandIn(Resend(rate=0)) as server:
        yield server


@pytest.fixture
def mailer(resend: StandIn[Resend]) -> Iterator[ResendMailer]:
    found = ResendMailer(API_KEY, resend.url, timeout=4.0)
    yield found
    found.close()


def one(mailer: ResendMailer, message: Message | None = None) -> Delivery:
    (answer,) = mailer.send([message or a_message()])
    return answer


def rows() -> list[Any]:
    place = folder()
    if place is None:
        return [pytest.param({}, marks=pytest.mark.skip("errors.json: ../shared/contracts is missing"))]
    errors = json.loads((place / "errors.json").read_text())["resend"]["errors"]
    return [pytest.param(row, id=f"{row['status']}-{row['name']}") for row in errors]


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
    mailer = ResendMailer(API_KEY, resend.url, timeout=0.4)
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


@pytest.mark.parametrize("row", rows())
def test_every_published_error_gives_the_outcome_it_asks_for(
    resend: StandIn[Resend], mailer: ResendMailer, row: Mapping[str, Any]
) -> None:
    answer = {"statusCode": row["status"], "name": row["name"], "message": row["message"]}
    spoken = {"status": row["status"], "body": answer, "headers": {"retry-after": "90"}}
    resend.faults = Faults(script=[spoken])
    outcome = one(mailer)
    operators = row["status"] in (401, 403)
    match row["retry"]:
        case "yes, same key":
            assert isinstance(outcome, Retry)
            assert outcome.uncertain
        case "yes, later, same key":
            assert isinstance(outcome, Retry)
            assert outcome.uncertain
        case "yes, after retry-after":
            assert isinstance(outcome, Retry)
            assert (outcome.after, outcome.uncertain) == (90.0, False)
        case "hours; alert":
            assert isinstance(outcome, Retry)
            assert (outcome.after, outcome.uncertain) == (3600.0, False)
            assert row["name"].split("_")[0] in outcome.reason
        case "no: the first one was sent":
            assert outcome == Accepted(template="email_1", subject="Hello 1")
        case "no: alert" if operators:
            assert isinstance(outcome, Retry)
            assert (outcome.after, outcome.uncertain) == (300.0, False)
            assert "RESEND_API_KEY" in outcome.reason
        case "no" | "no: alert":
            assert isinstance(outcome, Refused)
            assert row["message"] in outcome.reason
        case other:
            pytest.fail(f"errors.json asks for {other!r}, which this test does not know")
    assert resend.vendor.accepted == []


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
    other = ResendMailer(API_KEY, resend.url)
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
    mailer = ResendMailer("wrong_key_0815", resend.url)
    resend.faults = Faults(
        script=[
            {"status": 403, "body": {"name": "invalid_api_key", "message": "wrong_key_0815 is for ada@example.com"}}
        ]
    )
    outcomes = [one(mailer), one(mailer)]
    mailer.close()
    for outcome in outcomes:
        assert isinstance(outcome, Retry)
        assert outcome.after == 300
        assert "RESEND_API_KEY" in outcome.reason
        assert "wrong_key_0815" not in outcome.reason
        assert "ada@example.com" not in outcome.reason
    assert "wrong_key_0815" not in repr(mailer)


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
        ({"status": 429, "headers": {"retry-after": "nonsense"}, "body": {}}, Accepted),
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
    mailer = ResendMailer(API_KEY, f"http://127.0.0.1:{port}")
    answers = mailer.send([a_message(1), a_message(2)])
    mailer.close()
    for outcome in answers:
        assert isinstance(outcome, Retry)
        assert not outcome.uncertain


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


def test_the_rate_limit_is_kept_and_every_email_goes_out() -> None:
    with StandIn(Resend(rate=20)) as server:
        mailer = ResendMailer(API_KEY, server.url)
        answers = mailer.send([a_message(number) for number in range(30)])
        mailer.close()
        seen = server.seen()
    assert [type(answer) for answer in answers] == [Accepted] * 30
    assert len(seen["accepted"]) == 30
    assert seen["violations"] == []


def test_a_429_is_asked_again_within_the_call(resend: StandIn[Resend], mailer: ResendMailer) -> None:
    limited = {"status": 429, "body": {"name": "rate_limit_exceeded"}, "headers": {"retry-after": "0"}}
    resend.faults = Faults(script=[limited])
    assert isinstance(one(mailer), Accepted)
    assert [line["status"] for line in resend.vendor.requests] == [429, 200]


def test_what_has_no_turn_in_time_is_told_to_come_back() -> None:
    with StandIn(Resend(rate=5)) as server:
        mailer = ResendMailer(API_KEY, server.url, patience=0.2)
        answers = mailer.send([a_message(number) for number in range(8)])
        mailer.close()
        assert len(server.vendor.accepted) == 5
    late = [answer for answer in answers if isinstance(answer, Retry)]
    assert len(late) == 3
    assert not any(answer.uncertain for answer in late)


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_the_window_lets_so_many_go_and_then_waits_for_the_next() -> None:
    time = Time()
    window = Window(3, lambda: time.now, time.sleep)
    moments = [time.now for _ in range(7) if window.take(deadline=1e6)]
    assert [moment - 100 for moment in moments] == [0, 0, 0, 1, 1, 1, 2]


def test_the_window_believes_the_headers() -> None:
    time = Time()
    window = Window(5, lambda: time.now, time.sleep)
    assert window.take(1e6)
    window.learn({"ratelimit-limit": "2", "ratelimit-remaining": "0", "ratelimit-reset": "3"})
    assert not window.take(time.now + 2)
    assert window.take(1e6)
    assert time.now == 103.0
    assert window.take(1e6)
    assert window.take(1e6)
    assert time.now == 104.0


def test_a_429_closes_the_window_for_everybody() -> None:
    time = Time()
    window = Window(5, lambda: time.now, time.sleep)
    window.close_for(7)
    assert window.take(1e6)
    assert time.now == 107.0


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
        ResendMailer(api_key, base_url)


def test_no_messages_are_no_answers(mailer: ResendMailer) -> None:
    assert mailer.send([]) == []

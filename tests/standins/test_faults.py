"""Every fault that a stand-in can be told to have, as the caller meets it and as the vendor remembers it."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.standins.contract import Contract
from tests.standins.resend import SENT, Resend
from tests.standins.resend_rules import ordinary, unfit
from tests.standins.server import StandIn

EMAIL: dict[str, Any] = {"from": "Sang <s@example.com>", "to": ["a@example.com"], "subject": "S", "html": "h"}
PERMISSIVE = {"x-batch-validation": "permissive"}


@pytest.fixture
def resend() -> Iterator[StandIn[Resend]]:
    with StandIn(Resend(rate=0), control_port=0) as server:
        yield server


def post(server: StandIn[Resend], body: Any = EMAIL, path: str = "/emails", key: str = "k", **more: str) -> Any:
    headers = {"Authorization": "Bearer re_x", "Idempotency-Key": key, **more}
    return httpx.post(server.url + path, json=body, headers=headers, timeout=0.5, verify=False)


def met(server: StandIn[Resend]) -> int | str:
    """The status of an answer, or the name of what came instead."""
    try:
        status: int = post(server).status_code
    except httpx.TransportError as error:
        return type(error).__name__
    return status


def order(server: StandIn[Resend], **faults: Any) -> None:
    answer = httpx.post(f"http://127.0.0.1:{server.control_port}/_faults", json=faults, verify=False)
    assert answer.status_code == 204, answer.text


def ask(server: StandIn[Resend], question: str) -> Any:
    return httpx.get(f"http://127.0.0.1:{server.control_port}/{question}", verify=False).json()


@pytest.mark.parametrize("kind", ["drop", "hang", "garbage", "500 after", "late"])
def test_after_the_work_the_email_is_out_and_its_key_known(resend: StandIn[Resend], kind: str) -> None:
    order(resend, script=[kind], hang=9, window=9)
    assert met(resend) == {"drop": "RemoteProtocolError", "garbage": 200, "500 after": 500}.get(kind, "ReadTimeout")
    assert post(resend).json() == {"id": resend.vendor.accepted[0]["id"]}
    assert len(resend.vendor.accepted) == 1


@pytest.mark.parametrize("kind", ["lost", "stall", "500", "502", "503", "429", "quota", "monthly", "revoked"])
def test_before_the_work_nothing_is_out(resend: StandIn[Resend], kind: str) -> None:
    order(resend, script=[kind], hang=9)
    expected = {
        "lost": "RemoteProtocolError",
        "stall": "ReadTimeout",
        "revoked": "403",
        "quota": "429",
        "monthly": "429",
    }
    assert str(met(resend)) == expected.get(kind, kind)
    assert resend.vendor.accepted == []


def test_a_late_answer_is_the_true_one_and_its_window_can_be_seen(resend: StandIn[Resend]) -> None:
    order(resend, script=["late"], window=0.3)
    assert ask(resend, "_window?patience=0.01") == {"open": 0}
    answers: list[Any] = []
    sender = threading.Thread(target=lambda: answers.append(post(resend).json()))
    sender.start()
    assert ask(resend, "_window?patience=5") == {"open": 1}
    assert (len(resend.vendor.accepted), answers) == (1, [])
    sender.join()
    assert answers == [{"id": resend.vendor.accepted[0]["id"]}]
    assert ask(resend, "_window?patience=0.01") == {"open": 0}


@pytest.mark.parametrize(
    ("down", "meets"),
    [
        ("closed", httpx.RemoteProtocolError),
        ("reset", (httpx.ReadError, httpx.WriteError, httpx.ConnectError, httpx.RemoteProtocolError)),
        ("refused", httpx.ConnectError),
    ],
)
def test_down_and_back_on_the_same_port(resend: StandIn[Resend], down: str, meets: Any) -> None:
    order(resend, down=down)
    with pytest.raises(meets):
        post(resend)
    order(resend)
    assert post(resend).status_code == 200
    assert len(resend.vendor.accepted) == 1


def test_what_goes_down_ends_the_request_in_hand(resend: StandIn[Resend]) -> None:
    order(resend, script=["late"], window=0.2)
    errors: list[Exception] = []

    def send() -> None:
        try:
            post(resend)
        except httpx.TransportError as error:
            errors.append(error)

    sender = threading.Thread(target=send)
    sender.start()
    ask(resend, "_window?patience=5")
    order(resend, down="refused")
    sender.join()
    assert len(errors) == 1
    assert len(resend.vendor.accepted) == 1


def test_the_pause_that_429_asks_for_can_be_chosen(resend: StandIn[Resend]) -> None:
    order(resend, script=["429", "quota"], retry_after=7)
    first, second = post(resend), post(resend)
    assert (first.headers["retry-after"], first.json()["name"]) == ("7", "rate_limit_exceeded")
    assert second.json()["name"] == "daily_quota_exceeded"
    assert "retry-after" not in second.headers


def test_one_recipient_is_refused_alone_of_his_batch_or_spoils_it(resend: StandIn[Resend]) -> None:
    batch = [{**EMAIL, "to": [f"{name}@example.com"]} for name in ("a", "poison", "b")]
    order(resend, addresses={"poison@example.com": "422"})
    answer = post(resend, batch, "/emails/batch", **PERMISSIVE).json()
    assert (len(answer["data"]), [error["index"] for error in answer["errors"]]) == (2, [1])
    assert post(resend, batch[1], key="k1").status_code == 422
    assert post(resend, batch, "/emails/batch", key="k2").status_code == 422
    order(resend, addresses={"poison@example.com": "500"})
    assert post(resend, batch, "/emails/batch", key="k3", **PERMISSIVE).status_code == 500
    assert post(resend, batch[0], key="k4").status_code == 200
    assert [row[2:5] for row in ask(resend, "_accepted?after=0")] == [
        [0, ["a@example.com"], "S"],
        [2, ["b@example.com"], "S"],
        [None, ["a@example.com"], "S"],
    ]


def test_a_batch_is_remembered_whole_under_its_key(resend: StandIn[Resend]) -> None:
    batch = [{**EMAIL, "to": [f"{n}@example.com"]} for n in range(3)]
    first, again = (post(resend, batch, "/emails/batch", **PERMISSIVE).json() for _ in range(2))
    assert first == again
    assert len(first["data"]) == len(resend.vendor.accepted) == 3
    assert ask(resend, "_seen")["doubled"] == []
    assert resend.vendor.violations == []
    other = post(resend, batch[:2], "/emails/batch", **PERMISSIVE)
    assert (other.status_code, other.json()["name"]) == (409, "invalid_idempotent_request")
    assert len(resend.vendor.violations) == 1


def test_doubled_counts_what_went_out_twice_under_one_key(resend: StandIn[Resend]) -> None:
    post(resend)
    resend.vendor.answers.clear()  # as if the vendor had forgotten the key
    post(resend)
    assert ask(resend, "_seen")["doubled"] == ["k"]


def test_requests_are_counted_by_route_status_and_key(resend: StandIn[Resend]) -> None:
    order(resend, script=["500", "drop"])
    assert [met(resend) for _ in range(3)] == [500, "RemoteProtocolError", 200]
    httpx.get(f"{resend.url}/emails/5f0c2a4e-1111-4222-8333-444455556666", headers={"Authorization": "Bearer re_x"})
    seen = ask(resend, "_seen?brief=1")
    assert seen["routes"] == {"POST /emails": 3, "GET /emails/*": 1}
    assert seen["statuses"] == {"500": 1, "None": 1, "200": 1, "404": 1}
    assert seen["most_tries"] == 3


def test_faults_that_cannot_be_are_refused(resend: StandIn[Resend]) -> None:
    place = f"http://127.0.0.1:{resend.control_port}/_faults"
    assert httpx.post(place, json={"chances": {"drop": 0.7, "lost": 0.7}}).status_code == 400
    assert httpx.post(place, json={"choices": {}}).status_code == 400


def variations() -> Iterator[Any]:
    """An email with one or two parts of it made strange, in every way that a rule knows."""
    strange: list[Any] = [
        None,
        7,
        "",
        [],
        {},
        "a@example.com",
        "a\r\nBcc: b@example.com",
        "x" * 3000,
        ["a@example.com"],
    ]
    strange += [["a@example.com"] * 51, ["a@example.com", "b@example.com"], {"X": "y"}, {"X": 7}, {"X\n": "y"}]
    strange += [[7], ["a@example.com"]]
    parts = (*EMAIL, "text", "reply_to", "headers", "cc", "tags", "replyTo", "attachments", "scheduled_at")
    for one, other in itertools.combinations(parts, 2):
        for value, second in itertools.product(strange, strange[::3]):
            yield {**EMAIL, one: value}
            yield {**EMAIL, one: value, other: second}
            yield {name: kept for name, kept in {**EMAIL, one: value}.items() if name != other}


@pytest.mark.skipif(not Contract("resend/openapi.json").judges, reason="contracts: ../shared/contracts is missing")
def test_what_is_waved_through_breaks_no_rule() -> None:
    contract = Contract("resend/openapi.json")
    waved = [email for email in variations() if ordinary(email)]
    assert len(waved) > 1_000
    for email in {repr(email): email for email in waved}.values():
        assert contract.problems(SENT, email) == []
        assert list(unfit(email, batch=True)) == []
        assert list(unfit(email, batch=False)) == []


def test_it_holds_a_burst_of_callers(resend: StandIn[Resend]) -> None:
    with httpx.Client(verify=False) as client:
        began = time.monotonic()
        for number in range(200):
            headers = {"Authorization": "Bearer re_x", "Idempotency-Key": str(number)}
            assert client.post(f"{resend.url}/emails", json=EMAIL, headers=headers).status_code == 200
    times = [row[0] for row in ask(resend, "_accepted?after=0")]
    assert len(times) == 200
    assert times == sorted(times)
    assert time.time() - (time.monotonic() - began) - 1 < times[0] <= times[-1] < time.time() + 1


def test_to_ask_with_one_email_of_a_batch_is_no_mistake_and_sends_nothing(resend: StandIn[Resend]) -> None:
    ada, bob, eve = ({**EMAIL, "to": [f"{name}@example.com"]} for name in ("ada", "bob", "eve"))

    def ask(key: str, *emails: Any) -> int:
        status: int = post(resend, list(emails), "/emails/batch", key=key).status_code
        return status

    assert [ask("k", ada, bob), ask("k", bob), ask("k", ada, bob)] == [200, 409, 200]
    assert [ask("l", ada), ask("l", bob), ask("l", ada, bob)] == [200, 409, 409]
    assert resend.vendor.violations == []
    assert [ask("k", eve), ask("k", ada, eve), ask("l", {**ada, "subject": "T"})] == [409, 409, 409]
    assert len(resend.vendor.violations) == 3
    assert len(resend.vendor.accepted) == 3

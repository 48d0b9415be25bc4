"""Every answer a webhook can give, as the interface promises it."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import pytest

from engine.errors import LedgerUnavailable
from engine.model import Take
from engine.runtime.arrivals import Receipt, TriggerGone

GOOD = {"email": "Ada@Example.com", "red_systems": 2, "orange_systems": 1}
PATH = "/webhook/assessment"


def problem(response: Any, status: int) -> dict[str, Any]:
    """The problem document of a failure, after checking what every one of them has."""
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = response.json()
    assert document["status"] == status
    assert document["type"] == "about:blank"
    assert document["request_id"] == response.headers["x-request-id"]
    assert "Traceback" not in response.text
    return document


def test_a_good_payload_is_accepted_after_it_was_written(client: Any, system: Any) -> None:
    response = client.post(PATH, json={**GOOD, "utm": "x"})
    assert response.status_code == 202
    assert response.json() == {
        "status": "accepted",
        "event_id": "event-1",
        "email": "Ada@Example.com",
        "segment": "OPTIMIZE",
        "timestamp": "2025-11-12T15:00:00.000Z",
    }
    (arrival,) = system.arrivals
    assert arrival.trigger == "assessment"
    assert arrival.payload.values == {**GOOD, "assessment_date": "2025-11-12T15:00:00Z"}
    assert arrival.payload.ignored == 1
    assert arrival.raw == b'{"email":"Ada@Example.com","orange_systems":1,"red_systems":2,"utm":"x"}'
    assert arrival.body_hash == hashlib.sha256(arrival.raw).hexdigest()
    assert arrival.key is None


def test_all_wrong_fields_come_in_one_answer(client: Any, system: Any) -> None:
    document = problem(client.post(PATH, json={"email": "ada", "red_systems": 9, "orange_systems": "1"}), 422)
    assert [error["pointer"] for error in document["errors"]] == ["/email", "/red_systems", "/orange_systems"]
    assert [error["field"] for error in document["errors"]] == ["email", "red_systems", "orange_systems"]
    assert document["errors"][1]["message"] == "red_systems must be a whole number from 0 to 8, not 9"
    assert document["detail"].startswith("3 fields are wrong: email must be")
    assert system.arrivals == []


def test_one_wrong_field_is_told_as_one(client: Any) -> None:
    document = problem(client.post(PATH, json={**GOOD, "red_systems": 9}), 422)
    assert document["detail"] == "One field is wrong: red_systems must be a whole number from 0 to 8, not 9."


@pytest.mark.parametrize("body", [b"[]", b'"a"', b"null", b"1"])
def test_json_that_is_no_object_has_wrong_fields(client: Any, body: bytes) -> None:
    document = problem(client.post(PATH, content=body, headers={"content-type": "application/json"}), 422)
    assert "the body must be a JSON object with email" in document["detail"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "The body is not JSON"),
        (b"{", "The body is not JSON"),
        (b'{"a":NaN}', "The body is not JSON"),
        (b'{"a":1e999}', "The body is not JSON"),
        (b'{"a":' + b"9" * 5000 + b"}", "The body is not JSON"),
        (b'{"a":"\\ud800"}', "The body is not JSON"),
        (b'{"a":"\\udc00x"}', "The body is not JSON"),
        (b'{"a":"\xff"}', "not UTF-8"),
        (b'{"a":"\xed\xa0\x80"}', "not UTF-8"),
        ('{"a":1}'.encode("utf-16"), "The body is not JSON"),
        (b"[" * 10_000 + b"]" * 10_000, "nested too deeply"),
        (b"[" * 60_000, "nested too deeply"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "nested too deeply"),
    ],
)
def test_what_is_not_json_is_a_clean_400(client: Any, body: bytes, words: str) -> None:
    assert (
        words in problem(client.post(PATH, content=body, headers={"content-type": "application/json"}), 400)["detail"]
    )


def test_a_number_beyond_64_bits_is_read_and_refused_by_its_field(client: Any) -> None:
    body = json.dumps({**GOOD, "red_systems": 10**60, "other": 10**60})
    problem(client.post(PATH, content=body, headers={"content-type": "application/json"}), 422)


@pytest.mark.parametrize(
    "kind",
    [
        "application/json",
        "Application/JSON; Charset=UTF-8",
        'application/json;charset="utf-8"',
        "application/cloudevents+json",
    ],
)
def test_json_by_any_of_its_names_is_taken(client: Any, kind: str) -> None:
    response = client.post(PATH, content=json.dumps(GOOD), headers={"content-type": kind})
    assert response.status_code == 202


@pytest.mark.parametrize(
    "kind",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=latin-1",
        "application/jsonp",
        "+json",
    ],
)
def test_anything_but_json_is_415(client: Any, kind: str) -> None:
    problem(client.post(PATH, content=json.dumps(GOOD), headers={"content-type": kind}), 415)


def test_a_body_over_the_limit_is_413_and_one_at_the_limit_is_read(client: Any) -> None:
    body = json.dumps(GOOD)
    for size, status in ((65_536, 202), (65_537, 413)):
        padded = body[:-1] + " " * (size - len(body)) + "}"
        assert client.post(PATH, content=padded, headers={"content-type": "application/json"}).status_code == status


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "HEAD"])
def test_only_post_is_taken(client: Any, method: str) -> None:
    response = client.request(method, PATH)
    assert response.status_code == 405
    assert response.headers["allow"] == "POST, OPTIONS"


def test_an_unknown_path_is_404_with_the_nearest_webhook(client: Any) -> None:
    assert "did you mean /webhook/assessment?" in problem(client.post("/webhook/asessment", json=GOOD), 404)["detail"]
    assert "GET /schema lists" in problem(client.post("/nowhere", json=GOOD), 404)["detail"]


def test_a_slash_at_the_end_is_forgiven(client: Any) -> None:
    assert client.post(PATH + "/", json=GOOD).status_code == 202


def test_a_trigger_may_have_a_path_of_its_own(client: Any, system: Any) -> None:
    assert client.post("/hooks/profile", json={"email": "ada@example.com", "budget": 1.5}).status_code == 202
    assert system.arrivals[0].trigger == "profile"


def test_a_reloaded_file_changes_the_webhooks_without_a_restart(client: Any, system: Any) -> None:
    renamed = replace(system.current.triggers["assessment"], name="quiz", path="/webhook/quiz")
    system.current = replace(system.current, triggers={"quiz": renamed})
    problem(client.post(PATH, json=GOOD), 404)
    assert client.post("/webhook/quiz", json=GOOD).status_code == 202
    assert "/webhook/quiz" in client.get("/schema").json()["paths"]
    stricter = replace(renamed, takes=(*renamed.takes, Take(field="first_name", required=True)))
    system.current = replace(system.current, triggers={"quiz": stricter})
    problem(client.post("/webhook/quiz", json=GOOD), 422)


# -- Retries ------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", ["Idempotency-Key", "webhook-id", "svix-id"])
def test_the_same_key_and_body_again_is_the_same_event(client: Any, system: Any, header: str) -> None:
    first = client.post(PATH, json=GOOD, headers={header: "k-1"})
    assert "idempotent-replayed" not in first.headers
    again = client.post(
        PATH, content=json.dumps(GOOD, indent=2), headers={header: "k-1", "content-type": "application/json"}
    )
    assert again.status_code == 202
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json() == first.json()
    assert [arrival.key for arrival in system.arrivals] == ["k-1"]


def test_the_idempotency_key_goes_before_the_webhook_id(client: Any, system: Any) -> None:
    client.post(PATH, json=GOOD, headers={"Idempotency-Key": "mine", "webhook-id": "theirs"})
    assert system.arrivals[0].key == "mine"


def test_a_trigger_that_left_the_file_meanwhile_is_404(client: Any, system: Any) -> None:
    system.fault = TriggerGone("assessment")

    problem(client.post(PATH, json=GOOD), 404)


def test_the_same_key_with_another_body_is_409(client: Any, system: Any) -> None:
    client.post(PATH, json=GOOD, headers={"Idempotency-Key": "k-1"})
    problem(client.post(PATH, json={**GOOD, "red_systems": 0}, headers={"Idempotency-Key": "k-1"}), 409)
    assert len(system.arrivals) == 1


@pytest.mark.parametrize("key", [b"", b"a b", b"a" * 256, b"caf\xc3\xa9", b"a\tb"])
def test_a_key_that_is_none_is_400(client: Any, key: bytes) -> None:
    document = problem(client.post(PATH, json=GOOD, headers={"Idempotency-Key": key}), 400)
    assert "1 to 255 visible ASCII characters" in document["detail"]


# -- Faults -------------------------------------------------------------------------------------


def test_a_ledger_that_is_away_is_503_with_the_time_to_come_back(client: Any, system: Any) -> None:
    system.fault = LedgerUnavailable("disk full at /var/lib/secret")
    response = client.post(PATH, json=GOOD)
    assert "was not accepted" in problem(response, 503)["detail"]
    assert int(response.headers["retry-after"]) > 0
    assert "secret" not in response.text


def test_a_fault_of_ours_is_500_without_its_trace_or_the_payload(
    client: Any, system: Any, caplog: pytest.LogCaptureFixture
) -> None:
    system.fault = RuntimeError("hunter2")
    response = client.post(PATH, json=GOOD)
    assert "request_id" in problem(response, 500)["detail"]
    assert "hunter2" not in response.text
    assert [record.exc_info is not None for record in caplog.records] == [True]
    assert "Ada@" not in caplog.records[0].getMessage()


def test_a_fault_on_any_other_page_is_the_same_500(client: Any, system: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system, "ready", lambda: {"ledger": 1 / 0})
    problem(client.get("/health/ready"), 500)


# -- Ids of requests ----------------------------------------------------------------------------


def test_every_answer_carries_the_requests_own_id(client: Any) -> None:
    for method, path in (("POST", PATH), ("GET", PATH), ("GET", "/health"), ("GET", "/nowhere"), ("GET", "/outbox")):
        assert (
            client.request(method, path, headers={"X-Request-Id": "r-1:a.b_c"}).headers["x-request-id"] == "r-1:a.b_c"
        )


@pytest.mark.parametrize("given", [b"", b"a b", b"x" * 129, b"<script>", b"caf\xc3\xa9"])
def test_an_id_that_is_not_harmless_is_replaced(client: Any, given: bytes) -> None:
    ids = {client.post(PATH, json=GOOD, headers={"X-Request-Id": given}).headers["x-request-id"] for _ in range(2)}
    assert len(ids) == 2
    assert all(len(one) == 16 and one.isalnum() for one in ids)


# -- Browsers -----------------------------------------------------------------------------------

ORIGIN = "https://www.example.com"
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}


@pytest.fixture
def open_client(make_system: Callable[..., Any], browse: Callable[..., Any]) -> Any:
    return browse(make_system(cors_origins=(ORIGIN,)))


def test_a_preflight_of_an_allowed_origin_is_answered(open_client: Any) -> None:
    response = open_client.options(PATH, headers={"Origin": ORIGIN, **PREFLIGHT})
    assert response.status_code == 204
    assert response.headers["access-control-allow-origin"] == ORIGIN
    assert response.headers["access-control-allow-methods"] == "POST"
    assert {"content-type", "idempotency-key"} <= set(response.headers["access-control-allow-headers"].split(", "))
    assert response.headers["vary"] == "Origin"
    assert "access-control-allow-credentials" not in response.headers


def test_a_preflight_of_any_other_origin_is_refused(open_client: Any, client: Any) -> None:
    for one in (open_client, client):
        response = one.options(PATH, headers={"Origin": "https://evil.example.com", **PREFLIGHT})
        assert "BUSOS_CORS_ORIGINS" in problem(response, 403)["detail"]
        assert "access-control-allow-origin" not in response.headers


def test_answers_and_failures_can_be_read_by_an_allowed_origin_only(open_client: Any, client: Any) -> None:
    for body, status in ((GOOD, 202), ({}, 422)):
        response = open_client.post(PATH, json=body, headers={"Origin": ORIGIN})
        assert response.status_code == status
        assert response.headers["access-control-allow-origin"] == ORIGIN
        assert "x-request-id" in response.headers["access-control-expose-headers"]
        for other in (
            open_client.post(PATH, json=body, headers={"Origin": "https://evil.example.com"}),
            client.post(PATH, json=body, headers={"Origin": ORIGIN}),
        ):
            assert "access-control-allow-origin" not in other.headers


def test_options_without_an_origin_says_what_is_allowed(client: Any) -> None:
    response = client.options(PATH)
    assert (response.status_code, response.headers["allow"]) == (204, "POST, OPTIONS")


# -- Too many -----------------------------------------------------------------------------------


def test_a_client_over_its_rate_is_429_with_the_time_to_come_back(
    make_system: Callable[..., Any], browse: Callable[..., Any]
) -> None:
    client = browse(make_system(rate_limit=3))
    answers = [client.post(PATH, json=GOOD) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [202, 202, 202, 429]
    assert "More than 3 requests in a minute" in problem(answers[-1], 429)["detail"]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 21


def test_an_address_that_is_named_too_often_is_429_whoever_names_it(
    make_system: Callable[..., Any], browse: Callable[..., Any]
) -> None:
    client = browse(make_system(address_limit=2))
    spellings = ("ada@example.com", "ADA@example.com", " ada@example.com ")
    answers = [client.post(PATH, json={**GOOD, "email": email}) for email in spellings]
    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert "More than 2 webhooks in an hour for this email address" in problem(answers[-1], 429)["detail"]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 1801
    assert client.post(PATH, json={**GOOD, "email": "bob@example.com"}).status_code == 202


def test_a_stranger_does_not_learn_from_the_answer_who_is_known(client: Any) -> None:
    known, unknown = "ada@example.com", "nobody@example.com"
    client.post("/webhook/assessment", json={"email": known, "red_systems": 3, "orange_systems": 0})
    asked = {"name": "Someone", "first_name": "Someone"}
    answers = [client.post("/webhook/signup", json={**asked, "email": email}) for email in (known, unknown)]
    told = [{**answer.json(), "email": "", "event_id": "", "timestamp": ""} for answer in answers]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert told[0] == told[1]
    assert told[0]["segment"] != "CRITICAL"


def test_without_a_setting_there_is_no_limit(client: Any) -> None:
    assert {client.post(PATH, json=GOOD).status_code for _ in range(300)} == {202}


def test_an_event_that_nobody_began_to_write_is_given_up(
    client: Any, system: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.webhooks.PATIENCE", 0.05)
    waiting: Future[Receipt] = Future()
    monkeypatch.setattr(system, "submit", lambda _: waiting)

    problem(client.post(PATH, json=GOOD), 503)

    assert waiting.cancelled()


def test_an_event_that_is_being_written_is_waited_for(
    client: Any, system: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.webhooks.PATIENCE", 0.05)
    submit = system.submit

    def slowly(arrival: Any) -> Future[Receipt]:
        begun: Future[Receipt] = Future()
        begun.set_running_or_notify_cancel()
        threading.Timer(0.2, lambda: begun.set_result(submit(arrival).result())).start()
        return begun

    monkeypatch.setattr(system, "submit", slowly)

    assert client.post(PATH, json=GOOD).status_code == 202
    assert len(system.arrivals) == 1

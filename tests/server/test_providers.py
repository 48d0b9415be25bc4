"""Calls by Cal.com, Calendly, Stripe and Typeform, shaped and signed as they document it, through the real server."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from engine.language.compiler import load
from server.cli.samples import sent
from server.openapi import openapi
from tests.language.conftest import FakeShelf
from tests.server.conftest import NOW, served

FILE = """
version: 1
email: {from: Sang Le <sang@example.com>}
contact:
  email: {type: email}
  name: {type: text}
  appointment_time: {type: datetime}
  timezone: {type: timezone}
  plan: {type: choice, choices: [free, team]}
  amount: {type: whole number}
  phone: {type: phone}
triggers:
  cal:
    from: cal.com
    requires: [email, name, appointment_time]
    accepts: [timezone]
  calendly:
    from: calendly
    events: [invitee.created, invitee_no_show.created]
    requires: [email, name, appointment_time]
    accepts: [timezone, plan, phone]
    paths: {plan: "payload.questions_and_answers[question=Which plan?].answer"}
  paid:
    from: stripe
    requires: [email, amount]
    accepts: [plan]
  asked:
    from: typeform
    requires: [email]
    accepts: [plan, amount, name]
"""
SECRETS = {"cal.com": "cal secret", "calendly": "key of calendly", "stripe": "whsec_x", "typeform": "form secret"}
STAMP = int(NOW.timestamp())

CAL = {
    "triggerEvent": "BOOKING_CREATED",
    "createdAt": "2025-11-12T14:59:58.000Z",
    "payload": {
        "type": "30min",
        "title": "30min between Sang and Ada",
        "startTime": "2025-11-20T10:00:00Z",
        "endTime": "2025-11-20T10:30:00Z",
        "organizer": {"name": "Sang Le", "email": "sang@example.com", "timeZone": "America/Toronto"},
        "attendees": [{"email": "ada@example.com", "name": "Ada", "timeZone": "Europe/Berlin"}],
        "uid": "bFJeNb2uX8ANpT3JL5EfXw",
        "metadata": {},
    },
}
CALENDLY = {
    "event": "invitee.created",
    "created_at": "2025-11-12T14:59:58.000000Z",
    "created_by": "https://api.calendly.com/users/AAAA",
    "payload": {
        "uri": "https://api.calendly.com/scheduled_events/BBBB/invitees/CCCC",
        "email": "ada@example.com",
        "name": "Ada",
        "first_name": None,
        "timezone": "Europe/Berlin",
        "text_reminder_number": None,
        "questions_and_answers": [
            {"question": "How did you hear of us?", "answer": "a friend", "position": 0},
            {"question": "Which plan?", "answer": "team", "position": 1},
        ],
        "scheduled_event": {
            "uri": "https://api.calendly.com/scheduled_events/BBBB",
            "name": "A call",
            "start_time": "2025-11-20T10:00:00.000000Z",
            "end_time": "2025-11-20T10:30:00.000000Z",
        },
    },
}
STRIPE = {
    "id": "evt_1QKtestABC",
    "object": "event",
    "type": "checkout.session.completed",
    "created": STAMP,
    "pending_webhooks": 2,
    "data": {
        "object": {
            "id": "cs_test_a1",
            "object": "checkout.session",
            "amount_total": 4900,
            "customer_email": None,
            "customer_details": {"email": "ada@example.com", "name": "Ada", "phone": None},
            "metadata": {"plan": "team"},
        }
    },
}
TYPEFORM = {
    "event_id": "01H00000000000000000000000",
    "event_type": "form_response",
    "form_response": {
        "form_id": "lT4Z3j",
        "token": "a3a12ec67a1365927098a606107fac15",
        "submitted_at": "2025-11-12T14:59:58Z",
        "hidden": {"amount": 3, "name": "Ada"},
        "definition": {"id": "lT4Z3j", "title": "A form", "fields": []},
        "answers": [
            {
                "type": "choice",
                "choice": {"label": "team"},
                "field": {"id": "1", "type": "dropdown", "ref": "plan"},
            },
            {"type": "email", "email": "ada@example.com", "field": {"id": "2", "type": "email", "ref": "9f2c"}},
        ],
    },
}


def mac(secret: str, content: bytes) -> bytes:
    return hmac.new(secret.encode(), content, hashlib.sha256).digest()


def hexed(secret: str, body: bytes, stamp: int) -> str:
    return mac(secret, body).hex()


def stamped(secret: str, body: bytes, stamp: int) -> str:
    return f"t={stamp},v1={mac(secret, f'{stamp}.'.encode() + body).hex()}"


def based(secret: str, body: bytes, stamp: int) -> str:
    return "sha256=" + base64.b64encode(mac(secret, body)).decode()


Sign = Callable[[str, bytes, int], str]
CALLS: dict[str, tuple[str, str, Sign, dict[str, Any]]] = {
    "cal": ("cal.com", "X-Cal-Signature-256", hexed, CAL),
    "calendly": ("calendly", "Calendly-Webhook-Signature", stamped, CALENDLY),
    "paid": ("stripe", "Stripe-Signature", stamped, STRIPE),
    "asked": ("typeform", "Typeform-Signature", based, TYPEFORM),
}
EVERY = pytest.mark.parametrize("trigger", CALLS)


@pytest.fixture
def called(make_system: Callable[..., Any]) -> Any:
    system = make_system(provider_secrets=SECRETS, webhook_secret="for all others")
    system.current = load(FILE, FakeShelf())
    return system


@pytest.fixture
def http(called: Any) -> Iterator[httpx.Client]:
    with served(called) as one:
        yield one


def post(
    http: httpx.Client,
    trigger: str,
    payload: dict[str, Any] | None = None,
    *,
    stamp: int = STAMP,
    secret: str | None = None,
    **headers: str,
) -> httpx.Response:
    provider, header, sign, example = CALLS[trigger]
    body = json.dumps(payload or example, indent=1).encode()
    signature = {header: sign(secret or SECRETS[provider], body, stamp)}
    all_headers = {"content-type": "application/json; charset=utf-8", **signature, **headers}
    return http.post(f"/webhook/{trigger}", content=body, headers=all_headers)


@EVERY
def test_what_a_provider_sends_is_taken_by_the_names_of_fields(called: Any, http: httpx.Client, trigger: str) -> None:
    assert post(http, trigger).json()["status"] == "accepted"
    values = called.arrivals[0].payload.values
    assert values["email"] == "ada@example.com"
    expected: dict[str, dict[str, object]] = {
        "cal": {"name": "Ada", "appointment_time": "2025-11-20T10:00:00Z", "timezone": "Europe/Berlin"},
        "calendly": {
            "name": "Ada",
            "appointment_time": "2025-11-20T10:00:00Z",
            "timezone": "Europe/Berlin",
            "plan": "team",
        },
        "paid": {"amount": 4900, "plan": "team"},
        "asked": {"plan": "team", "amount": 3, "name": "Ada"},
    }
    assert values == {"email": "ada@example.com", **expected[trigger]}


@EVERY
def test_a_wrong_signature_or_none_is_refused(called: Any, http: httpx.Client, trigger: str) -> None:
    assert post(http, trigger, secret="another").status_code == 401
    header = CALLS[trigger][1]
    for headers in ({}, {header: ""}, {"authorization": "Bearer for all others"}):
        answer = http.post(f"/webhook/{trigger}", json=CALLS[trigger][3], headers=headers)
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
    assert called.arrivals == []


@EVERY
def test_a_body_that_was_changed_on_the_way_is_refused(called: Any, http: httpx.Client, trigger: str) -> None:
    provider, header, sign, example = CALLS[trigger]
    body = json.dumps(example).encode()
    signature = sign(SECRETS[provider], body, STAMP)
    changed = body.replace(b"ada@example.com", b"eve@example.com")
    headers = {header: signature, "content-type": "application/json"}
    assert http.post(f"/webhook/{trigger}", content=changed, headers=headers).status_code == 401
    assert http.post(f"/webhook/{trigger}", content=body, headers=headers).status_code == 202


@pytest.mark.parametrize(("trigger", "tolerance"), [("calendly", 180), ("paid", 300)])
def test_an_old_signature_is_refused_and_one_within_the_tolerance_is_not(
    called: Any, http: httpx.Client, trigger: str, tolerance: int
) -> None:
    for stamp in (STAMP - tolerance - 1, STAMP + tolerance + 1):
        answer = post(http, trigger, stamp=stamp)
        assert answer.status_code == 401
        assert f"more than {tolerance // 60} minutes" in answer.json()["detail"]
    assert post(http, trigger, stamp=STAMP - tolerance + 1).status_code == 202


def test_during_a_change_of_secrets_one_of_several_signatures_will_do(called: Any, http: httpx.Client) -> None:
    body = json.dumps(STRIPE).encode()
    signature = (
        f"{stamped('the old one', body, STAMP)},{stamped(SECRETS['stripe'], body, STAMP).partition(',')[2]},v0=x"
    )
    headers = {"stripe-signature": signature, "content-type": "application/json"}
    assert http.post("/webhook/paid", content=body, headers=headers).status_code == 202


def test_without_its_secret_nobody_can_be_the_provider(make_system: Callable[..., Any]) -> None:
    system = make_system()
    system.current = load(FILE, FakeShelf())
    with served(system) as http:
        answer = post(http, "paid")
    assert answer.status_code == 401
    assert "BUSOS_STRIPE_SECRET" in answer.json()["detail"]


@EVERY
def test_the_same_event_again_starts_nothing_twice(called: Any, http: httpx.Client, trigger: str) -> None:
    first = post(http, trigger)
    again = post(http, trigger, {**CALLS[trigger][3], "pending_webhooks": 1}, stamp=STAMP + 30)
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json()["event_id"] == first.json()["event_id"]
    assert len(called.arrivals) == 1


def test_another_event_of_the_same_person_is_another_event(called: Any, http: httpx.Client) -> None:
    post(http, "paid")
    assert "idempotent-replayed" not in post(http, "paid", {**STRIPE, "id": "evt_2"}).headers
    later = {**CALENDLY, "created_at": "2025-11-12T15:10:00.000000Z"}
    post(http, "calendly")
    assert "idempotent-replayed" not in post(http, "calendly", later).headers
    assert len(called.arrivals) == 4


def test_a_key_in_the_header_wins_over_the_providers_own(called: Any, http: httpx.Client) -> None:
    post(http, "paid", None, **{"idempotency-key": "mine"})
    assert called.arrivals[0].key == "mine"


def test_an_event_without_an_id_has_no_key(called: Any, http: httpx.Client) -> None:
    post(http, "paid", {name: value for name, value in STRIPE.items() if name != "id"})
    assert called.arrivals[0].key is None


@pytest.mark.parametrize(
    ("trigger", "change", "told"),
    [
        ("calendly", {"event": "invitee.canceled"}, "invitee.canceled"),
        ("cal", {"triggerEvent": "PING"}, "PING"),
        ("paid", {"type": "invoice.paid"}, "invoice.paid"),
        ("asked", {"event_type": None}, None),
        ("asked", {"event_type": "\x1b[31m"}, None),
    ],
)
def test_other_events_are_answered_ignored_and_counted(
    called: Any, http: httpx.Client, trigger: str, change: dict[str, Any], told: str | None
) -> None:
    answer = post(http, trigger, {**CALLS[trigger][3], **change})
    assert (answer.status_code, answer.json()) == (202, {"status": "ignored", "event": told})
    assert called.arrivals == []


def test_each_event_that_is_named_starts_it(called: Any, http: httpx.Client) -> None:
    assert post(http, "calendly", {**CALENDLY, "event": "invitee_no_show.created"}).json()["status"] == "accepted"


def test_a_value_that_is_missing_is_told_with_its_place(called: Any, http: httpx.Client) -> None:
    data = {"object": {**STRIPE["data"]["object"], "customer_details": None, "metadata": {"plan": "gold"}}}  # type: ignore[index]
    errors = post(http, "paid", {**STRIPE, "data": data}).json()["errors"]
    assert [(error["field"], error["pointer"]) for error in errors] == [
        ("email", "/data/object/customer_details/email"),
        ("plan", "/data/object/metadata/plan"),
    ]
    assert errors[1]["message"].startswith("plan (at data.object.metadata.plan) must be one of free, team")


def test_a_signed_body_that_is_no_object_is_refused_as_ever(called: Any, http: httpx.Client) -> None:
    body = b"[]"
    headers = {"stripe-signature": stamped("whsec_x", body, STAMP), "content-type": "application/json"}
    assert http.post("/webhook/paid", content=body, headers=headers).status_code == 422


def test_the_published_document_names_the_signatures(called: Any) -> None:
    document = openapi(called)
    assert document["paths"]["/webhook/paid"]["post"]["security"] == [{"stripe": []}]
    assert document["components"]["securitySchemes"]["stripe"]["name"] == "Stripe-Signature"
    assert not any(secret in json.dumps(document) for secret in SECRETS.values())


def test_the_secrets_do_not_show(called: Any) -> None:
    assert not any(secret in repr(called.settings) for secret in SECRETS.values())
    assert hash(called.settings) == hash(replace(called.settings))


def test_a_shell_can_play_it(called: Any) -> None:
    line = sent(called.current.triggers["calendly"], called.current.vocabulary)
    assert line.startswith("busos send calendly email=ada@example.com name=Ada appointment_time=")

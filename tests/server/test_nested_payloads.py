"""Values from deeper in a payload, through the real server: taken, refused with their paths, and published."""

from __future__ import annotations

import json
from typing import Any

import httpx
import jsonschema
import pytest

from engine.language.compiler import load
from server.openapi import example_payload, openapi
from tests.language.conftest import FakeShelf

FILE = """
version: 1
email: {from: Sang Le <sang@example.com>}
contact:
  email: {type: email}
  appointment_time: {type: datetime, from: payload.startTime}
  plan: {type: choice, choices: [free, team], from: "payload.responses[slug=plan].value"}
triggers:
  booking:
    requires: [email, appointment_time, plan]
    paths: {email: "payload.attendees[0].email"}
    then: [{start: welcome}]
  form:
    requires: [email]
    accepts: [plan]
    paths: {plan: plan}
    then: [{start: welcome}]
sequences:
  welcome:
    steps: [{email: hello}]
"""
BOOKED: dict[str, Any] = {
    "triggerEvent": "BOOKING_CREATED",
    "payload": {
        "startTime": "2026-11-20T10:00:00Z",
        "attendees": [{"email": "ada@example.com"}],
        "responses": [{"slug": "plan", "value": "team"}],
    },
}


@pytest.fixture
def nested(system: Any) -> Any:
    system.current = load(FILE, FakeShelf())
    return system


def test_a_booking_is_taken_from_deep_inside(nested: Any, live: httpx.Client) -> None:
    assert live.post("/webhook/booking", json=BOOKED).status_code == 202
    (arrival,) = nested.arrivals
    assert arrival.payload.values == {
        "email": "ada@example.com",
        "appointment_time": "2026-11-20T10:00:00Z",
        "plan": "team",
    }
    assert arrival.payload.ignored == 1


def test_a_trigger_with_the_field_at_the_top_says_so(nested: Any, live: httpx.Client) -> None:
    assert live.post("/webhook/form", json={"email": "ada@example.com", "plan": "free"}).status_code == 202
    assert nested.arrivals[0].payload.values["plan"] == "free"


def test_what_is_missing_is_named_with_its_path(nested: Any, live: httpx.Client) -> None:
    body = {"payload": {"attendees": [], "responses": [{"slug": "plan", "value": "gold"}]}}
    errors = live.post("/webhook/booking", json=body).json()["errors"]
    assert [(error["field"], error["pointer"]) for error in errors] == [
        ("email", "/payload/attendees/0/email"),
        ("appointment_time", "/payload/startTime"),
        ("plan", "/payload/responses/0/value"),
    ]
    assert (
        errors[0]["message"] == "email (at payload.attendees[0].email) is required; payload.attendees has no item [0]"
    )


def test_the_published_document_has_the_boxes_inside_boxes(nested: Any) -> None:
    content = openapi(nested)["paths"]["/webhook/booking"]["post"]["requestBody"]["content"]
    schema = content["application/json"]["schema"]
    jsonschema.validate(BOOKED, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"payload": {**BOOKED["payload"], "responses": []}}, schema)


def test_the_example_of_a_payload_is_one_that_is_taken(nested: Any, client: Any) -> None:
    body = json.loads(example_payload(nested.current.triggers["booking"], nested.current.vocabulary))
    assert body["payload"]["attendees"] == [{"email": "ada@example.com"}]
    assert client.post("/webhook/booking", json=body).status_code == 202

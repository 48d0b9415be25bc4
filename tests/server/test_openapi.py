"""The published OpenAPI document is true: schemathesis posts what it allows and forbids, and looks at the answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jsonschema
import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from engine.language.checks.triggers import DELIVERIES, OURS
from engine.model import Take
from engine.runtime.settings import Settings
from server.app import create_app
from server.openapi import example_payload, openapi
from tests.server.conftest import MemorySystem


@pytest.mark.parametrize("path", ["/schema", "/schema/openapi.json"])
def test_the_document_is_served_with_every_field_of_every_trigger(client: Any, path: str) -> None:
    response = client.get(path)
    assert response.headers["content-type"] == "application/json"
    document = response.json()
    assert document["openapi"].startswith("3.1.")
    post = document["paths"]["/webhook/assessment"]["post"]
    schema = post["requestBody"]["content"]["application/json"]["schema"]
    assert schema["required"] == ["email", "red_systems", "orange_systems"]
    assert set(schema["properties"]) == {"email", "red_systems", "orange_systems", "assessment_date"}
    assert schema["properties"]["red_systems"] == {
        "description": "A whole number from 0 to 8. Required.",
        "type": "integer",
        "minimum": 0,
        "maximum": 8,
    }
    assert {"202", "400", "401", "409", "413", "415", "422", "429", "503"} <= set(post["responses"])
    assert "security" not in post
    assert {"/webhook/signup", "/hooks/profile", "/health", "/health/ready", "/u/{token}"} <= set(document["paths"])


def test_with_a_secret_the_ways_to_prove_it_are_documented(make_system: Callable[..., Any]) -> None:
    document = openapi(make_system(webhook_secret="open sesame"))
    named = {name for way in document["paths"]["/webhook/signup"]["post"]["security"] for name in way}
    assert named == set(document["components"]["securitySchemes"])
    assert "open sesame" not in str(document)


def test_answers_have_the_shape_that_is_published(client: Any, system: Any) -> None:
    schemas = openapi(system)["components"]["schemas"]
    body = {"email": "ada@example.com", "red_systems": 2, "orange_systems": 1}
    for name, response in (
        ("Accepted", client.post("/webhook/assessment", json=body)),
        ("Problem", client.post("/webhook/assessment", json={})),
        ("Problem", client.get("/nowhere")),
        ("Health", client.get("/health")),
        ("Readiness", client.get("/health/ready")),
    ):
        jsonschema.validate(response.json(), {**schemas[name], "additionalProperties": False})


def test_the_example_of_a_payload_is_one_that_is_taken(client: Any, system: Any) -> None:
    words = system.current.vocabulary
    everything = tuple(Take(field=name, required=True) for name in words.fields)
    full = replace(system.current.triggers["signup"], takes=everything)
    system.current = replace(system.current, triggers={"signup": full})
    body = example_payload(full, words)
    assert set(json.loads(body)) == set(words.fields)
    response = client.post("/webhook/signup", content=body, headers={"content-type": "application/json"})
    assert response.status_code == 202


# Made at import, because schemathesis makes a test of each operation when the tests are collected.
OPEN = schemathesis.openapi.from_asgi("/schema/openapi.json", create_app(MemorySystem(Settings(secret_key="k"))))
LOCKED = schemathesis.openapi.from_asgi(
    "/schema/openapi.json", create_app(MemorySystem(Settings(secret_key="k", webhook_secret="open sesame")))
)
FEW = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))


@OPEN.parametrize()
@FEW
def test_every_operation_keeps_its_word(case: Any) -> None:
    case.call_and_validate()


@LOCKED.include(path="/webhook/assessment").parametrize()
@FEW
def test_a_webhook_keeps_its_word_behind_a_secret(case: Any) -> None:
    case.call_and_validate(headers={"Authorization": "Bearer open sesame"})


def test_no_trigger_can_listen_where_the_server_itself_answers(system: MemorySystem) -> None:
    paths = {route.path for route in create_app(system).routes}
    ours = {path.strip("/").partition("/")[0] for path in paths - {DELIVERIES}}

    assert DELIVERIES in paths
    assert {"health", "outbox", "schema", "u"} <= ours
    assert ours - {""} <= OURS

"""Providers as data: each is complete, its paths can be followed, and the schema, the settings and the docs name it."""

from __future__ import annotations

from typing import Any

import pytest

from engine.language.paths import parse_path
from engine.language.schema import schema
from engine.language.taking import provided
from engine.model import Field, FieldType, PayloadPath
from engine.payloads.finding import find
from engine.providers import Provider, providers
from engine.runtime.settings import SETTINGS

EVERY = pytest.mark.parametrize("provider", providers().values(), ids=lambda one: one.NAME)


def test_the_schema_offers_every_provider_there_is() -> None:
    assert schema()["$defs"]["trigger"]["properties"]["from"]["enum"] == list(providers())


@EVERY
def test_a_provider_is_complete(provider: Provider) -> None:
    assert provider.TITLE
    assert provider.HEADER
    assert provider.EVENTS
    assert any(setting.name == provider.SETTING and setting.secret for setting in SETTINGS)
    assert provided(provider, Field(name="email", type=FieldType.EMAIL))
    places = [place for several in provider.FIELDS.values() for place in several]
    assert all(isinstance(parse_path(place), PayloadPath) for place in places)


@EVERY
def test_a_payload_that_says_nothing_has_no_event_and_no_key(provider: Provider) -> None:
    for payload in ({}, {"payload": 7, "id": 3, "event_id": "", "createdAt": "x"}):
        assert provider.event(payload) is None
        assert provider.key(payload) is None


@EVERY
@pytest.mark.parametrize("given", [b"", b"x", b"t=1", b"v1=aa", b"t=1,v1=", b"t=-5,v1=aa", b"t=\xff,v1=a", b"sha256="])
def test_no_odd_header_is_a_signature(provider: Provider, given: bytes) -> None:
    headers = {provider.HEADER.lower().encode(): given}
    assert provider.refusal(headers, b"{}", "secret", 1.0)


@pytest.mark.parametrize(
    ("kind", "answer", "value"),
    [
        (FieldType.TEXT, {"text": "Ada"}, "Ada"),
        (FieldType.CHOICE, {"choice": {"label": "team"}}, "team"),
        (FieldType.LIST, {"choices": {"labels": ["a", "b"]}}, ["a", "b"]),
        (FieldType.CHECKBOX, {"boolean": False}, False),
        (FieldType.WHOLE, {"number": 3}, 3),
        (FieldType.DATE, {"date": "2026-11-12"}, "2026-11-12"),
        (FieldType.LINK, {"url": "https://example.com"}, "https://example.com"),
    ],
)
def test_an_answer_to_a_question_is_taken_by_its_kind(kind: FieldType, answer: dict[str, Any], value: object) -> None:
    path = provided(providers()["typeform"], Field(name="x", type=kind))
    assert path is not None
    answers = [{"field": {"ref": "other"}}, {"field": {"ref": "x"}, **answer}]
    assert find(path, {"form_response": {"answers": answers}}) == value
    assert find(path, {"form_response": {"hidden": {"x": "hidden"}}}) == "hidden"

"""Every way in which Notion can fail is an answer, never an exception."""

from __future__ import annotations

from types import NoneType
from typing import Any

import pytest

from engine.adapters.notion import Connection, NotionMirror, NotionTemplates
from engine.errors import SettingsError
from engine.model import Refused, Retry, TemplateText
from engine.ports import Mirrored, PageUpdate
from tests.adapters.notion.conftest import FIELDS, ONE_VERSION, TOKEN, World, paced
from tests.standins.notion_seeds import CONTACTS, TEMPLATES

UPDATE = PageUpdate(contact_id="c1", email="ada@example.com", values={"name": "Ada"})
TEXT = TemplateText(name="email_1", subject="Hello", body="<p>Hello</p>", format="html")

ODD_ANSWERS: list[Any] = [
    b"<html>Everything is fine.</html>",
    b"",
    b"\xff\xfe",
    b"[" * 100_000,
    None,
    [],
    {},
    "ok",
    {"results": [1]},
    {"results": [{"object": "page"}], "has_more": False},
    {
        "results": [
            {"object": "page", "id": "x", "properties": {"Email": []}, "last_edited_time": "2025-11-12T15:00:00Z"}
        ]
    },
    {"results": [], "has_more": True, "next_cursor": "again"},
    {"id": "x", "properties": {"Name": None}},
    {"id": "x", "properties": {"Name": {"type": "select", "select": {"options": [3]}}}},
    {"data_sources": [{}]},
    {"id": "x", "properties": {}, "last_edited_time": "tomorrow"},
]


def named(value: Any) -> str:
    return str(value)[:40]


@pytest.mark.parametrize("body", ODD_ANSWERS, ids=named)
def test_an_answer_that_makes_no_sense_is_told_and_never_raised(world: World, body: Any) -> None:
    """At whichever request of a conversation it comes."""
    for good in range(4):
        for ask in (writing, reading, finding, pushing):
            world.server.faults.script.clear()
            world.server.faults.script.extend(["ok"] * good + [{"status": 200, "body": body}] * 5)
            assert isinstance(ask(world), (Retry, Refused, Mirrored, list, NoneType, TemplateText))


def writing(world: World) -> object:
    return world.mirror().write(UPDATE)


def reading(world: World) -> object:
    return world.mirror().changes(None)


def finding(world: World) -> object:
    return world.templates().find("email_1")


def pushing(world: World) -> object:
    return world.templates().push(TEXT)


@ONE_VERSION
@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "validation_error", Refused),
        (400, "missing_version", Refused),
        (401, "unauthorized", Refused),
        (403, "restricted_resource", Refused),
        (404, "object_not_found", Refused),
        (409, "conflict_error", Retry),
        (500, "internal_server_error", Retry),
        (503, "service_unavailable", Retry),
        (503, "service_overload", Retry),
        (504, "gateway_timeout", Retry),
        (302, "moved", Refused),
        (418, "teapot", Refused),
    ],
)
def test_an_error_is_retried_or_refused_as_notion_documents_it(
    world: World, status: int, code: str, kind: type[Retry | Refused]
) -> None:
    mirror = world.mirror()
    mirror.changes(None)
    said = {"object": "error", "status": status, "code": code, "message": "so it is"}
    world.server.faults.script.extend([{"status": status, "body": said}] * 6)
    outcome = mirror.write(UPDATE)
    assert isinstance(outcome, kind)
    assert "so it is" in outcome.reason


@ONE_VERSION
@pytest.mark.parametrize("fault", ["500", "409"])
def test_a_search_that_fails_makes_no_page(world: World, fault: str) -> None:
    mirror = world.mirror()
    mirror.changes(None)
    world.server.faults.script.append(fault)
    outcome = mirror.write(UPDATE)
    assert isinstance(outcome, Retry)
    assert not outcome.uncertain
    assert world.vendor.pages == {}


@ONE_VERSION
def test_notion_being_down_is_retried(world: World) -> None:
    world.server.faults.down = True
    outcome = world.mirror().write(UPDATE)
    assert isinstance(outcome, Retry)
    assert isinstance(world.mirror().changes(None), Retry)


def test_nobody_listening_is_retried_and_certain() -> None:
    connection = Connection(TOKEN, "http://127.0.0.1:9")
    outcome = NotionMirror(connection, CONTACTS, FIELDS).write(UPDATE)
    assert isinstance(outcome, Retry)
    assert not outcome.uncertain
    connection.close()


@ONE_VERSION
def test_a_short_wait_that_notion_asks_for_is_waited_and_the_write_is_done(world: World) -> None:
    mirror = world.mirror()
    mirror.changes(None)
    before = world.time.passed
    world.server.faults.script.extend([{"status": 429, "headers": {"retry-after": "7"}, "body": {}}])
    assert isinstance(mirror.write(UPDATE), Mirrored)
    assert world.time.passed - before >= 7


@ONE_VERSION
def test_a_long_wait_that_notion_asks_for_is_handed_on_and_kept_by_everybody(world: World) -> None:
    mirror = world.mirror()
    mirror.changes(None)
    world.server.faults.script.extend([{"status": 429, "headers": {"retry-after": "120"}, "body": {}}])
    outcome = mirror.write(UPDATE)
    assert isinstance(outcome, Retry)
    assert outcome.after == 120
    asked = len(world.vendor.requests)
    later = NotionTemplates(world.connection, TEMPLATES, None, clock=world.time).push(TEXT)
    assert isinstance(later, Retry)
    assert later.after is not None
    assert 100 < later.after <= 120
    assert len(world.vendor.requests) == asked
    world.time.sleep(120)
    assert isinstance(mirror.write(UPDATE), Mirrored)


@ONE_VERSION
def test_notion_asking_for_patience_without_end_ends_in_a_retry(world: World) -> None:
    mirror = world.mirror()
    world.server.faults.script.extend([{"status": 429, "headers": {"retry-after": "1"}, "body": {}}] * 9)
    outcome = mirror.write(UPDATE)
    assert isinstance(outcome, Retry)
    assert outcome.after == 1


@ONE_VERSION
@pytest.mark.parametrize(("said", "after"), [("soon", 1), ("-5", 1), ("1e9", 1), ("nan", 1), ("", 1), ("0.5", 0.5)])
def test_an_odd_retry_after_is_a_second(world: World, said: str, after: float) -> None:
    mirror = world.mirror()
    world.server.faults.script.extend([{"status": 429, "headers": {"retry-after": said}, "body": {}}] * 9)
    outcome = mirror.write(UPDATE)
    assert isinstance(outcome, Retry)
    assert outcome.after == after


@pytest.mark.parametrize("token", ["", "  ", "secret\nvalue", "sécret", "two words"])
def test_a_token_that_cannot_be_one_is_refused_without_being_repeated(token: str) -> None:
    with pytest.raises(SettingsError) as told:
        Connection(token)
    assert "NOTION_TOKEN" in str(told.value)
    assert not token.strip() or token not in str(told.value)


@pytest.mark.parametrize("address", ["", "api.notion.com", "ftp://example.com", "http://[", "http://a b"])
def test_an_address_that_cannot_be_one_is_refused(address: str) -> None:
    with pytest.raises(SettingsError, match="NOTION_API_URL"):
        Connection(TOKEN, address)


def test_a_version_that_we_do_not_speak_is_refused() -> None:
    with pytest.raises(SettingsError, match="2021-05-13"):
        Connection(TOKEN, version="2021-05-13")


@ONE_VERSION
def test_an_address_with_the_version_path_is_understood(world: World) -> None:
    pace = paced(world.time)
    connection = Connection(f" {TOKEN}\n", f"{world.server.url}/v1/", world.connection.version, pace=pace)
    assert NotionMirror(connection, CONTACTS, FIELDS).changes(None) == []
    connection.close()


def test_whatever_fails_whenever_each_contact_ends_with_one_page_that_says_everything(world: World) -> None:
    kinds = ("drop", "lost", "garbage", "500", "500 after", "409", "503")
    world.server.faults.chances = dict.fromkeys(kinds, 0.07)
    mirror = world.mirror()
    failures = 0
    for n in range(25):
        email = f"{n}@example.com"
        update = PageUpdate(contact_id=str(n), email=email, values={"name": "Ada", "red_systems": n % 9})
        for _ in range(50):
            outcome = mirror.write(update)
            if isinstance(outcome, Mirrored):
                break
            assert isinstance(outcome, Retry)
            world.time.sleep(outcome.after or 0)
            failures += 1
        shown = world.vendor.read(world.vendor.page(email))["values"]
        assert (shown["Name"], shown["Red Systems"]) == ("Ada", n % 9)
    assert failures > 10
    assert len(world.vendor.pages) == 25

"""The Notion stand-in: its answers are Notion's, and it catches what Notion would refuse."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.standins.contract import Contract
from tests.standins.notion import Notion
from tests.standins.notion_seeds import CONTACTS, CONTACTS_SOURCE
from tests.standins.server import StandIn

OLD, NEW = "2022-06-28", "2025-09-03"
ROOTS = {
    OLD: {"file": "notion/sdk-types-2022-06-28.schema.json", "page": "V2Page", "query": "V2QueryDatabaseResponse"},
    NEW: {"file": "notion/sdk-types-2025-09-03.schema.json", "page": "V5Page", "query": "V5QueryDataSourceResponse"},
}
QUERY = {OLD: f"/v1/databases/{CONTACTS}/query", NEW: f"/v1/data_sources/{CONTACTS_SOURCE}/query"}


@pytest.fixture
def notion() -> Iterator[StandIn[Notion]]:
    vendor = Notion(rate=0)
    if not vendor.judges:
        pytest.skip("contracts of Notion: ../shared/contracts is missing")
    with StandIn(vendor) as server:
        yield server


def ask(server: StandIn[Notion], method: str, path: str, version: str = NEW, **more: Any) -> httpx.Response:
    headers = {"authorization": "Bearer ntn_x", "notion-version": version, **more.pop("headers", {})}
    # Without TLS to verify: loading the certificates takes longer than the request.
    return httpx.request(method, server.url + path, headers=headers, verify=False, **more)


def conforms(version: str, root: str, answer: Any) -> list[str]:
    return Contract(ROOTS[version]["file"]).problems(f"#/definitions/{root}", answer)


def new_page(version: str, properties: dict[str, Any]) -> dict[str, Any]:
    parent = {"database_id": CONTACTS} if version == OLD else {"data_source_id": CONTACTS_SOURCE}
    return {"parent": parent, "properties": properties}


def text(*contents: str) -> dict[str, Any]:
    return {"rich_text": [{"text": {"content": content}} for content in contents]}


@pytest.mark.parametrize("version", [OLD, NEW])
def test_every_answer_has_the_shape_that_notion_publishes(notion: StandIn[Notion], version: str) -> None:
    properties = {
        "Name": {"title": [{"text": {"content": "Ada", "link": {"url": "https://example.com"}}}]},
        "Email": {"email": "ada@example.com"},
        "Segment": {"select": {"name": "NEW ONE"}},
        "Signup Date": {"date": {"start": "2025-11-12T15:00:00Z"}},
        "Red Systems": {"number": 2},
        "Customer": {"checkbox": True},
    }
    roots = ROOTS[version]
    made = ask(notion, "POST", "/v1/pages", version, json=new_page(version, properties)).json()
    page = f"/v1/pages/{made['id']}"
    assert conforms(version, roots["page"], made) == []
    assert conforms(version, roots["page"], ask(notion, "GET", page, version).json()) == []
    changed = ask(notion, "PATCH", page, version, json={"properties": {"Red Systems": {"number": None}}}).json()
    assert conforms(version, roots["page"], changed) == []
    assert conforms(version, roots["query"], ask(notion, "POST", QUERY[version], version, json={}).json()) == []
    database = ask(notion, "GET", f"/v1/databases/{CONTACTS}", version).json()
    assert conforms(version, "V2Database" if version == OLD else "V5Database", database) == []
    assert notion.vendor.violations == []


def test_data_sources_and_blocks_have_the_shape_that_notion_publishes(notion: StandIn[Notion]) -> None:
    source = ask(notion, "GET", f"/v1/data_sources/{CONTACTS_SOURCE}").json()
    assert conforms(NEW, "V5DataSource", source) == []
    page = notion.vendor.add(CONTACTS_SOURCE, Email="ada@example.com")
    kinds = ("paragraph", "code", "heading_1", "bulleted_list_item", "quote")
    blocks = [{"type": kind, kind: text("x") | ({"language": "html"} if kind == "code" else {})} for kind in kinds]
    path = f"/v1/blocks/{page.id}/children"
    added = ask(notion, "PATCH", path, json={"children": [*blocks, {"type": "divider", "divider": {}}]}).json()
    assert conforms(NEW, "V5AppendBlockChildrenResponse", added) == []
    assert conforms(NEW, "V5ListBlockChildrenResponse", ask(notion, "GET", path).json()) == []
    assert len(page.blocks) == 6
    assert notion.vendor.violations == []


WRONG: dict[str, dict[str, Any]] = {
    "2,001 units of text": {"First Name": text("x" * 2001)},
    "1,001 emoji are 2,002 units": {"First Name": text("😀" * 1001)},
    "101 items": {"First Name": text(*["x"] * 101)},
    "a comma in an option": {"Segment": {"select": {"name": "a, b"}}},
    "an empty email": {"Email": {"email": ""}},
    "a long email": {"Email": {"email": "a" * 201}},
    "no date": {"Signup Date": {"date": {"start": "soon"}}},
    "a number as text": {"Red Systems": {"number": "2"}},
    "an unknown type": {"Red Systems": {"numbers": 2}},
}


@pytest.mark.parametrize("properties", WRONG.values(), ids=WRONG.keys())
@pytest.mark.parametrize("version", [OLD, NEW])
def test_what_breaks_a_published_limit_or_shape_is_refused_and_remembered(
    notion: StandIn[Notion], version: str, properties: dict[str, Any]
) -> None:
    answer = ask(notion, "POST", "/v1/pages", version, json=new_page(version, properties))
    assert answer.status_code == 400
    assert answer.json()["code"] == "validation_error"
    assert notion.vendor.pages == {}
    assert len(notion.vendor.violations) == 1


def test_exactly_the_limit_is_taken(notion: StandIn[Notion]) -> None:
    assert ask(notion, "POST", "/v1/pages", json=new_page(NEW, {"First Name": text("😀" * 1000)})).status_code == 200
    assert notion.vendor.violations == []


@pytest.mark.parametrize(
    ("method", "path", "version", "body", "code"),
    [
        ("GET", f"/v1/databases/{CONTACTS}", "", None, "validation_error"),
        ("GET", f"/v1/databases/{CONTACTS}", "2021-01-01", None, "validation_error"),
        ("POST", QUERY[OLD], NEW, {}, "invalid_request_url"),
        ("POST", QUERY[NEW], OLD, {}, "invalid_request_url"),
        ("GET", "/v1/users", NEW, None, "invalid_request_url"),
        ("POST", QUERY[NEW], NEW, {"page_size": 101}, "validation_error"),
        ("POST", QUERY[NEW], NEW, {"filters": {}}, "validation_error"),
        ("POST", QUERY[NEW], "2026-03-11", {"archived": False}, "validation_error"),
    ],
)
def test_a_request_that_notion_does_not_know_is_refused_and_remembered(
    notion: StandIn[Notion], method: str, path: str, version: str, body: Any, code: str
) -> None:
    answer = ask(notion, method, path, version, json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert len(notion.vendor.violations) == 1


def test_a_filter_that_the_stand_in_does_not_play_is_never_a_silent_yes(notion: StandIn[Notion]) -> None:
    notion.vendor.add(CONTACTS_SOURCE, Email="ada@example.com")
    where = {"property": "Email", "email": {"ends_with": "example.com"}}
    assert ask(notion, "POST", QUERY[NEW], json={"filter": where}).status_code == 400
    assert "ends_with" in notion.vendor.violations[0]


def test_a_wrong_token_and_a_missing_version_are_refused() -> None:
    with StandIn(Notion(rate=0, token="ntn_right")) as server:
        assert ask(server, "GET", f"/v1/databases/{CONTACTS}").status_code == 401
        headers = {"authorization": "Bearer ntn_right"}
        answer = httpx.get(f"{server.url}/v1/databases/{CONTACTS}", headers=headers)
        assert answer.json()["code"] == "missing_version"


def test_a_fourth_request_in_a_second_is_throttled_after_the_burst() -> None:
    now = [0.0]
    with StandIn(Notion(rate=3, burst=3, monotonic=lambda: now[0])) as server:
        path = f"/v1/databases/{CONTACTS}"
        assert [ask(server, "GET", path).status_code for _ in range(4)] == [200, 200, 200, 429]
        now[0] = 0.4
        assert [ask(server, "GET", path).status_code for _ in range(2)] == [200, 429]
        assert ask(server, "GET", path).headers["retry-after"] == "1"
        assert server.vendor.throttled == 3


def test_a_deleted_page_is_in_no_answer_and_takes_no_edit(notion: StandIn[Notion]) -> None:
    page = notion.vendor.add(CONTACTS_SOURCE, Email="ada@example.com")
    notion.vendor.trash("ada@example.com")
    assert ask(notion, "POST", QUERY[NEW], json={}).json()["results"] == []
    edit = {"properties": {"Customer": {"checkbox": True}}}
    assert ask(notion, "PATCH", f"/v1/pages/{page.id}", json=edit).status_code == 400
    assert ask(notion, "PATCH", f"/v1/pages/{page.id}", json={"in_trash": False}).status_code == 200
    assert ask(notion, "PATCH", f"/v1/pages/{page.id}", json=edit).status_code == 200
    assert notion.vendor.violations == []


def test_a_list_is_handed_out_in_parts_without_gaps(notion: StandIn[Notion]) -> None:
    for n in range(25):
        notion.vendor.add(CONTACTS_SOURCE, Email=f"{n}@example.com")
    found, cursor = [], None
    while True:
        body = {"page_size": 10, **({"start_cursor": cursor} if cursor else {})}
        part = ask(notion, "POST", QUERY[NEW], json=body).json()
        found += [page["properties"]["Email"]["email"] for page in part["results"]]
        cursor = part["next_cursor"]
        if not part["has_more"]:
            break
    assert found == [f"{n}@example.com" for n in range(25)]


def test_its_pages_can_be_seen_over_http(notion: StandIn[Notion]) -> None:
    notion.vendor.add(CONTACTS_SOURCE, Email="ada@example.com", Red_Systems=2)
    seen = httpx.get(f"{notion.url}/_seen").json()
    assert seen["judges"] is True
    assert seen["pages"][0]["values"]["Red Systems"] == 2

"""What the Notion stand-in keeps, and the shapes in which it answers in each Notion-Version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]
OLD = "2022-06-28"
"""The version in which a database has no data sources."""

ME = {"object": "user", "id": "0a0a0a0a-0000-4000-8000-00000000000b"}
HOME = {"type": "workspace", "workspace": True}
ARRAYS = ("title", "rich_text", "multi_select", "people", "relation", "files")


@dataclass
class Source:
    """A data source: its columns by name, ``{"type": "select", "options": ["A"]}``."""

    id: str
    database: str
    name: str
    columns: dict[str, Json]


@dataclass
class Page:
    """A page; values by column name, as Notion answers them."""

    id: str
    source: str
    created: datetime
    edited: datetime
    values: Json
    blocks: list[Json] = field(default_factory=list)
    in_trash: bool = False


def minute(moment: datetime) -> str:
    """A timestamp as Notion tells it: whole minutes."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:00.000Z")


def text_answer(items: Sequence[Json]) -> list[Json]:
    """Sent text items as they are answered."""
    return [_item(each) for each in items]


def _item(sent: Json) -> Json:
    content, link = sent["text"]["content"], sent["text"].get("link")
    plain = {"bold": False, "italic": False, "strikethrough": False, "underline": False, "code": False}
    return {
        "type": "text",
        "text": {"content": content, "link": link},
        "annotations": {**plain, "color": "default", **sent.get("annotations", {})},
        "plain_text": content,
        "href": link["url"] if link else None,
    }


def option(name: str, *, described: bool = False) -> Json:
    """A select option; in a schema it has a description too."""
    return {"id": f"opt-{name}", "name": name, "color": "default", **({"description": None} if described else {})}


def empty(column: Json) -> Any:
    """What a column shows in a new page."""
    match column["type"]:
        case kind if kind in ARRAYS:
            return []
        case "checkbox":
            return False
        case "status":
            return option(column["options"][0])
    return None


def column_answer(name: str, column: Json) -> Json:
    """A column in a schema."""
    kind = column["type"]
    detail: Json = {}
    if kind in ("select", "multi_select", "status"):
        detail = {"options": [option(each, described=True) for each in column.get("options", [])]}
    if kind == "status":
        detail["groups"] = []
    if kind == "number":
        detail = {"format": "number"}
    if kind == "formula":
        detail = {"expression": column.get("expression", "1")}
    return {"id": f"p-{name}", "name": name, "type": kind, "description": None, kind: detail}


def page_answer(page: Page, source: Source, version: str) -> Json:
    """A page in one Notion-Version."""
    modern = version >= "2025-09-03"
    parent = {"type": "database_id", "database_id": source.database}
    if modern:
        parent = {"type": "data_source_id", "data_source_id": source.id, "database_id": source.database}
    return {
        "object": "page",
        "id": page.id,
        "created_time": minute(page.created),
        "last_edited_time": minute(page.edited),
        "created_by": ME,
        "last_edited_by": ME,
        "cover": None,
        "icon": None,
        "parent": parent,
        "properties": {name: _value(name, column, page) for name, column in source.columns.items()},
        "url": f"https://www.notion.so/{page.id.replace('-', '')}",
        "public_url": None,
        **_trashed(page.in_trash, version),
        **({"is_archived": False, "is_locked": False} if modern else {}),
    }


def _trashed(in_trash: bool, version: str) -> Json:
    return {"in_trash": in_trash, **({"archived": in_trash} if version < "2026-03-11" else {})}


def _value(name: str, column: Json, page: Page) -> Json:
    kind = column["type"]
    if kind in ("created_time", "last_edited_time"):
        shown: Any = minute(page.created if kind == "created_time" else page.edited)
    elif kind == "formula":
        shown = {"type": "number", "number": 1}
    else:
        shown = page.values.get(name, empty(column))
    return {"id": f"p-{name}", "type": kind, kind: shown}


def database_answer(database: str, sources: Sequence[Source], version: str) -> Json:
    """A database in one Notion-Version: with its columns, or with its data sources."""
    modern = version >= "2025-09-03"
    answer = {**_container(database, sources[0].name, version), "object": "database", "parent": HOME}
    if modern:
        listed = [{"id": each.id, "name": each.name} for each in sources]
        return {**answer, "data_sources": listed, "is_locked": False}
    return {**answer, "properties": _columns(sources[0]), "created_by": ME, "last_edited_by": ME}


def source_answer(source: Source, version: str) -> Json:
    """A data source with its columns."""
    return {
        **_container(source.id, source.name, version),
        "object": "data_source",
        "parent": {"type": "database_id", "database_id": source.database},
        "database_parent": HOME,
        "created_by": ME,
        "last_edited_by": ME,
        "properties": _columns(source),
    }


def _columns(source: Source) -> Json:
    return {name: column_answer(name, column) for name, column in source.columns.items()}


def _container(an_id: str, name: str, version: str) -> Json:
    return {
        "id": an_id,
        "title": text_answer([{"text": {"content": name}}]),
        "description": [],
        "is_inline": False,
        "created_time": "2025-11-01T09:00:00.000Z",
        "last_edited_time": "2025-11-01T09:00:00.000Z",
        "icon": None,
        "cover": None,
        "url": f"https://www.notion.so/{an_id.replace('-', '')}",
        "public_url": None,
        **_trashed(False, version),
    }


def block_answer(page: Page, block: Json, version: str) -> Json:
    """A block of a page; text blocks and code only."""
    kind = block["type"]
    sent = block.get(kind, {})
    content: Json = {"rich_text": text_answer(sent["rich_text"])} if "rich_text" in sent else {}
    match kind:
        case "code":
            content |= {"caption": [], "language": sent.get("language", "html")}
        case "paragraph":
            content |= {"color": "default", "icon": None}
        case "heading_1" | "heading_2" | "heading_3":
            content |= {"color": "default", "is_toggleable": False}
        case "bulleted_list_item" | "numbered_list_item" | "quote":
            content |= {"color": "default"}
    return {
        "object": "block",
        "id": block["id"],
        "parent": {"type": "page_id", "page_id": page.id},
        "type": kind,
        kind: content,
        "created_time": minute(page.created),
        "last_edited_time": minute(page.edited),
        "created_by": ME,
        "last_edited_by": ME,
        "has_children": False,
        **_trashed(False, version),
    }


def plain(kind: str, shown: Any) -> Any:
    """A value as a person reads it."""
    match kind, shown:
        case (("title" | "rich_text"), _):
            return "".join(each["plain_text"] for each in shown)
        case (("select" | "status"), Mapping()):
            return shown["name"]
        case "multi_select", _:
            return [each["name"] for each in shown]
        case "date", Mapping():
            return shown["start"]
    return shown


def typed(kind: str, value: Any) -> Any:
    """What a person typed, as Notion keeps it: the opposite of ``plain``."""
    match kind, value:
        case (("title" | "rich_text"), str()):
            return text_answer([{"text": {"content": value}}] if value else [])
        case (("select" | "status"), str()):
            return option(value)
        case "multi_select", list():
            return [option(each) for each in value]
        case "date", str():
            return {"start": value, "end": None, "time_zone": None}
    return value

"""What Notion accepts as the value of a property, and the limits it sets."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from tests.standins.notion_shapes import Json, Source, option, text_answer

TEXT_UNITS, ITEMS = 2000, 100
SHORT = {"email": 200, "phone_number": 200, "url": 2000}
WRITABLE = frozenset({"title", "rich_text", "number", "checkbox", "select", "status", "multi_select", "date", *SHORT})


class RefusalError(Exception):
    """An error answer; ``wrong`` when the request itself breaks what Notion publishes."""

    def __init__(self, status: int, code: str, message: str, *, wrong: bool = False) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.wrong = status, code, message, wrong


def invalid(message: str, *, wrong: bool = False) -> RefusalError:
    """A validation_error."""
    return RefusalError(400, "validation_error", message, wrong=wrong)


def written(source: Source, properties: Json) -> Json:
    return {name: kept(source, name, sent) for name, sent in properties.items()}


def kept(source: Source, name: str, sent: Any) -> Any:
    column = source.columns.get(name)
    if column is None:
        raise invalid(f"{name} is not a property that exists.")
    kind = column["type"]
    if not isinstance(sent, dict) or kind not in sent:
        raise invalid(f"{name} is expected to be {kind}.")
    if kind not in WRITABLE:
        raise invalid(f"{name} is a {kind} and cannot be written.", wrong=True)
    return checked(name, column, sent[kind])


def checked(name: str, column: Json, sent: Any) -> Any:
    """A sent value as Notion keeps it, after its limits were looked at."""
    kind = column["type"]
    if kind in ("title", "rich_text"):
        return kept_text(name, sent)
    if kind in SHORT and sent is not None and not 0 < units(sent) <= SHORT[kind]:
        raise invalid(f"{name}: {units(sent)} characters; 1 to {SHORT[kind]} are allowed.", wrong=True)
    if kind in ("select", "status") and sent is not None:
        return kept_option(name, column, sent)
    if kind == "multi_select":
        count(name, sent)
        return [kept_option(name, column, each) for each in sent]
    if kind == "date" and sent is not None:
        return kept_date(name, sent)
    return sent


def kept_text(name: str, items: list[Json]) -> list[Json]:
    count(name, items)
    for item in items:
        length = units(item["text"]["content"])
        if length > TEXT_UNITS:
            raise invalid(f"{name}: text of {length} UTF-16 units; at most {TEXT_UNITS}.", wrong=True)
    return text_answer(items)


def count(name: str, items: list[Any]) -> None:
    if len(items) > ITEMS:
        raise invalid(f"{name}: {len(items)} items; at most {ITEMS}.", wrong=True)


def kept_option(name: str, column: Json, sent: Json) -> Json:
    chosen = str(sent["name"])
    if "," in chosen or not 0 < units(chosen) <= 100:
        raise invalid(f"{name}: {chosen!r} is no name of an option.", wrong=True)
    options = column.setdefault("options", [])
    if chosen not in options:
        if column["type"] == "status":
            raise invalid(f"Invalid status option. Status option {chosen!r} does not exist.")
        options.append(chosen)
    return option(chosen)


def kept_date(name: str, sent: Json) -> Json:
    try:
        moment = datetime.fromisoformat(sent["start"])
    except ValueError:
        raise invalid(f"{name}: {sent['start']!r} is not ISO 8601.", wrong=True) from None
    start = sent["start"]
    if "T" in start:
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        start = moment.isoformat(timespec="milliseconds")
    return {"start": start, "end": sent.get("end"), "time_zone": None}


def kept_blocks(children: list[Json]) -> list[Json]:
    count("children", children)
    for block in children:
        kept_text("children", block.get(block.get("type", ""), {}).get("rich_text", []))
    return [{"id": str(uuid4()), **json.loads(json.dumps(block))} for block in children]


def units(text: str) -> int:
    """The length of a text in UTF-16 code units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2

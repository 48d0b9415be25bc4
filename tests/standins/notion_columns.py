"""The databases of the stand-in for Notion: made, and given properties.

The contracts have no schema for these requests: this is their documented shape (reference/create-database,
create-a-database, update-a-data-source, update-a-database).
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from tests.standins.notion_limits import invalid
from tests.standins.notion_seeds import HOME
from tests.standins.notion_shapes import OLD, Json, Source, database_answer, plain, source_answer, text_answer
from tests.standins.wire import Request

MADE = ("rich_text", "email", "number", "checkbox", "select", "multi_select", "date", "phone_number", "url")
TITLED = ("title", *MADE)


class Columns:
    """What is asked of databases. ``Notion`` knows where they are."""

    sources: dict[str, Source]

    def _source(self, an_id: str, version: str) -> Source:
        raise NotImplementedError

    def _sources_of(self, database: str) -> list[Source]:
        raise NotImplementedError

    def _not_found(self, kind: str, an_id: str) -> Exception:
        raise NotImplementedError

    def _create_database(self, request: Request, version: str) -> Json:
        body = request.json()
        parent = body["parent"]
        if parent.get("type") != "page_id" or set(body) - {"parent", "title", "properties", "initial_data_source"}:
            raise invalid("a database has a page as its parent, a title and properties.", wrong=True)
        if parent["page_id"].replace("-", "") != HOME.replace("-", ""):
            raise self._not_found("page", parent["page_id"])
        properties = _initial(body, version)
        name = plain("rich_text", text_answer(body.get("title", [])))
        source = Source(str(uuid4()), str(uuid4()), name, {})
        for column, config in properties.items():
            ((kind, detail),) = config.items()
            source.columns[column] = _column(column, kind, detail, TITLED)
        self.sources[source.id] = source
        return database_answer(source.database, [source], version)

    def _change_database(self, request: Request, version: str, an_id: str) -> Json:
        if version != OLD:
            raise invalid("Properties are those of a data source in this version.", wrong=True)
        (source,) = self._sources_of(an_id)
        self._change_columns(source, request.json())
        return database_answer(source.database, [source], version)

    def _change_data_source(self, request: Request, version: str, an_id: str) -> Json:
        source = self._source(an_id, version)
        self._change_columns(source, request.json())
        return source_answer(source, version)

    def _change_columns(self, source: Source, body: Json) -> None:
        for name, config in body["properties"].items():
            ((kind, detail),) = config.items()
            before = source.columns.get(name)
            if before and before["type"] != kind:
                raise invalid(f"{name} cannot be made a {kind}.", wrong=True)
            column = _column(name, kind, detail, MADE)
            if before and set(before.get("options", [])) - set(column.get("options", [])):
                raise invalid(f"{name} would lose options.", wrong=True)
            source.columns[name] = column


def _initial(body: Json, version: str) -> dict[str, Any]:
    """The properties that a new database is to have: where they stand depends on the version."""
    place = body if version == OLD else body.get("initial_data_source", {})
    properties: dict[str, Any] = place.get("properties", {})
    if version != OLD and "properties" in body:
        raise invalid("properties are those of initial_data_source in this version.", wrong=True)
    if [kind for config in properties.values() for kind in config].count("title") != 1:
        raise invalid("a data source has exactly one title property.", wrong=True)
    return properties


def _column(name: str, kind: str, detail: Json, allowed: tuple[str, ...]) -> Json:
    if kind not in allowed:
        raise invalid(f"{name} cannot be made a {kind}.", wrong=True)
    options = [each["name"] for each in detail.get("options", [])]
    return {"type": kind, **({"options": options} if "options" in detail else {})}

"""A Notion database as we use it: where its pages live, and which properties of which types they have."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec

from engine.adapters.notion.connection import Connection, Json
from engine.adapters.notion.faults import NotionError, refused, unreadable
from engine.adapters.notion.text import plain_text

SCHEMA_SECONDS = 300.0
"""How long a schema is believed: a property that a person adds is seen after this time."""


@dataclass(frozen=True, slots=True)
class Property:
    """A column: its name, its Notion type, and for choices the options there are."""

    name: str
    type: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where pages live: a data source, or (before 2025-09-03) the database itself."""

    id: str
    name: str
    parent: Mapping[str, str]
    query_path: str
    properties: Mapping[str, Property]

    @property
    def title(self) -> Property:
        """The one title property; people name it as they like."""
        return next(p for p in self.properties.values() if p.type == "title")

    def lacks(self, name: str) -> str:
        """What to tell the person whose property is not there."""
        folded = {each.casefold(): each for each in self.properties}
        near = get_close_matches(name.casefold(), folded, n=1)
        meant = f"did you mean {folded[near[0]]!r}? If not, add it" if near else "add it"
        return f"the Notion database {self.name!r} has no property {name!r}; {meant}, or correct the name in the file"

    def holds(self, parent: Mapping[str, Any]) -> bool:
        """Whether a page with this parent is one of ours."""
        ours = {_plain(value) for value in self.parent.values()}
        return any(_plain(str(value)) in ours for value in parent.values())


class _Schema(msgspec.Struct, frozen=True):
    id: str
    properties: dict[str, Json]
    title: list[Json] = []


class _Reference(msgspec.Struct, frozen=True):
    id: str
    name: str = ""


class _Choice(msgspec.Struct, frozen=True):
    name: str


class _Choices(msgspec.Struct, frozen=True):
    options: list[_Choice] = []


class _Container(msgspec.Struct, frozen=True):
    data_sources: list[_Reference]


class Database:
    """A configured database; its schema is read once, and again when it may have changed.

    ``configured`` is the id of a database or of a data source, or its address as copied from the browser;
    ``setting`` is the environment variable that errors name.
    """

    def __init__(self, connection: Connection, configured: str, setting: str) -> None:
        self._connection = connection
        self._id = notion_id(configured)
        self._setting = setting
        self._lock = threading.Lock()
        self._source: Source | None = None
        self._read_at = 0.0

    def source(self) -> Source:
        """Where the pages live; raises NotionError."""
        with self._lock:
            if self._source is None or time.monotonic() - self._read_at > SCHEMA_SECONDS:
                self._source = self._discover()
                self._read_at = time.monotonic()
            return self._source

    def forget(self) -> None:
        """Read the schema again next time: Notion has found something invalid."""
        with self._lock:
            self._source = None

    def _discover(self) -> Source:
        try:
            return self._data_source() if self._connection.has_data_sources else self._whole()
        except NotionError as fault:
            if fault.gone or fault.invalid:
                raise refused(f"{self._setting} names no database that can be read. {fault.outcome.reason}") from None
            raise

    def _whole(self) -> Source:
        schema = _convert(self._connection.get(f"databases/{self._id}"), _Schema)
        parent = {"type": "database_id", "database_id": schema.id}
        return _source(schema, parent, f"databases/{schema.id}/query")

    def _data_source(self) -> Source:
        schema = _convert(self._connection.get(f"data_sources/{self._data_source_id()}"), _Schema)
        parent = {"type": "data_source_id", "data_source_id": schema.id}
        return _source(schema, parent, f"data_sources/{schema.id}/query")

    def _data_source_id(self) -> str:
        """The configured id itself when it is no database's, else that of the database's only data source."""
        try:
            answer = self._connection.get(f"databases/{self._id}")
        except NotionError as fault:
            if fault.gone or fault.invalid:
                return self._id
            raise
        found: list[_Reference] = _convert(answer, _Container).data_sources
        if len(found) == 1:
            return found[0].id
        raise refused(self._which(found))

    def _which(self, found: Sequence[_Reference]) -> str:
        if not found:
            return f"the Notion database in {self._setting} has no data source: restore it, or name another database"
        listed = ", ".join(f"{each.name or 'without a name'} ({each.id})" for each in found)
        return (
            f"the Notion database in {self._setting} has {len(found)} data sources: {listed}; put the id of one there"
        )


def notion_id(configured: str) -> str:
    """The id in what a person has copied: an id with or without hyphens, or the address of the database."""
    path = urlsplit(configured.strip()).path
    found = re.findall(r"[0-9a-f]{32}", path.replace("-", "").lower())
    return str(found[-1]) if found else quote(configured.strip(), safe="")


def _convert(answer: Json, shape: type[Any]) -> Any:
    try:
        return msgspec.convert(answer, shape)
    except msgspec.ValidationError as error:
        raise unreadable(str(error), writes=False) from None


def _source(schema: _Schema, parent: Mapping[str, str], query_path: str) -> Source:
    properties = {name: _property(name, config) for name, config in schema.properties.items()}
    if not any(each.type == "title" for each in properties.values()):
        raise unreadable("the database has no title property", writes=False)
    name = plain_text(schema.title)
    return Source(id=schema.id, name=name, parent=parent, query_path=query_path, properties=properties)


def _property(name: str, config: Json) -> Property:
    kind = str(config.get("type", ""))
    detail = config.get(kind)
    choices: _Choices = _convert(detail, _Choices) if isinstance(detail, dict) else _Choices()
    return Property(name, kind, tuple(each.name for each in choices.options))


def _plain(an_id: str) -> str:
    return an_id.replace("-", "").lower()

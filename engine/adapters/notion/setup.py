"""What a Notion database lacks for a file, and how it gets it: properties and options, never a change of what is there.

A database is made by ``POST /v1/databases`` under a page, with its properties in ``initial_data_source`` (since
2025-09-03; developers.notion.com/reference/create-database) or by themselves (before; reference/create-a-database).

A property is made by ``PATCH /v1/data_sources/{id}`` (since 2025-09-03) or ``PATCH /v1/databases/{id}`` (before), with
``properties: {NAME: {TYPE: {…}}}`` (developers.notion.com/reference/update-a-data-source, update-a-database).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from engine.adapters.notion.connection import Connection
from engine.adapters.notion.database import Database, Property, Source, notion_id
from engine.adapters.notion.faults import NotionError
from engine.model import FieldType, Refused, Retry

TEXTS = ("rich_text", "title")
CHOICES = ("select", "multi_select", "status")
FITTING: dict[FieldType, tuple[str, ...]] = {
    FieldType.TEXT: (*TEXTS, "select", "email", "phone_number", "url"),
    FieldType.EMAIL: ("email", *TEXTS),
    FieldType.NUMBER: ("number", *TEXTS),
    FieldType.WHOLE: ("number", *TEXTS),
    FieldType.CHECKBOX: ("checkbox",),
    FieldType.CHOICE: ("select", "status", *TEXTS),
    FieldType.SEGMENT: ("select", "status", *TEXTS),
    FieldType.DATE: ("date",),
    FieldType.DATETIME: ("date",),
    FieldType.PHONE: ("phone_number", *TEXTS),
    FieldType.LINK: ("url", *TEXTS),
    FieldType.LIST: ("multi_select", *TEXTS),
    FieldType.TIMEZONE: (*TEXTS, "select"),
}
"""The types of property that can show a field, the one that is made first."""
SHOWN = {
    "rich_text": "text",
    "title": "title",
    "email": "email",
    "number": "number",
    "checkbox": "checkbox",
    "select": "select",
    "multi_select": "multi-select",
    "status": "status",
    "date": "date",
    "phone_number": "phone",
    "url": "URL",
}
"""What people read in Notion."""
NEAR = 0.85


@dataclass(frozen=True, slots=True)
class Wanted:
    """A property that a file needs: any of these types will do. ``options`` are those that it must know."""

    name: str
    types: tuple[str, ...]
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lack:
    """What is missing, in a sentence; ``change`` is what mends it, None where only a person can."""

    told: str
    name: str
    change: dict[str, Any] | None = None


def make_database(connection: Connection, parent: str, title: str, wanted: Sequence[Wanted]) -> str | Retry | Refused:
    """A new database with all of these under a page; its id. One of ``wanted`` is of the type title.

    ``parent`` is the id of the page, or its address as copied from the browser.
    """
    properties = {one.name: _config(one) for one in wanted}
    schema = {"initial_data_source": {"properties": properties}} if connection.has_data_sources else {}
    body = {
        "parent": {"type": "page_id", "page_id": notion_id(parent)},
        "title": [{"type": "text", "text": {"content": title}}],
        **(schema or {"properties": properties}),
    }
    try:
        return str(connection.make("databases", body)["id"])
    except NotionError as fault:
        return fault.outcome
    except KeyError:
        return Refused(reason="the answer names no database; look at the page whether it is there")


class Setup:
    """One database, for whoever sets it up. ``setting`` is the variable that names it."""

    def __init__(self, connection: Connection, database_id: str, setting: str) -> None:
        self._connection = connection
        self._database = Database(connection, database_id, setting)

    def lacks(self, wanted: Sequence[Wanted]) -> Sequence[Lack] | Retry | Refused:
        """What the live database lacks; nothing when all is there."""
        self._database.forget()
        try:
            source = self._database.source()
        except NotionError as fault:
            return fault.outcome
        return list(_lacks(source, wanted))

    def mend(self, lacks: Sequence[Lack]) -> Retry | Refused | None:
        """Make what can be made, in one request."""
        properties = {lack.name: lack.change for lack in lacks if lack.change is not None}
        try:
            path = self._database.source().query_path.removesuffix("/query")
            self._connection.change(path, {"properties": properties})
        except NotionError as fault:
            return fault.outcome
        return None


def _lacks(source: Source, wanted: Sequence[Wanted]) -> Iterator[Lack]:
    free = [name for name in source.properties if name not in {one.name for one in wanted}]
    for one in wanted:
        column = source.properties.get(one.name)
        if column is None:
            yield _missing(one, free)
        elif column.type not in one.types:
            there, made = SHOWN.get(column.type, column.type), SHOWN[one.types[0]]
            yield Lack(f"{one.name} is of the type {there}: change it to {made} in Notion", one.name)
        elif column.type in CHOICES and (more := [name for name in one.options if name not in column.options]):
            yield _options(column, more)


def _missing(one: Wanted, free: Sequence[str]) -> Lack:
    kind = one.types[0]
    if near := get_close_matches(one.name.casefold(), [name.casefold() for name in free], 1, NEAR):
        there = next(name for name in free if name.casefold() == near[0])
        return Lack(f"{one.name} is missing, but there is {there}: rename it, or correct the file", one.name)
    known = f", with {', '.join(one.options)}" if one.options else ""
    told = f"{one.name} is missing: {SHOWN[kind]}{known}"
    return Lack(told, one.name, _config(one))


def _config(one: Wanted) -> dict[str, Any]:
    """The property as it is made."""
    kind = one.types[0]
    return {kind: {"options": [{"name": name} for name in one.options]} if kind in CHOICES else {}}


def _options(column: Property, more: Sequence[str]) -> Lack:
    named = ", ".join(more)
    if column.type == "status":
        return Lack(f"{column.name} does not know {named}: add it in Notion, which lets nobody else", column.name)
    every = [{"name": name} for name in (*column.options, *more)]  # what is left out would be deleted
    return Lack(f"{column.name} does not know {named}", column.name, {column.type: {"options": every}})

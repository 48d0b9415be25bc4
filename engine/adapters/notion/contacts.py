"""The contacts in a Notion database: our view of each person, and what people change there.

A page is looked for before it is created, by its email. A creation whose outcome is not known is not
repeated: the next try looks again. Everything is written by the type that a property has in the live
database; what cannot be written is left out and told in ``missing``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from engine.adapters.notion.connection import Connection, Json, Page
from engine.adapters.notion.database import Database, Property, Source
from engine.adapters.notion.faults import NotionError, refused
from engine.adapters.notion.text import storable
from engine.adapters.notion.values import UnfitError, as_property, as_value
from engine.model import Field, FieldType, Refused, Retry, Value, Values
from engine.ports import Mirrored, PageState, PageUpdate

EMAIL = "email"
"""The contact field that a contact is found by."""

SEEN_AFTER = 5.0
"""Seconds after an uncertain creation before looking again: a new page is not in a query at once."""

FINDABLE = ("email", "title", "rich_text", "url", "phone_number", "select")
"""Property types that can hold an email and be asked for it."""

OLDEST_FIRST = {"timestamp": "created_time", "direction": "ascending"}
EDITED_FIRST = {"timestamp": "last_edited_time", "direction": "ascending"}


class NotionMirror:
    """A ``Mirror``: the contacts of the ledger as pages of a Notion database.

    ``fields`` are the file's contact fields by name; those with ``notion`` are shown. ``missing`` says
    for a property of the file why it is not shown, in a sentence for the person who can put it right.
    """

    name = "notion"

    def __init__(self, connection: Connection, database_id: str, fields: Mapping[str, Field]) -> None:
        self._connection = connection
        self._database = Database(connection, database_id, "NOTION_CONTACTS_DB_ID")
        self._fields = {name: field for name, field in fields.items() if field.notion}
        self.missing: dict[str, str] = {}

    def write(self, update: PageUpdate) -> Mirrored | Retry | Refused:
        """Create or update the page of one contact."""
        try:
            return Mirrored(page_id=self._write(update))
        except NotionError as fault:
            return fault.outcome

    def forget(self, email: str, page_id: str | None) -> int | Retry | Refused:
        """Put this page, and every other one of the address, into Notion's trash; how many were not there yet."""
        try:
            source = self._database.source()
            known = [page_id] if page_id and self._is_ours(source, page_id) else []
            ids = dict.fromkeys([*known, *(page.id for page in self._pages(source, email))])
            for one in ids:
                self._connection.trash(one)
        except NotionError as fault:
            return fault.outcome
        return len(ids)

    def changes(self, since: datetime | None) -> Sequence[PageState] | Retry:
        """The pages that changed at or after ``since`` (None: all), oldest first.

        Notion keeps whole minutes, so a page may be told again. A page without an email is nobody's yet.
        """
        try:
            return list(self._changes(since))
        except NotionError as fault:
            outcome = fault.outcome
            return outcome if isinstance(outcome, Retry) else Retry(reason=outcome.reason)

    def shown(self, values: Values) -> Values:
        """What the page will say after these values were written, as ``changes`` reads it; raises nothing.

        Some types say less than the value: an unknown checkbox is read as false, a choice has no comma. Compare what
        ``changes`` tells with this, or the difference looks like a person's edit. Unwritable values are left out.
        """
        try:
            source = self._database.source()
        except NotionError:
            return dict(values)
        return dict(self._read_back(source, values))

    def check(self, progress: Sequence[str] = ()) -> Sequence[str] | Retry | Refused:
        """What is wrong with the live database for these fields and these progress properties: a sentence each."""
        self._database.forget()
        try:
            source = self._database.source()
            self._key(source)
        except NotionError as fault:
            return fault.outcome
        names = [*sorted(self._mapped()), *progress]
        return [problem for name in names if (problem := _problem(source, name))]

    # -- Writing ------------------------------------------------------------------------------

    def _write(self, update: PageUpdate) -> str:
        try:
            return self._put(update)
        except NotionError as fault:
            if not fault.invalid:
                raise
        self._database.forget()
        return self._put(update)

    def _put(self, update: PageUpdate) -> str:
        source = self._database.source()
        properties = self._properties(source, update)
        if update.page_id and self._updated(source, update.page_id, properties):
            return update.page_id
        found = self._find(source, update.email)
        if found:
            return self._connection.update(found.id, properties).id
        return self._create(source, update, properties)

    def _updated(self, source: Source, page_id: str, properties: Json) -> bool:
        """Whether the page is there and was updated; False: a person has deleted it or moved it away."""
        try:
            return not self._connection.update(page_id, properties).away
        except NotionError as fault:
            if fault.gone or (fault.invalid and not self._is_ours(source, page_id)):
                return False
            raise

    def _is_ours(self, source: Source, page_id: str) -> bool:
        try:
            page = self._connection.page(page_id)
        except NotionError as fault:
            if fault.gone or fault.invalid:
                return False
            raise
        return not page.away and source.holds(page.parent)

    def _find(self, source: Source, email: str) -> Page | None:
        """The page of this email; of several, the oldest."""
        return next(self._pages(source, email), None)

    def _pages(self, source: Source, email: str) -> Iterator[Page]:
        column = self._key(source)
        where = {"property": column.name, column.type: {"equals": storable(email)}}
        pages = self._connection.query(source.query_path, where, [OLDEST_FIRST])
        yield from (page for page in pages if not page.away and _shows(page, column, email))

    def _create(self, source: Source, update: PageUpdate, properties: Json) -> str:
        title = source.title
        if title.name not in self._mapped():
            properties = {**properties, title.name: as_property(title, update.email)}
        try:
            return self._connection.create(dict(source.parent), properties).id
        except NotionError as fault:
            if isinstance(fault.outcome, Retry) and fault.outcome.uncertain:
                raise NotionError(fault.outcome.evolve(after=SEEN_AFTER), fault.status) from None
            raise

    def _key(self, source: Source) -> Property:
        """The property that a contact is found by: the email's, or the title that nobody else uses."""
        field = self._fields.get(EMAIL)
        column = source.properties.get(field.notion or "") if field else None
        if column is None and source.title.name not in self._mapped():
            column = source.title
        if column is None or column.type not in FINDABLE:
            wanted = field.notion if field else "Email"
            raise refused(
                f"contacts cannot be found in Notion: the database has no property {wanted!r} of the type email. "
                f"Add it, or name another with  email: {{type: email, notion: ...}}"
            )
        return column

    def _mapped(self) -> set[str]:
        return {field.notion for field in self._fields.values() if field.notion}

    def _properties(self, source: Source, update: PageUpdate) -> Json:
        properties: Json = {}
        for name, value in self._by_property(update):
            sent = self._property(source, name, value)
            if sent is not None:
                properties[name] = sent
        return properties

    def _by_property(self, update: PageUpdate) -> Iterator[tuple[str, Value]]:
        """Property names and values: the fields that the file maps, then the progress."""
        values = {EMAIL: update.email, **update.values}
        for name, field in self._fields.items():
            if field.notion and name in values:
                yield field.notion, values[name]
        yield from update.progress.items()

    def _property(self, source: Source, name: str, value: Value) -> Json | None:
        """What to send for one property; None when it cannot be shown, which is told once in ``missing``."""
        column = source.properties.get(name)
        if column is None:
            self.missing[name] = (
                f"the Notion database has no property {name!r}: add it, or correct its name in the file"
            )
            return None
        try:
            sent = as_property(column, value)
        except UnfitError as error:
            self.missing[name] = f"{name!r} cannot be shown in Notion: {error}"
            return None
        self.missing.pop(name, None)
        return sent

    def _read_back(self, source: Source, values: Values) -> Iterator[tuple[str, Value]]:
        for name, field in self._fields.items():
            column = source.properties.get(field.notion or "")
            if column is None or name not in values:
                continue
            try:
                yield name, as_value(field.type, as_property(column, values[name]))
            except UnfitError:
                continue

    # -- Reading ------------------------------------------------------------------------------

    def _changes(self, since: datetime | None) -> Iterator[PageState]:
        source = self._database.source()
        key = self._key(source)
        for page in self._connection.query(source.query_path, _edited(since), [EDITED_FIRST]):
            email = _email(page, key)
            if email and not page.away:
                yield self._state(page, email)

    def _state(self, page: Page, email: str) -> PageState:
        return PageState(
            page_id=page.id,
            email=email,
            values=dict(self._values(page)),
            edited_at=page.last_edited_time.astimezone(UTC),
        )

    def _values(self, page: Page) -> Iterator[tuple[str, Value]]:
        """The fields that the page shows; what the field cannot hold is left out and told."""
        for name, field in self._fields.items():
            shown: Mapping[str, Any] | None = page.properties.get(field.notion or "")
            if shown is None:
                continue
            try:
                yield name, as_value(field.type, shown)
            except UnfitError as error:
                self.missing[str(field.notion)] = f"{field.notion!r} of a page cannot be read: {error}"


def _problem(source: Source, name: str) -> str:
    """Why a property cannot be written; empty when it can."""
    column = source.properties.get(name)
    if column is None:
        return source.lacks(name)
    try:
        as_property(column, None)
    except UnfitError as error:
        return f"{name!r} cannot be shown in Notion: {error}"
    return ""


def _shows(page: Page, column: Property, email: str) -> bool:
    """Whether it is this email's page indeed: the wrong person's page must never be written on."""
    return _email(page, column).casefold() == email.strip().casefold()


def _email(page: Page, column: Property) -> str:
    """The email that a page shows; empty when it shows none."""
    try:
        return str(as_value(FieldType.EMAIL, page.properties.get(column.name, {})) or "").strip()
    except UnfitError:
        return ""


def _edited(since: datetime | None) -> Json | None:
    """A filter for the pages edited at or after a moment; Notion compares whole minutes."""
    if since is None:
        return None
    minute = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:00Z")
    return {"timestamp": "last_edited_time", "last_edited_time": {"on_or_after": minute}}

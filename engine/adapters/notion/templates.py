"""The texts of emails in a Notion database, where the person who owns the words edits them.

The whole database is read at most once a minute and kept; while Notion is away the last copy is used. With a
``TemplateStore`` it is one copy for all processes, and outlives them: who starts anew need not wait for Notion.
What Notion has never had comes from the fallback (files).
A template that Notion has but that is switched off or empty is not there, and ``why`` says so: switching
off in Notion must not bring an old file back.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from engine.adapters.notion import blocks
from engine.adapters.notion.connection import Connection, Json, Page
from engine.adapters.notion.database import Database, Source
from engine.adapters.notion.faults import NotionError, refused
from engine.adapters.notion.text import storable
from engine.adapters.notion.values import UnfitError, as_property, as_value
from engine.errors import LedgerError
from engine.model import FieldType, Refused, Retry, TemplateText, Value
from engine.ports import Clock, Mirrored, Templates

SUBJECT = "Subject"
BODY = "HTML Body"
ACTIVE = "Active"
PREHEADER = "Preheader"
LAST_MODIFIED = "Last Modified"
NEEDED = (SUBJECT, BODY)

FRESH = timedelta(seconds=60)
"""How old a copy may be before Notion is asked again."""

OF_LATE = timedelta(minutes=10)
"""A copy from before the start that is no older is used for a moment: a restart does not wait for Notion."""

STARTING = timedelta(seconds=5)
"""That moment."""

SETTLED = timedelta(minutes=2)
"""An edit this much older than our reading cannot hide behind Notion's whole-minute times."""

NEWEST_FIRST = {"timestamp": "last_edited_time", "direction": "descending"}


@dataclass(frozen=True, slots=True)
class KeptCopy:
    """The templates as they were when Notion was last read, by whichever process."""

    templates: Sequence[TemplateText]
    read_at: datetime


class TemplateStore(Protocol):
    """Keeps the last copy of the templates, for all processes and across restarts."""

    def load(self) -> KeptCopy | None:
        """What was saved last; None when nothing was."""
        ...

    def save(self, templates: Sequence[TemplateText], read_at: datetime) -> None:
        """Keep these instead of what was kept before, unless that was read later. ``read_at``: when it began."""
        ...


def _by_name(kept: KeptCopy) -> Mapping[str, TemplateText]:
    return {each.name: each for each in kept.templates}


@dataclass(frozen=True, slots=True, kw_only=True)
class _PageBody:
    """The text on a page, as of an edit, and when we read it."""

    edited_at: datetime
    read_at: datetime
    text: str
    left_out: Sequence[str]

    def is_of(self, page: Page) -> bool:
        """Whether the page was certainly not edited since."""
        return self.edited_at == page.last_edited_time and self.read_at - self.edited_at > SETTLED


class NotionTemplates:
    """``Templates`` from a Notion database. Safe to use from several threads.

    ``fallback`` is asked for names that Notion does not have. ``trouble`` is why the last reading failed (empty
    when it did not), ``notes`` what a person should look at: one sentence each.
    """

    def __init__(
        self,
        connection: Connection,
        database_id: str,
        fallback: Templates | None,
        *,
        clock: Clock,
        store: TemplateStore | None = None,
    ) -> None:
        self._connection = connection
        self._database = Database(connection, database_id, "NOTION_TEMPLATES_DB_ID")
        self._fallback = fallback
        self._clock = clock
        self._store = store
        self._reading = threading.Lock()
        self._copy: Mapping[str, TemplateText] | None = None
        self._asked_at: datetime | None = None
        self._bodies: dict[str, _PageBody] = {}
        self._edition = 0
        self.trouble = ""
        self.notes: tuple[str, ...] = ()

    def find(self, name: str) -> TemplateText | None:
        """The template of that name; None when there is none, or it is switched off or empty (see ``why``)."""
        found = self._current().get(name)
        if found is None:
            return self._fallback.find(name) if self._fallback else None
        return found if found.active and found.body.strip() else None

    def names(self) -> Sequence[str]:
        """Every template that ``find`` finds, sorted."""
        current = self._current()
        usable = {name for name, found in current.items() if found.active and found.body.strip()}
        others = set(self._fallback.names()) if self._fallback else set()
        return sorted(usable | (others - set(current)))

    def everything(self) -> Mapping[str, TemplateText]:
        """Every template as Notion has it, switched off and empty ones too; see ``trouble``."""
        return self._current()

    def has_preheaders(self) -> bool:
        """Whether the database has a property for what mail programs show beside the subject."""
        try:
            return PREHEADER in self._database.source().properties
        except NotionError:
            return False

    def edition(self) -> object:
        """Something else after a reading brought other templates, or a file changed."""
        return self._edition, self._fallback.edition() if self._fallback else None

    def why(self, name: str) -> str:
        """Why ``find`` does not find it, for the person who can put it right; empty when it does."""
        if self.find(name):
            return ""
        found = self._current().get(name)
        if found is None:
            away = f" (and Notion could not be read: {self.trouble})" if self.trouble else ""
            return f"there is no template {name!r} in Notion or in the files{away}"
        if not found.active:
            return f"the template {name!r} is switched off in Notion: tick its box {ACTIVE!r}"
        return f"the template {name!r} is empty in Notion: write its text into {BODY!r} or on its page"

    def push(self, template: TemplateText) -> Mirrored | Retry | Refused:
        """Write a template to its page in Notion; the page is made when there is none."""
        try:
            page_id = self._push(template)
        except NotionError as fault:
            if fault.invalid:
                self._database.forget()
            return fault.outcome
        self._asked_at = None
        return Mirrored(page_id=page_id)

    # -- The copy -----------------------------------------------------------------------------

    def _current(self) -> Mapping[str, TemplateText]:
        """The copy, read anew when it is old. While one thread reads, the others use what there is."""
        if self._is_fresh():
            return self._copy or {}
        if self._reading.acquire(blocking=self._copy is None):
            try:
                if not self._is_fresh():
                    self._refresh()
            finally:
                self._reading.release()
        return self._copy or {}

    def _is_fresh(self) -> bool:
        return self._asked_at is not None and self._clock.now() - self._asked_at < FRESH

    def _refresh(self) -> None:
        now = self._clock.now()
        kept = self._kept() if self._copy is None or self._asked_at is not None else None
        if kept is not None:
            age = now - kept.read_at
            recent = timedelta() <= age < FRESH
            if recent or (self._copy is None and timedelta() <= age < OF_LATE):
                self._take(_by_name(kept))
                self._asked_at = kept.read_at if recent else now - FRESH + STARTING
                return
        try:
            copy = self._read()
        except NotionError as fault:
            self.trouble = fault.outcome.reason
            if fault.invalid:
                self._database.forget()
            if self._copy is None and kept is not None:
                self._take(_by_name(kept))
        else:
            self._take(copy)
            self.trouble = ""
            self._save(list(copy.values()), now)
        self._asked_at = self._clock.now()

    def _take(self, copy: Mapping[str, TemplateText]) -> None:
        self._edition += copy != self._copy
        self._copy = copy

    def _kept(self) -> KeptCopy | None:
        """What was read before, here or elsewhere; None when there is nothing, or the ledger cannot tell just now."""
        try:
            return self._store.load() if self._store else None
        except LedgerError:
            return None

    def _save(self, templates: Sequence[TemplateText], read_at: datetime) -> None:
        """Keep the copy for others and for the next start. A ledger that is busy now is no reason not to send."""
        if self._store:
            with suppress(LedgerError):
                self._store.save(templates, read_at)

    # -- Reading ------------------------------------------------------------------------------

    def _read(self) -> Mapping[str, TemplateText]:
        source = self._database.source()
        copy: dict[str, TemplateText] = {}
        notes: list[str] = [f"the Notion database of templates has no property {name!r}" for name in _lacking(source)]
        for page in self._connection.query(source.query_path, None, [NEWEST_FIRST]):
            template = self._template(source, page, notes)
            _add(copy, template, notes)
        self.notes = tuple(notes)
        return copy

    def _template(self, source: Source, page: Page, notes: list[str]) -> TemplateText:
        name = _text(page, source.title.name).strip()
        body = _text(page, BODY)
        if name and not body.strip():
            body = self._page_body(page, name, notes)
        return TemplateText(
            name=name,
            subject=_text(page, SUBJECT).strip(),
            body=body,
            format="html" if body.lstrip().startswith("<") else "markdown",
            preheader=_text(page, PREHEADER).strip(),
            origin=page.url,
            active=_active(page),
        )

    def _page_body(self, page: Page, name: str, notes: list[str]) -> str:
        """The text on the page itself, read again only when the page was edited since."""
        known = self._bodies.get(page.id)
        if known is None or not known.is_of(page):
            now = self._clock.now()
            known = _body(page, list(self._connection.children(page.id)), now)
            self._bodies[page.id] = known
        if known.left_out:
            left_out = ", ".join(known.left_out)
            notes.append(f"the page of the template {name!r} has parts that no email shows: {left_out}")
        return known.text

    # -- Writing ------------------------------------------------------------------------------

    def _push(self, template: TemplateText) -> str:
        source = self._database.source()
        lacking = _lacking(source)
        if lacking:
            raise refused(f"the Notion database of templates has no property {lacking[0]!r}: add it as a text property")
        properties = _properties(source, template, self._clock.now())
        where = {"property": source.title.name, "title": {"equals": storable(template.name)}}
        pages = self._connection.query(source.query_path, where, [NEWEST_FIRST])
        page = next((page for page in pages if not page.away), None)
        if page:
            return self._connection.update(page.id, properties).id
        return self._connection.create(dict(source.parent), properties).id


def _body(page: Page, found: Sequence[Json], now: datetime) -> _PageBody:
    try:
        text, left_out = blocks.body(found), blocks.unread(found)
    except (KeyError, TypeError, AttributeError):
        text, left_out = "", ["blocks that make no sense"]
    return _PageBody(edited_at=page.last_edited_time, read_at=now, text=text, left_out=left_out)


def _lacking(source: Source) -> list[str]:
    return [name for name in NEEDED if name not in source.properties]


def _add(copy: dict[str, TemplateText], template: TemplateText, notes: list[str]) -> None:
    """Keep a template; of two with one name the active one, and of two active ones the newer."""
    name = template.name
    if not name:
        return
    if name in copy:
        notes.append(f"Notion has two templates {name!r}; the active one that was edited last is used")
        if copy[name].active or not template.active:
            return
    copy[name] = template


def _text(page: Page, name: str) -> str:
    return str(_value(page, name, FieldType.TEXT) or "")


def _active(page: Page) -> bool:
    return ACTIVE not in page.properties or bool(_value(page, ACTIVE, FieldType.CHECKBOX))


def _value(page: Page, name: str, kind: FieldType) -> Value:
    shown: Mapping[str, Any] | None = page.properties.get(name)
    try:
        return as_value(kind, shown) if shown else None
    except UnfitError:
        return None


def _properties(source: Source, template: TemplateText, now: datetime) -> Json:
    """What to send; a property that the database does not have, or fills in itself, is left out."""
    return dict(_sent(source, template, now))


def _sent(source: Source, template: TemplateText, now: datetime) -> Iterator[tuple[str, Json]]:
    values: dict[str, Value] = {
        source.title.name: template.name,
        SUBJECT: template.subject,
        BODY: template.body,
        ACTIVE: template.active,
        PREHEADER: template.preheader,
        LAST_MODIFIED: now.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    for name, value in values.items():
        column = source.properties.get(name)
        if column is None:
            continue
        try:
            yield name, as_property(column, value)
        except UnfitError as error:
            if name != LAST_MODIFIED:
                raise refused(f"{name!r} of the template {template.name!r} does not fit into Notion: {error}") from None

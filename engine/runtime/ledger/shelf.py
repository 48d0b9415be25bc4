"""The small tables: pages of the mirror, cached templates, signs of life, and notes by name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from engine.model import TemplateText
from engine.runtime.ledger.encoding import instant, json_object, json_text, millis
from engine.runtime.ledger.records import CachedTemplate, MirrorRecord, Worker
from engine.runtime.ledger.session import Lookup, Row, Session, Statement

_PUT_PAGE = Statement("""
    INSERT INTO mirror (contact_id, page_id, shown, seen_at) VALUES (:contact_id, :page_id, :shown, :seen_at)
    ON CONFLICT (contact_id) DO UPDATE SET page_id = excluded.page_id, shown = excluded.shown,
        seen_at = excluded.seen_at
""")
_PAGES = Lookup("SELECT contact_id, page_id, shown, seen_at FROM mirror WHERE contact_id IN :keys")
_PAGES_BY_ID = Lookup("SELECT contact_id, page_id, shown, seen_at FROM mirror WHERE page_id IN :keys")
_PUT_TEMPLATE = Statement("""
    INSERT INTO templates (name, body, fetched_at) VALUES (:name, :body, :now)
    ON CONFLICT (name) DO UPDATE SET body = excluded.body, fetched_at = excluded.fetched_at
""")
_TEMPLATES = Statement("SELECT body, fetched_at FROM templates ORDER BY name")
_DROP_TEMPLATE = Statement("DELETE FROM templates WHERE name = :name")
_HIRE = Statement("""
    INSERT INTO workers (id, kind, started_at, seen_at) VALUES (:id, :kind, :now, :now)
    ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, started_at = excluded.started_at, seen_at = excluded.seen_at
    RETURNING number
""")
_BEAT = Statement("UPDATE workers SET seen_at = :now WHERE number = :number")
_SEEN = Statement("""
    SELECT number, id, kind, started_at, seen_at FROM workers WHERE seen_at >= :since ORDER BY seen_at DESC, id
""")
_WORKERS = Statement("SELECT number, id, kind, started_at, seen_at FROM workers ORDER BY number")
_DISMISS = Statement("DELETE FROM workers WHERE number = :number")
_NOTE = Statement("SELECT value FROM notes WHERE name = :name")
_PUT_NOTE = Statement("""
    INSERT INTO notes (name, value) VALUES (:name, :value) ON CONFLICT (name) DO UPDATE SET value = excluded.value
""")
_KEEP_NOTE = Statement("INSERT INTO notes (name, value) VALUES (:name, :value) ON CONFLICT (name) DO NOTHING")
_DROP_NOTE = Statement("DELETE FROM notes WHERE name = :name")
_read_template = msgspec.json.Decoder(TemplateText).decode


def _page(row: Row) -> MirrorRecord:
    return MirrorRecord(contact_id=row[0], page_id=row[1], shown=json_object(row[2]), seen_at=instant(row[3]))


def _worker(row: Row) -> Worker:
    return Worker(row[0], row[1], row[2], instant(row[3]), instant(row[4]))


class Shelf(Session):
    """Statements about the small tables."""

    def put_mirrored(self, pages: Sequence[MirrorRecord]) -> None:
        """Remember pages and what they show, over what was known of them."""
        self._many(
            _PUT_PAGE,
            [
                {
                    "contact_id": page.contact_id,
                    "page_id": page.page_id,
                    "shown": json_text(page.shown),
                    "seen_at": millis(page.seen_at),
                }
                for page in pages
            ],
        )

    def mirrored(self, contact_ids: Iterable[str]) -> dict[str, MirrorRecord]:
        """Pages by contact id."""
        return {row[0]: _page(row) for row in self._lookup(_PAGES, list(set(contact_ids)))}

    def mirrored_pages(self, page_ids: Iterable[str]) -> dict[str, MirrorRecord]:
        """Pages by page id."""
        return {row[1]: _page(row) for row in self._lookup(_PAGES_BY_ID, list(set(page_ids)))}

    def put_templates(self, templates: Sequence[TemplateText], now: datetime) -> None:
        """Keep templates as they are now."""
        at = millis(now)
        rows = [{"name": t.name, "body": msgspec.json.encode(t).decode(), "now": at} for t in templates]
        self._many(_PUT_TEMPLATE, rows)

    def templates(self) -> dict[str, CachedTemplate]:
        """Every kept template by name."""
        cached = [CachedTemplate(_read_template(row[0]), instant(row[1])) for row in self._all(_TEMPLATES)]
        return {one.template.name: one for one in cached}

    def drop_templates(self, names: Iterable[str]) -> None:
        """Forget templates that are no more."""
        self._many(_DROP_TEMPLATE, [{"name": name} for name in names])

    def hire(self, worker_id: str, kind: str, now: datetime) -> int:
        """A process begins to work: the number that its leases carry."""
        return int(self._all(_HIRE, id=worker_id, kind=kind, now=millis(now))[0][0])

    def beat(self, number: int, now: datetime) -> bool:
        """A sign of life of a process; whether it is still known."""
        return self._do(_BEAT, number=number, now=millis(now)) > 0

    def dismiss(self, numbers: Iterable[int]) -> None:
        """Processes that are no more."""
        self._many(_DISMISS, [{"number": number} for number in numbers])

    def workers(self) -> list[Worker]:
        """Processes that were hired and not dismissed since."""
        return [_worker(row) for row in self._all(_WORKERS)]

    def workers_seen_since(self, since: datetime) -> list[Worker]:
        """Processes with a sign of life at or after a moment, the latest first."""
        return [_worker(row) for row in self._all(_SEEN, since=millis(since))]

    def note(self, name: str) -> str | None:
        """The value kept under a name."""
        row = self._first(_NOTE, name=name)
        return row[0] if row else None

    def first_note(self, name: str, value: str) -> str:
        """The value kept under a name, which is this one if there was none: whoever comes first decides for all."""
        self._do(_KEEP_NOTE, name=name, value=value)
        return str(self._all(_NOTE, name=name)[0][0])

    def put_note(self, name: str, value: str | None) -> None:
        """Keep a value under a name; None forgets it."""
        if value is None:
            self._do(_DROP_NOTE, name=name)
        else:
            self._do(_PUT_NOTE, name=name, value=value)

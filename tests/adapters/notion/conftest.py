"""A Notion on loopback and a connection to it, in virtual time: nothing here sleeps."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from engine.adapters.notion import BEGIN, Connection, NotionMirror, NotionTemplates, TemplateStore
from engine.model import Field, FieldType
from engine.ports import Templates
from engine.runtime.paces import MemoryStore, SharedPace
from tests.standins.notion import Notion
from tests.standins.notion_seeds import CONTACTS, TEMPLATES
from tests.standins.server import StandIn

TOKEN = "ntn_a-token-for-the-stand-in"

FIELDS = {
    name: Field(name=name, type=kind, notion=notion)
    for name, kind, notion in (
        ("email", FieldType.EMAIL, "Email"),
        ("name", FieldType.TEXT, "Name"),
        ("first_name", FieldType.TEXT, "First Name"),
        ("business_name", FieldType.TEXT, "Business Name"),
        ("signup_source", FieldType.CHOICE, "Signup Source"),
        ("signup_date", FieldType.DATETIME, "Signup Date"),
        ("red_systems", FieldType.WHOLE, "Red Systems"),
        ("assessment_score", FieldType.WHOLE, "Assessment Score"),
        ("assessment_completed", FieldType.CHECKBOX, "Assessment Completed"),
        ("segment", FieldType.SEGMENT, "Segment"),
        ("customer", FieldType.CHECKBOX, "Customer"),
        ("nickname", FieldType.TEXT, None),
    )
}


class VirtualTime:
    """A clock that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.passed = 0.0
        self._lock = threading.Lock()

    def monotonic(self) -> float:
        return self.passed

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.passed += seconds

    def now(self) -> datetime:
        return datetime(2025, 11, 12, 15, 0, 20, tzinfo=UTC) + timedelta(seconds=self.passed)


def paced(time: VirtualTime) -> SharedPace:
    """Notion's pace in virtual time."""
    return SharedPace("notion", MemoryStore(), time, begin=BEGIN, sleep=time.sleep)


@dataclass
class World:
    """Notion and the way to it. ``expects`` lists violations that a test provokes on purpose."""

    vendor: Notion
    server: StandIn[Notion]
    time: VirtualTime
    connection: Connection

    def mirror(self, fields: dict[str, Field] | None = None, database: str = CONTACTS) -> NotionMirror:
        return NotionMirror(self.connection, database, FIELDS if fields is None else fields)

    def templates(self, fallback: Templates | None = None, store: TemplateStore | None = None) -> NotionTemplates:
        return NotionTemplates(self.connection, TEMPLATES, fallback, clock=self.time, store=store)

    def connect(self, **options: float) -> Connection:
        """Another connection, to close by hand."""
        pace = paced(self.time)
        return Connection(TOKEN, self.server.url, self.connection.version, pace=pace, **options)

    def asked(self, method: str, ending: str) -> int:
        """How many requests there were to a path with this ending."""
        return sum(line["method"] == method and line["path"].endswith(ending) for line in self.vendor.requests)


ONE_VERSION = pytest.mark.parametrize("world", ["2025-09-03"], indirect=True)
"""For tests of what is the same in every version."""

NEWEST_TOO = pytest.mark.parametrize("world", ["2022-06-28", "2025-09-03", "2026-03-11"], indirect=True)
"""For the few tests that show the newest version to work like the one before it."""


@pytest.fixture(params=["2022-06-28", "2025-09-03"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """Notion in one version; at the end, nothing it was asked may have broken its contract or its rate."""
    time = VirtualTime()
    vendor = Notion(rate=3, burst=3, token=TOKEN, now=time.now, monotonic=time.monotonic)
    if not vendor.judges:
        pytest.skip("contracts of Notion: ../shared/contracts is missing")
    pace = paced(time)
    with StandIn(vendor) as server:
        connection = Connection(TOKEN, server.url, request.param, pace=pace)
        yield World(vendor, server, time, connection)
        connection.close()
    assert vendor.violations == []
    assert vendor.throttled == 0

"""A small, honest system in memory behind the real web server."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from litestar.testing import TestClient

from engine.model import Field, FieldType, Playbook, Program, SegmentRule, Sender, Take, Trigger, Vocabulary
from engine.runtime.arrivals import Arrival, KeyReused, Receipt
from engine.runtime.ledger import Suppression
from engine.runtime.settings import Settings
from engine.runtime.subscriptions import Subscriptions
from server.app import create_app, listen, make_server

NOW = datetime(2025, 11, 12, 15, 0, tzinfo=UTC)
SHARED = Path(__file__).resolve().parents[3] / "shared"


def vocabulary() -> Vocabulary:
    fields = [
        Field(name="email", type=FieldType.EMAIL),
        Field(name="name", type=FieldType.TEXT),
        Field(name="first_name", type=FieldType.TEXT),
        Field(name="business_name", type=FieldType.TEXT, max_length=1000),
        Field(name="signup_source", type=FieldType.CHOICE, choices=("web_form", "landing_page")),
        Field(name="red_systems", type=FieldType.WHOLE, minimum=0, maximum=8),
        Field(name="orange_systems", type=FieldType.WHOLE, minimum=0, maximum=8),
        Field(name="budget", type=FieldType.NUMBER),
        Field(name="newsletter", type=FieldType.CHECKBOX),
        Field(name="assessment_date", type=FieldType.DATETIME),
        Field(name="birthday", type=FieldType.DATE),
        Field(name="phone", type=FieldType.PHONE),
        Field(name="website", type=FieldType.LINK),
        Field(name="interests", type=FieldType.LIST),
        Field(name="timezone", type=FieldType.TIMEZONE),
    ]
    return Vocabulary(
        fields={one.name: one for one in fields},
        segments=(SegmentRule(name="OPTIMIZE", condition=None, line=1),),
        zone=ZoneInfo("America/Toronto"),
    )


def trigger(name: str, *takes: Take, path: str | None = None, words: Vocabulary | None = None) -> Trigger:
    words = words or vocabulary()
    program = Program(name=f"trigger {name}", vocabulary=words, steps={}, first=None)
    return Trigger(name=name, path=path or f"/webhook/{name}", takes=takes, program=program)


def playbook(*triggers: Trigger) -> Playbook:
    return Playbook(
        revision="r1",
        vocabulary=vocabulary(),
        email=Sender(sender="Sang Le <sang@example.com>"),
        triggers={one.name: one for one in triggers},
        sequences={},
    )


SIGNUP = trigger(
    "signup",
    Take(field="email", required=True),
    Take(field="name", required=True),
    Take(field="first_name", required=True),
    Take(field="business_name"),
    Take(field="signup_source"),
)
ASSESSMENT = trigger(
    "assessment",
    Take(field="email", required=True),
    Take(field="red_systems", required=True),
    Take(field="orange_systems", required=True),
    Take(field="assessment_date", otherwise="now"),
)
PROFILE = trigger(
    "profile",
    Take(field="email", required=True),
    *(
        Take(field=name)
        for name in ("budget", "newsletter", "birthday", "phone", "website", "interests", "timezone", "signup_source")
    ),
    path="/hooks/profile",
)


@dataclass(frozen=True)
class Kept:
    key: str
    to: str
    subject: str
    html: str = "<p>Hello</p>"
    text: str = "Hello"
    template: str = "email_1"
    headers: dict[str, str] = field(default_factory=dict)
    run_id: str = "run-1"
    step: str = "email_1"
    mailer: str = "outbox"
    status: str = "kept"
    at: datetime = NOW


class StillClock:
    def now(self) -> datetime:
        return NOW


@dataclass(frozen=True)
class Told:
    """An alert."""

    message: str
    title: str | None = None
    status: str = "recorded"
    error: str | None = None
    at: datetime = datetime(2025, 11, 12, 15, 0, tzinfo=UTC)


class MemorySystem:
    """Keeps events in a list, with the idempotency rules of the ledger; a thread commits, as the real one does."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock = StillClock()
        self.told: list[Told] = []
        self.current = playbook(SIGNUP, ASSESSMENT, PROFILE)
        self.arrivals: list[Arrival] = []
        self.receipts: dict[str, tuple[str, Receipt]] = {}
        self.emails: list[Kept] = []
        self.suppressed: list[tuple[str, str]] = []
        self.sequences: tuple[str, ...] = ()
        self.standing: dict[str, Suppression] = {}
        self.delivered: dict[str, Any] = {}
        self.fault: Exception | None = None
        self.parts: dict[str, tuple[bool, str]] = {"ledger": (True, "writable"), "worker": (True, "seen 2 s ago")}
        self._acceptor = ThreadPoolExecutor(1)

    def playbook(self) -> Playbook:
        return self.current

    def submit(self, arrival: Arrival) -> Future[Receipt]:
        return self._acceptor.submit(self._commit, arrival)

    def _commit(self, arrival: Arrival) -> Receipt:
        if self.fault is not None:
            raise self.fault
        if arrival.key in self.receipts:
            body_hash, receipt = self.receipts[arrival.key]
            if body_hash != arrival.body_hash:
                raise KeyReused(arrival.key)
            return replace(receipt, replayed=True)
        self.arrivals.append(arrival)
        receipt = Receipt(
            event_id=f"event-{len(self.arrivals)}", email=arrival.payload.email, segment="OPTIMIZE", accepted_at=NOW
        )
        if arrival.key is not None:
            self.receipts[arrival.key] = arrival.body_hash, receipt
        return receipt

    def ready(self) -> dict[str, tuple[bool, str]]:
        return self.parts

    def outbox(self, *, limit: int, before: str | None, search: str | None) -> list[Kept]:
        found = [email for email in reversed(self.emails) if (search or "").casefold() in email.to.casefold()]
        keys = [email.key for email in found]
        start = keys.index(before) + 1 if before in keys else 0
        return found[start : start + limit]

    def alerts(self, *, limit: int) -> list[Told]:
        return list(reversed(self.told))[:limit]

    def email(self, key: str) -> Kept | None:
        return next((email for email in self.emails if email.key == key), None)

    def suppress(self, contact_id: str, reason: str) -> None:
        if self.fault is not None:
            raise self.fault
        self.suppressed.append((contact_id, reason))

    def subscriptions(self, contact_id: str) -> Subscriptions:
        return Subscriptions(self.sequences, self.standing.get(contact_id, Suppression()))

    def change_suppression(self, contact_id: str, change: Callable[[Suppression, datetime], Suppression]) -> None:
        if self.fault is not None:
            raise self.fault
        self.standing[contact_id] = change(self.standing.get(contact_id, Suppression()), NOW)
        if self.standing[contact_id].reason:
            self.suppressed.append((contact_id, self.standing[contact_id].reason))

    def deliver(self, document: Any, message_id: str) -> bool:
        if self.fault is not None:
            raise self.fault
        new = message_id not in self.delivered
        self.delivered.setdefault(message_id, document)
        return new

    def close(self) -> None:
        self._acceptor.shutdown()


@pytest.fixture
def make_system() -> Iterator[Callable[..., MemorySystem]]:
    made: list[MemorySystem] = []

    def make(**settings: object) -> MemorySystem:
        made.append(MemorySystem(Settings(**{"secret_key": "a key for tests", **settings})))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for system in made:
        system.close()


@pytest.fixture
def system(make_system: Callable[..., MemorySystem]) -> MemorySystem:
    return make_system()


@pytest.fixture
def browse() -> Callable[..., TestClient]:  # type: ignore[type-arg]
    """A client of the app without sockets; ``address`` says where the browser is."""

    def client(
        system: MemorySystem,
        *,
        base_url: str = "http://127.0.0.1:8000",
        address: tuple[str, int] | None = ("127.0.0.1", 50_000),
    ) -> TestClient:  # type: ignore[type-arg]
        app = create_app(system)

        async def there(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "http":
                scope["client"] = address
            await app(scope, receive, send)

        return TestClient(there, base_url=base_url, raise_server_exceptions=False)

    return client


@pytest.fixture
def client(system: MemorySystem, browse: Callable[..., TestClient]) -> Iterator[TestClient]:  # type: ignore[type-arg]
    with browse(system) as one:
        yield one


@contextmanager
def served(system: MemorySystem) -> Iterator[httpx.Client]:
    """The real server on a free port, and a client of it."""
    ready = threading.Event()
    bound = listen("127.0.0.1", 0)
    server = make_server(create_app(system), ready.set)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
    thread.start()
    try:
        assert ready.wait(10)
        with httpx.Client(base_url=f"http://127.0.0.1:{bound.getsockname()[1]}", timeout=20) as one:
            yield one
    finally:
        server.should_exit = True
        thread.join(10)
        bound.close()


@pytest.fixture
def live(system: MemorySystem) -> Iterator[httpx.Client]:
    with served(system) as one:
        yield one


@pytest.fixture(scope="session")
def corpus() -> Callable[[str], dict[str, object]]:
    def read(name: str) -> dict[str, object]:
        path = SHARED / "corpora" / f"{name}.json"
        if not path.exists():
            pytest.skip(f"the corpus {name}: ../shared/corpora/{name}.json is missing")
        found: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))
        return found

    return read


@pytest.fixture
def patience() -> Callable[[Callable[[], bool]], None]:
    def wait(condition: Callable[[], bool]) -> None:
        end = time.monotonic() + 10
        while not condition():
            assert time.monotonic() < end
            time.sleep(0.01)

    return wait

"""A ledger in a real file, and the few nouns that tests of it need."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.model import Contact, Run, RunStatus
from engine.ports import Message
from engine.runtime.ledger import EmailRecord, Ledger

NOON = datetime(2025, 11, 12, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """For what only a file can be: moved, copied, damaged."""
    return f"sqlite:///{tmp_path}/busos.db"


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    with Ledger.open(url) as opened:
        yield opened


@pytest.fixture
def noon() -> datetime:
    return NOON


@pytest.fixture
def a_contact() -> Callable[..., Contact]:
    def make(number: int = 1, **changes: Any) -> Contact:
        return Contact(id=f"c{number:04}", email=f"ada{number}@example.com").evolve(**changes)

    return make


@pytest.fixture
def a_run() -> Callable[..., Run]:
    def make(number: int = 1, **changes: Any) -> Run:
        run = Run(
            id=f"r{number:04}",
            program="nurture",
            contact_id=f"c{number:04}",
            status=RunStatus.WAITING,
            step="email_2",
            since=NOON,
            due_at=NOON,
            started_at=NOON,
        )
        return run.evolve(**changes)

    return make


@pytest.fixture
def begin(ledger: Ledger, a_contact: Callable[..., Contact], a_run: Callable[..., Run]) -> Callable[..., Run]:
    """Put a run and its contact into the ledger."""

    def make(number: int = 1, *, contact: int | None = None, **changes: Any) -> Run:
        owner = a_contact(number if contact is None else contact)
        run = a_run(number, contact_id=owner.id, **changes)
        with ledger.write() as tx:
            if owner.id not in tx.contacts([owner.id]):
                tx.put_contacts([owner], NOON)
            tx.add_runs([run], "revision-1")
        return run

    return make


@pytest.fixture
def an_email() -> Callable[..., EmailRecord]:
    def make(run: Run, step: str = "email_1", **changes: Any) -> EmailRecord:
        message = Message(
            key=f"{run.id}/{step}",
            template=changes.pop("template", step),
            sender="Sang Le <sang@example.com>",
            to=changes.pop("to", "Ada@Example.com"),
            subject="Hello, Ada ✨",
            html="<p>Hello</p>" * 50,
            text="Hello\n",
            headers={"List-Unsubscribe": "<https://example.com/u/1>"},
        )
        return EmailRecord(
            run_id=run.id,
            step=step,
            key=message.key,
            contact_id=run.contact_id,
            mailer="resend",
            message=message,
            **changes,
        )

    return make


@pytest.fixture
def repository() -> Path:
    """Where child processes find the engine."""
    return Path(__file__).parents[3]

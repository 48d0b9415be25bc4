"""A whole engine without threads: a real ledger, real letters, and a clock and a mailer that tests hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from engine.model import Accepted, Entry, Playbook, Run, Values
from engine.pacing import Unpaced
from engine.payloads import Payload
from engine.ports import Delivery, Message, OneByOne, Pace
from engine.runtime.acceptor import Acceptor
from engine.runtime.arrivals import Arrival, Receipt
from engine.runtime.bell import Bell
from engine.runtime.clock import Ids
from engine.runtime.commit import Commit
from engine.runtime.ledger import ClaimKind, Ledger, OutboxItem
from engine.runtime.letters import Letters
from engine.runtime.runner import Runner
from tests.playbooks import NOON, AnyTemplate


@dataclass
class HandClock:
    """Stands still until a test moves it."""

    at: datetime = NOON

    def now(self) -> datetime:
        return self.at

    def forward(self, **length: float) -> None:
        self.at += timedelta(**length)


@dataclass
class ScriptedMailer(OneByOne):
    """Answers as a test says, else yes; remembers every message that it was given."""

    name: str = "scripted"
    batch: int = 100
    answer: Callable[[Message], Delivery] | None = None
    given: list[Message] = field(default_factory=list)

    def send(self, messages: Sequence[Message]) -> Sequence[Delivery]:
        self.given += messages
        return [self.answer(one) if self.answer else yes(one) for one in messages]


def yes(message: Message) -> Delivery:
    return Accepted(template=message.template, subject=message.subject, provider_id=f"p-{message.key}")


@dataclass
class Engine:
    """What a test needs of the runtime."""

    ledger: Ledger
    playbook: Playbook
    clock: HandClock
    mailer: ScriptedMailer
    templates: Any
    mirrored: bool = False
    ids: Ids = field(default_factory=Ids)
    bell: Bell = field(default_factory=Bell)
    pace: Pace = field(default_factory=Unpaced)

    def runner(self) -> Runner:
        letters = Letters(templates=self.templates, base_url="http://127.0.0.1:8000", secret_key="not a real one")
        commit = Commit(self.ledger, self.ids, mailer=self.mailer.name, mirrored=self.mirrored)
        return Runner(
            self.ledger, lambda: self.playbook, letters, self.mailer, clock=self.clock, commit=commit, pace=self.pace
        )

    def acceptor(self) -> Acceptor:
        return Acceptor(
            self.ledger,
            lambda: self.playbook,
            clock=self.clock,
            ids=self.ids,
            bell=self.bell,
            mirrored=self.mirrored,
        )

    def accept(self, trigger: str = "enter", key: str | None = None, **values: Any) -> Receipt:
        return self.accept_all(arrival(trigger, key, **values))[0]

    def accept_all(self, *arrivals: Arrival) -> list[Receipt]:
        acceptor = self.acceptor()
        acceptor.start()
        try:
            futures = [acceptor.submit(one) for one in arrivals]
            return [future.result(timeout=10) for future in futures]
        finally:
            acceptor.stop()

    def work(self) -> int:
        """Move everything that is due until nothing is; how many runs were claimed."""
        runner, moved = self.runner(), 0
        kinds: tuple[ClaimKind, ...] = ("move", "post")
        while claims := [(found, kind) for kind in kinds if (found := runner.claim(100, kind))]:
            for claimed, kind in claims:
                moved += len(claimed)
                runner.work(claimed, kind)
        return moved

    def pass_time(self, **length: float) -> None:
        self.clock.forward(**length)
        self.work()

    def runs(self, program: str = "course") -> list[Run]:
        with self.ledger.read() as tx:
            return [one.run for one in tx.list_runs(program=program, triggers=True)]

    def story(self, run: Run) -> list[Entry]:
        with self.ledger.read() as tx:
            return tx.story(run.id)

    def errands(self, kind: Any, status: str = "pending") -> list[OutboxItem]:
        with self.ledger.read() as tx:
            return tx.list_outbox(kind, status)

    def values(self, email: str = "ada@example.com") -> Values:
        with self.ledger.read() as tx:
            return tx.contacts_by_email([email])[email].values


def arrival(trigger: str = "enter", key: str | None = None, **values: Any) -> Arrival:
    given = {"email": "ada@example.com", **values}
    payload = Payload(email=given["email"], values=given, ignored=0)
    return Arrival(trigger=trigger, payload=payload, raw=b"{}", key=key, body_hash=repr(sorted(values.items())))


@pytest.fixture
def engine(url: str) -> Iterator[Callable[..., Engine]]:
    ledgers = []

    def make(playbook: Playbook, **parts: Any) -> Engine:
        ledger = Ledger.open(url)
        ledgers.append(ledger)
        given = {"clock": HandClock(), "mailer": ScriptedMailer(), "templates": AnyTemplate(), **parts}
        found = Engine(ledger, playbook, **given)
        with ledger.write() as tx:
            tx.put_revision(playbook.revision, "", NOON)
        return found

    yield make
    for ledger in ledgers:
        ledger.close()

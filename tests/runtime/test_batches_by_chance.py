"""Batches by chance: any faults of the provider, any kills, any sleepers that wake too late, and never a second copy.

Everything is real but the clock: the ledger, Resend's adapter, and the stand-in with its memory of keys behind HTTP.
What is drawn is drawn from a seed, so that a failure can be played again.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from engine.adapters.resend import ResendMailer
from engine.model import Retry, RunStatus
from engine.ports import Conflict, Delivery, Found, Message, Sought
from engine.runtime.ledger import Ledger
from engine.runtime.ledger.transaction import Transaction
from engine.runtime.paces import MemoryStore, SharedPace
from engine.runtime.runner import LEASE
from tests.playbooks import NOON, AnyTemplate, steps
from tests.runtime.conftest import Engine, HandClock, arrival
from tests.runtime.provider import Killed
from tests.standins.resend import Resend
from tests.standins.server import Faults, StandIn

COURSE = "- email: one\n- email: two\n- wait: 1 hour\n- email: three"
STEPS = ("one", "two", "three")
PEOPLE = 25
UNWANTED, POISON = "ada+03@example.com", "ada+11@example.com"
CHANCES = {"drop": 0.12, "500": 0.1, "500 after": 0.1, "garbage": 0.05, "429": 0.08, "lost": 0.05}


@dataclass
class Mortal:
    """The mailer of a process that may be killed before a request, behind it, or sleep before it and wake too late."""

    inner: ResendMailer
    chance: random.Random
    harm: float = 0.0
    asleep: list[Callable[[], object]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.name, self.batch, self.bulk = self.inner.name, self.inner.batch, 10

    def send(self, messages: Sequence[Message]) -> Sequence[Delivery]:
        return self._hand_over(lambda: self.inner.send(messages))

    def send_batch(self, key: str, messages: Sequence[Message]) -> Sequence[Delivery] | Retry | Conflict:
        return self._hand_over(lambda: self.inner.send_batch(key, messages))

    def look_up(self, sought: Sequence[Sought]) -> Sequence[Found]:
        return self.inner.look_up(sought)

    def wake(self) -> None:
        """One of those who sleep sends what it was about to send, and dies of it."""
        if self.asleep:
            self.asleep.pop(self.chance.randrange(len(self.asleep)))()

    def _hand_over(self, ask: Callable[[], Any]) -> Any:
        fate = self.chance.random()
        if fate < self.harm:
            self.asleep.append(ask)
            raise Killed
        if fate < 2 * self.harm:
            raise Killed
        answer = ask()
        if fate < 3 * self.harm:
            raise Killed
        return answer


class Mortality(Ledger):
    """A ledger whose transactions may be the last thing that a process does."""

    harm = 0.0
    chance: random.Random

    @contextmanager
    def write(self, **more: Any) -> Iterator[Transaction]:
        with super().write(**more) as tx:
            yield tx
            if self.chance.random() < self.harm:
                raise Killed
        if self.chance.random() < self.harm:
            raise Killed


@dataclass
class World:
    """A course, its people, and what may happen to both."""

    course: Engine
    mailer: Mortal
    ledger: Mortality
    resend: StandIn[Resend]
    chance: random.Random

    def live(self, rounds: int) -> None:
        """Work and let time pass, whatever happens."""
        for _ in range(rounds):
            with suppress(Killed):
                self.step()
            self.course.clock.forward(seconds=self.chance.choice([0.5, 1, 2, 5, 20, LEASE.total_seconds() + 1]))

    def step(self) -> None:
        """One worker does something."""
        if self.chance.random() < 0.1:
            self.mailer.wake()
        runner = self.course.runner()
        for kind in ("move", "post"):
            if claimed := runner.claim(self.chance.choice([1, 4, 30, 100]), kind):
                runner.work(claimed, kind)

    def harm(self, much: float) -> None:
        """From now on."""
        self.mailer.harm = self.ledger.harm = much
        chances = CHANCES if much else {}
        addresses = {UNWANTED: "422", POISON: "500"}
        self.resend.faults = Faults(chances=chances, addresses=addresses, seed=self.chance.randrange(10**6))


@pytest.fixture
def resend() -> Iterator[StandIn[Resend]]:
    with StandIn(Resend(rate=0)) as server:
        yield server


@contextmanager
def world(url: str, resend: StandIn[Resend], seed: int) -> Iterator[World]:
    chance, clock, book = random.Random(seed), HandClock(), steps(COURSE)
    pace = SharedPace("resend", MemoryStore(), clock)
    key = "re_sending_only" if seed % 3 == 0 else "re_full_access"
    inner = ResendMailer(key, resend.url, pace=pace, timeout=4.0)
    Mortality.chance = chance
    with Mortality.open(url) as ledger:
        with ledger.write() as tx:
            tx.put_revision(book.revision, "", NOON)
        mailer = Mortal(inner, chance)
        course = Engine(ledger, book, clock, mailer, AnyTemplate(), pace=pace)  # type: ignore[arg-type]
        yield World(course, mailer, ledger, resend, chance)  # type: ignore[arg-type]
    inner.close()


@pytest.mark.parametrize("seed", range(10))
def test_nobody_gets_an_email_twice_and_nobody_loses_one(url: str, resend: StandIn[Resend], seed: int) -> None:
    with world(url, resend, seed) as it:
        course = it.course
        for some in range(5):
            it.harm(0.0)
            numbers = range(some * PEOPLE // 5, (some + 1) * PEOPLE // 5)
            course.accept_all(*(arrival(email=f"ada+{number:02}@example.com") for number in numbers))
            it.harm(0.03)
            it.live(20)
        it.harm(0.0)
        while it.mailer.asleep:
            it.mailer.wake()
        it.live(600)

        got = Counter((email["to"][0], email["subject"]) for email in resend.vendor.accepted)
        ends = {run.contact_id: run for run in course.runs()}
        with course.ledger.read() as tx:
            people = tx.contacts_by_email([f"ada+{number:02}@example.com" for number in range(PEOPLE)])
    assert {key: count for key, count in got.items() if count > 1} == {}
    for email, contact in people.items():
        if email in (UNWANTED, POISON):
            assert not [to for to, _ in got if to == email]
            assert ends[contact.id].status in (RunStatus.HELD, RunStatus.SENDING)
        else:
            assert [count for (to, _), count in got.items() if to == email] == [1] * len(STEPS), ends[contact.id]
            assert ends[contact.id].status is RunStatus.FINISHED

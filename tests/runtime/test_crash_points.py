"""The proof by exhaustion: killed at every door between the code and the world, the outcome is the same.

A story of three people is played once without harm. Then it is played again for each door it goes through (a
transaction of the ledger, a call to a vendor) and killed there: before the door, inside it with everything done
but not yet committed, or behind it with nobody told. A fresh process takes over when the lease has run out, the
sender who got no answer sends again, and in the end everybody must have got the same emails, once and in order.
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import pytest

from engine.model import Accepted, Playbook, Retry, RunStatus
from engine.ports import Conflict, Delivery, Message, WebAnswer, WebCall
from engine.runtime.arrivals import Arrival
from engine.runtime.calling import CallErrand
from engine.runtime.ledger import Ledger
from engine.runtime.ledger.transaction import Transaction
from engine.runtime.outbox import LEASE as ERRAND_LEASE
from engine.runtime.outbox import AlertErrand, Dispatcher
from engine.runtime.runner import LEASE
from tests.playbooks import NOON, AnyTemplate, playbook
from tests.postgres import Postgres
from tests.runtime.conftest import Engine, HandClock, arrival
from tests.runtime.provider import Killed, Provider

STORY = """
triggers:
  enter:
    requires: [email]
    accepts: [red]
    then:
      - save: {visits: 1}
      - alert: "Hello {{ email }}"
        when: segment = HOT
      - start: course
  bought: {requires: [email], accepts: [customer]}
sequences:
  course:
    stop_when: customer = true
    steps:
      - email: one
      - email: two
      - choose:
          - when: segment = HOT
            steps: [{wait: 1 hour}, {email: hot}]
          - otherwise: [{email: cold}]
      - wait: 1 day
      - save: {visits: 2}
      - email: last
"""
PEOPLE = ("ada", "bob", "eve")


@dataclass
class Doors:
    """Counts the doors that are gone through, and kills at one of them."""

    fatal: int = 0
    side: str = "before"
    passed: int = 0

    @contextmanager
    def door(self) -> Iterator[None]:
        self.passed += 1
        here = self.passed == self.fatal
        if here and self.side == "before":
            raise Killed
        yield
        if here and self.side == "inside":
            raise Killed

    def behind(self) -> None:
        if self.passed == self.fatal and self.side == "behind":
            self.fatal = 0
            raise Killed


class WatchedLedger(Ledger):
    """A ledger whose every transaction is a door."""

    doors: Doors

    @contextmanager
    def write(self, **more: Any) -> Iterator[Transaction]:
        with super().write(**more) as tx, self.doors.door():
            yield tx
        self.doors.behind()


@dataclass
class Vendor(Provider):
    """Takes each key once, as Resend does, and every request is a door."""

    bulk: int = 1
    batch: int = 2
    doors: Doors = field(default_factory=Doors)

    def __post_init__(self) -> None:
        self.harmful = bool(self.faults)

    def send(self, messages: Sequence[Message]) -> Sequence[Delivery]:
        with self.doors.door():
            answers = super().send(messages)
        self.doors.behind()
        return answers

    def send_batch(self, key: str, messages: Sequence[Message]) -> Sequence[Delivery] | Retry | Conflict:  # type: ignore[override]
        with self.doors.door():
            answers = super().send_batch(key, messages)
        self.doors.behind()
        return answers


@dataclass
class Told:
    """Alerts that were told. They have no key: after a crash one may be told again, but never lost."""

    doors: Doors
    heard: set[str] = field(default_factory=set)
    name: str = "told"

    def tell(self, alert: Any) -> Accepted:
        with self.doors.door():
            self.heard.add(alert.message)
        self.doors.behind()
        return Accepted(template="alert", subject="")


@dataclass
class Web:
    """Whoever is called. It may be called twice, and knows by the key that it was one call."""

    doors: Doors
    heard: dict[str, bytes] = field(default_factory=dict)
    name: str = "web"

    def call(self, call: WebCall) -> WebAnswer | Retry:
        with self.doors.door():
            busy = call.key not in self.heard  # it did what it was called for, and then gave no answer
            assert self.heard.setdefault(call.key, call.body) == call.body, "another call under the same key"
        self.doors.behind()
        if busy:
            return Retry(reason="busy", uncertain=True)
        return WebAnswer(told="called", status=200, value={"visits": 7})


@dataclass
class World:
    """One play of the story, and its processes, one after the other."""

    engine: Engine
    vendor: Vendor
    alerts: Told
    kills: int = 0

    def outlive(self, act: Callable[[], Any]) -> None:
        """Do something until it is done; who is killed is replaced when the lease has run out."""
        while True:
            try:
                act()
            except Killed:
                self.kills += 1
                self.engine.clock.forward(seconds=(LEASE + ERRAND_LEASE).total_seconds())
            else:
                return

    def accept(self, *arrivals: Arrival) -> None:
        acceptor = self.engine.acceptor()
        for one in arrivals:
            acceptor.submit(one)
        acceptor._queue.put(None)
        acceptor._work()  # in this thread, so that the kill is ours

    def work(self) -> None:
        self.engine.work()
        self.carry_out(AlertErrand(self.alerts))

    def carry_out(self, errand: Any) -> None:
        dispatcher = Dispatcher(self.engine.ledger, errand, self.engine.clock)
        while items := dispatcher.claim():
            dispatcher.work(items)

    def play(self) -> dict[str, Any]:
        red = {"ada": 3, "bob": 0, "eve": 0}
        everybody = [arrival("enter", name, email=f"{name}@example.com", red=red[name]) for name in PEOPLE]
        self.outlive(lambda: self.accept(*everybody))
        self.outlive(self.retried)
        self.engine.clock.forward(hours=3)
        self.outlive(self.retried)
        self.outlive(lambda: self.accept(arrival("bought", "sold", email="eve@example.com", customer=True)))
        for _ in range(3):
            self.engine.clock.forward(days=1)
            self.outlive(self.work)
        return self.outcome()

    def retried(self) -> None:
        """Work, with time for everything to be tried again that had no answer."""
        self.work()
        for _ in range(8 if self.vendor.harmful else 0):
            self.engine.clock.forward(minutes=1)
            self.work()

    def outcome(self) -> dict[str, Any]:
        runs = self.engine.runs()
        emails = {name: [m.template for m in self.vendor.sent if name in m.to] for name in PEOPLE}
        with self.engine.ledger.read() as tx:
            told = [tx.story(run.id) for run in [*runs, *self.engine.runs("trigger enter")]]
            stories = sorted(
                [str((entry.kind, entry.step, entry.template)) for entry in story if entry.kind != "retry"]
                for story in told
            )
            counts = tx.email_counts()
        return {
            "emails": emails,
            "ends": sorted((run.status, run.reason) for run in runs),
            "stories": stories,
            "recorded": counts,
            "visits": {name: self.engine.values(f"{name}@example.com")["visits"] for name in PEOPLE},
            "alerts": sorted(self.alerts.heard),
        }


BOOK = playbook(STORY)
CALLS = playbook("""
triggers:
  enter: {requires: [email], accepts: [red], then: [{start: course}]}
  bought: {requires: [email], accepts: [customer]}
sequences:
  course:
    steps:
      - http: POST https://example.com/people
        json: {who: "{{ email }}", red: "{{ red }}"}
        save_as: visits
      - email: one
      - http: POST https://example.com/done
        json: {who: "{{ email }}", visits: "{{ visits }}"}
      - email: two
""")


Emptied = Callable[[], str]


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ledger") / "empty.db"
    Ledger.open(f"sqlite:///{path}").close()
    return path


@pytest.fixture(params=["sqlite", "postgres"])
def emptied(request: pytest.FixtureRequest, empty: Path, tmp_path: Path) -> Emptied:
    """Gives the address of a ledger without a row, as often as it is asked."""
    if request.param == "postgres":
        return cast("Postgres", request.getfixturevalue("postgres")).emptied
    numbers = itertools.count()

    def copied() -> str:
        return f"sqlite:///{shutil.copy(empty, tmp_path / f'{next(numbers)}.db')}"

    return copied


def played(
    url: str, book: Playbook, doors: Doors, *, world: type[World] = World, **vendor_is: Any
) -> tuple[dict[str, Any], int]:
    """What came of the story, and how often it was killed."""
    WatchedLedger.doors = Doors()
    ledger = WatchedLedger.open(url)
    with ledger.write() as tx:
        tx.put_revision(book.revision, "", NOON)
    ledger.doors = doors
    vendor = Vendor(doors=doors, **vendor_is)
    engine = Engine(ledger, book, HandClock(), vendor, AnyTemplate())
    try:
        played = world(engine, vendor, Told(doors))
        return played.play(), played.kills
    finally:
        ledger.close()


def test_the_story_without_harm(emptied: Emptied) -> None:
    outcome, kills = played(emptied(), BOOK, Doors())

    assert kills == 0
    assert outcome["emails"] == {
        "ada": ["one", "two", "hot", "last"],
        "bob": ["one", "two", "cold", "last"],
        "eve": ["one", "two", "cold"],
    }
    assert outcome["alerts"] == ["Hello ada@example.com"]
    assert outcome["recorded"] == {"accepted": 11}
    assert [status for status, _ in outcome["ends"]] == [RunStatus.FINISHED, RunStatus.FINISHED, RunStatus.STOPPED]


@pytest.mark.parametrize("side", ["before", "inside", "behind"])
def test_killed_at_any_door_the_outcome_is_the_same(emptied: Emptied, side: str) -> None:
    unharmed = Doors()
    expected, _ = played(emptied(), BOOK, unharmed)
    assert unharmed.passed > 20

    for number in range(1, unharmed.passed + 1):
        outcome, kills = played(emptied(), BOOK, Doors(fatal=number, side=side))
        assert kills == 1, f"door {number} was not reached"
        assert outcome == expected, f"killed {side} door {number}"


FAULTS = ([], ["429"], ["refused"], ["drop", "429"], ["500", "500", "500"], ["drop", "500", "500"])


@pytest.mark.parametrize("side", ["before", "inside", "behind"])
@pytest.mark.parametrize("faults", FAULTS, ids=lambda faults: " ".join(faults) or "none")
def test_killed_at_any_door_with_emails_in_batches_the_outcome_is_the_same(
    empty: Path, tmp_path: Path, side: str, faults: Sequence[str]
) -> None:
    expected, _ = played(f"sqlite:///{shutil.copy(empty, tmp_path / 'alone.db')}", BOOK, Doors())
    unharmed = Doors()
    together = f"sqlite:///{shutil.copy(empty, tmp_path / '0.db')}"
    assert same(played(together, BOOK, unharmed, bulk=100, faults=list(faults))[0], expected)

    for number in range(1, unharmed.passed + 1):
        url = f"sqlite:///{shutil.copy(empty, tmp_path / f'{number}.db')}"
        outcome, kills = played(url, BOOK, Doors(fatal=number, side=side), bulk=100, faults=list(faults))
        assert kills <= 1
        assert same(outcome, expected), f"killed {side} door {number}: {outcome}"


def same(outcome: dict[str, Any], expected: dict[str, Any]) -> bool:
    """But for alerts: that emails have to wait may be told or not."""
    return {**outcome, "alerts": expected["alerts"]} == expected and set(expected["alerts"]) <= set(outcome["alerts"])


@dataclass
class Calling(World):
    """The same people, who call others on their way."""

    def work(self) -> None:
        errand = CallErrand(self.engine.ledger, self.web, lambda: self.engine.playbook)
        for _ in range(6):
            super().work()
            self.carry_out(errand)
            self.engine.clock.forward(seconds=30)

    @cached_property
    def web(self) -> Web:
        return Web(self.vendor.doors)

    def outcome(self) -> dict[str, Any]:
        return {**super().outcome(), "called": sorted(self.web.heard.values())}


@pytest.mark.parametrize("side", ["before", "inside", "behind"])
def test_killed_at_any_door_of_a_call_the_outcome_is_the_same(emptied: Emptied, side: str) -> None:
    unharmed = Doors()
    expected, _ = played(emptied(), CALLS, unharmed, world=Calling)
    assert expected["emails"] == {name: ["one", "two"] for name in PEOPLE}
    assert expected["called"] == sorted(
        body
        for name in PEOPLE
        for body in (
            b'{"who":"%b@example.com","red":%d}' % (name.encode(), 3 if name == "ada" else 0),
            b'{"who":"%b@example.com","visits":7}' % name.encode(),
        )
    )

    for number in range(1, unharmed.passed + 1):
        outcome, kills = played(emptied(), CALLS, Doors(fatal=number, side=side), world=Calling)
        assert kills <= 1
        assert same(outcome, expected), f"killed {side} door {number}"

"""Contacts shown in Notion and read back: the real adapter against the stand-in, on a clock that tests hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from engine.adapters.notion import Connection, NotionMirror
from engine.model import RunStatus
from engine.ports import Mirror
from engine.runtime.mirroring import MirrorErrand, ReadBack
from engine.runtime.outbox import Dispatcher
from tests.playbooks import playbook
from tests.runtime.conftest import Engine, HandClock
from tests.standins.notion import Notion
from tests.standins.notion_seeds import CONTACTS, CONTACTS_SOURCE
from tests.standins.server import StandIn

TOKEN = "ntn_a-token-for-the-stand-in"

FILE = """
version: 1
email: {from: Sang Le <sang@example.com>}
contact:
  email: {type: email, notion: Email}
  name: {type: text, notion: Name}
  business: {type: text, notion: Business Name}
  red: {type: whole number, min: 0, max: 8, notion: Red Systems}
  segment: {type: segment, notion: Segment}
  customer: {type: checkbox, notion: Customer}
  orange: {type: whole number, min: 0, max: 8, notion: Orange Systems}
  score: {type: whole number, computed: red * 10 + orange, notion: Assessment Score}
segments: [{CRITICAL: red >= 2}, {OPTIMIZE: otherwise}]
triggers: {enter: {requires: [email], accepts: [name, red, orange], then: [{start: course}]}}
sequences:
  course:
    stop_when: customer = true
    record: {sent: "Email {n} Sent"}
    steps: [{email: one}, {wait: 1 day}, {email: two}]
"""


@dataclass
class World:
    """The engine, Notion, and what joins them."""

    engine: Engine
    notion: Notion
    server: StandIn[Notion]
    mirror: Mirror

    def show(self) -> None:
        """Write what waits to be shown."""
        engine = self.engine
        errand = MirrorErrand(engine.ledger, lambda: self.mirror, lambda: engine.playbook, engine.clock)
        dispatcher = Dispatcher(engine.ledger, errand, engine.clock)
        while items := dispatcher.claim():
            dispatcher.work(items)

    def read_back(self) -> None:
        engine = self.engine
        ReadBack(engine.ledger, lambda: self.mirror, lambda: engine.playbook, engine.clock).refresh()

    def page(self) -> dict[str, Any]:
        values: dict[str, Any] = self.notion.read(self.notion.page("ada@example.com"))["values"]
        return values


@pytest.fixture
def world(engine: Callable[..., Engine]) -> Iterator[World]:
    clock = HandClock()
    notion = Notion(rate=0, token=TOKEN, now=clock.now)
    book = playbook(FILE, head="")
    with StandIn(notion) as server:
        connection = Connection(TOKEN, server.url)
        mirror = NotionMirror(connection, CONTACTS, book.vocabulary.fields)
        yield World(engine(book, clock=clock, mirrored=True), notion, server, mirror)
        connection.close()
        if notion.judges:
            assert notion.violations == []


def test_a_contact_is_shown_once_with_its_segment_and_progress(world: World) -> None:
    world.engine.accept(name="Ada", red=3)
    world.engine.work()
    world.show()
    world.engine.accept(name="Ada L", red=3)
    world.show()

    assert len(world.notion.pages_of("ada@example.com")) == 1
    page = world.page()
    assert (page["Name"], page["Red Systems"], page["Segment"], page["Email 1 Sent"]) == ("Ada L", 3, "CRITICAL", True)


def test_what_a_person_ticks_is_read_back_and_obeyed(world: World) -> None:
    world.engine.accept(red=3)
    world.engine.work()
    world.show()
    world.engine.clock.forward(hours=2)
    world.notion.edit("ada@example.com", Customer=True, Red_Systems=0)

    world.read_back()
    world.engine.work()

    run = world.engine.runs()[0]
    assert (run.status, run.reason) == (RunStatus.STOPPED, "customer = true")
    values = world.engine.values()
    assert (values["customer"], values["red"], values["segment"]) == (True, 0, "OPTIMIZE")


def test_our_own_writes_are_no_edits(world: World) -> None:
    world.engine.accept(name="Ada", red=3)
    world.engine.work()
    world.show()
    before = world.engine.values()

    world.read_back()

    assert world.engine.values() == before
    assert world.engine.errands("mirror") == []


def test_an_edit_that_no_webhook_could_bring_is_left_on_the_page(world: World) -> None:
    world.engine.accept(name="Ada", red=3)
    world.engine.work()
    world.show()
    world.engine.clock.forward(hours=2)
    world.notion.edit("ada@example.com", Red_Systems=99, Segment="OPTIMIZE", Name="Ada L")

    world.read_back()

    values = world.engine.values()
    assert (values["red"], values["segment"], values["name"]) == (3, "CRITICAL", "Ada L")


def test_a_value_that_a_person_is_changing_is_not_written_over(world: World) -> None:
    world.engine.accept(name="Ada", red=3)
    world.engine.work()
    world.show()
    world.notion.edit("ada@example.com", Customer=True)
    world.engine.accept(name="Ada", red=4)

    world.show()

    assert (world.page()["Customer"], world.page()["Red Systems"]) == (True, 4)


def test_a_page_that_was_there_before_us_tells_only_what_we_do_not_know(world: World) -> None:
    world.notion.add(CONTACTS_SOURCE, Email="ada@example.com", Name="Old name", Business_Name="Salon", Red_Systems=7)
    world.engine.clock.forward(days=30)
    world.engine.accept(name="Ada", red=3)
    world.engine.work()
    world.show()

    world.read_back()

    values = world.engine.values()
    assert (values["name"], values["red"], values["business"]) == ("Ada", 3, "Salon")
    assert len(world.notion.pages_of("ada@example.com")) == 1


def test_a_mirror_that_is_down_delays_nothing_and_is_written_later(world: World) -> None:
    world.server.faults.down = True
    world.engine.accept(red=3)
    world.engine.work()
    world.read_back()
    world.show()
    sent_meanwhile = [message.template for message in world.engine.mailer.given]
    world.server.faults.down = False
    world.engine.clock.forward(minutes=1)

    world.show()

    assert sent_meanwhile == ["one"]
    assert world.page()["Email 1 Sent"] is True


def test_nobody_looks_again_so_soon(world: World) -> None:
    engine = world.engine
    back = ReadBack(engine.ledger, lambda: world.mirror, lambda: engine.playbook, engine.clock)
    back.refresh()
    asked = len(world.notion.requests)

    back.refresh()
    soon = len(world.notion.requests)
    engine.clock.at += timedelta(seconds=16)
    back.refresh()

    assert (soon, len(world.notion.requests) > soon) == (asked, True)


def test_an_unforeseen_fault_of_the_mirror_is_survived(world: World) -> None:
    engine = world.engine

    def broken() -> Mirror:
        raise ZeroDivisionError

    ReadBack(engine.ledger, broken, lambda: engine.playbook, engine.clock).refresh()
    engine.accept(red=3)
    engine.work()
    errand = MirrorErrand(engine.ledger, broken, lambda: engine.playbook, engine.clock)
    dispatcher = Dispatcher(engine.ledger, errand, engine.clock)
    dispatcher.work(dispatcher.claim())

    waiting = engine.errands("mirror")
    assert [(item.attempts, item.error) for item in waiting] == [(1, "busos failed: ZeroDivisionError")]


def test_a_computed_field_is_shown_while_it_is_known_and_nobody_can_edit_it(world: World) -> None:
    world.engine.accept(red=3)
    world.show()
    assert world.page().get("Assessment Score") is None

    world.engine.accept(red=3, orange=2)
    world.show()
    assert world.page()["Assessment Score"] == 32

    world.engine.clock.forward(hours=2)
    world.notion.edit("ada@example.com", Assessment_Score=99, Red_Systems=1)
    world.read_back()
    world.engine.accept(name="Ada", orange=3)
    world.show()
    assert "score" not in world.engine.values()
    assert world.page()["Assessment Score"] == 13

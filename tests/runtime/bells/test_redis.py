"""The bell in a real Redis that is flushed, killed and shouted at."""

from __future__ import annotations

import pickle
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.runtime.bells.redis import CHANNEL, RedisLine
from engine.runtime.redis_link import client_of
from tests.redis_child import RedisChild


class Ear:
    """Counts what it hears."""

    def __init__(self) -> None:
        self.heard = 0
        self._changed = threading.Condition()

    def __call__(self) -> None:
        with self._changed:
            self.heard += 1
            self._changed.notify_all()

    def hears(self, more_than: int, seconds: float = 15) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self.heard > more_than, seconds)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisChild]:
    child = RedisChild(tmp_path)
    child.start()
    yield child
    child.kill()


class Party:
    """A line and the ear at its end."""

    def __init__(self, url: str) -> None:
        self.ear = Ear()
        self.line = RedisLine(url, self.ear)
        self.line.start()


@pytest.fixture
def party(server: RedisChild) -> Iterator[Any]:
    made: list[Party] = []

    def make() -> Party:
        made.append(Party(server.url))
        return made[-1]

    yield make
    for one in made:
        one.line.stop()


def until(good: Any, seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while not good():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_one_rings_and_the_others_hear_it(party: Any) -> None:
    one, other = party(), party()
    until(lambda: one.line.state() == other.line.state() == "Redis")
    before, own = other.ear.heard, one.ear.heard
    one.line.ring()
    assert other.ear.hears(before)
    assert not one.ear.hears(own, 0.2), "nobody hears himself"


def test_many_rings_are_few(party: Any) -> None:
    one, other = party(), party()
    until(lambda: one.line.state() == other.line.state() == "Redis")
    before, end = other.ear.heard, time.monotonic() + 0.5
    rung = 0
    while time.monotonic() < end:
        one.line.ring()
        rung += 1
    time.sleep(0.1)
    assert rung > 1000
    assert 1 <= other.ear.heard - before <= 30


def test_after_redis_was_away_rings_come_through_again(party: Any, server: RedisChild) -> None:
    one, other = party(), party()
    until(lambda: other.line.state() == "Redis")
    server.kill()
    until(lambda: other.line.state() == "Redis away: looking every 0.25 s")
    one.line.ring()
    before = other.ear.heard
    server.start()
    assert other.ear.hears(before), "what was rung meanwhile is taken for heard"
    until(lambda: one.line.state() == other.line.state() == "Redis")
    before = other.ear.heard

    def through() -> bool:
        one.line.ring()
        return bool(other.ear.hears(before, 0.2))

    until(through)


def test_a_process_starts_without_redis_and_finds_it_later(party: Any, server: RedisChild) -> None:
    server.kill()
    one = party()
    assert one.line.state() == "Redis away: looking every 0.25 s"
    server.start()
    until(lambda: one.line.state() == "Redis")


def test_what_strangers_publish_is_a_ring_and_nothing_else(party: Any, server: RedisChild, tmp_path: Path) -> None:
    class Harm:
        def __reduce__(self) -> Any:
            return Path.touch, (tmp_path / "harm",)

    one = party()
    until(lambda: one.line.state() == "Redis")
    client = client_of(server.url)
    for payload in (pickle.dumps(Harm()), b"", b"\xff" * 100_000, b"{"):
        before = one.ear.heard
        client.publish(CHANNEL, payload)
        assert one.ear.hears(before)
    client.flushall()
    client.close()
    assert not (tmp_path / "harm").exists()
    assert one.line.state() == "Redis"

"""The session of a process at a real Postgres: rings, locks, and connections that are cut."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy.engine import make_url

from engine.runtime.bells import postgres
from engine.runtime.bells.postgres import CHANNEL, PostgresSession
from tests.postgres import database
from tests.runtime.bells.test_redis import Ear, until


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with database() as found:
        yield found


@pytest.fixture
def outside(url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


class Party:
    """A session and the ear at its end."""

    def __init__(self, url: str) -> None:
        self.ear = Ear()
        self.line = PostgresSession(make_url(url), self.ear)
        self.line.start()


@pytest.fixture
def party(url: str) -> Iterator[Callable[[], Party]]:
    made: list[Party] = []

    def make() -> Party:
        made.append(Party(url))
        until(lambda: made[-1].line.state() == "the ledger")
        return made[-1]

    yield make
    for one in made:
        one.line.stop()


CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = %s"
LOCKS = """
    SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY 1
"""


def cut(outside: psycopg.Connection[Any]) -> None:
    outside.execute(CUT, (outside.info.dbname,))


def locks(outside: psycopg.Connection[Any]) -> list[int]:
    return [row[0] for row in outside.execute(LOCKS)]


def test_one_rings_and_the_others_hear_it(party: Callable[[], Party]) -> None:
    one, other = party(), party()
    before, own = other.ear.heard, one.ear.heard
    one.line.ring()
    assert other.ear.hears(before)
    assert not one.ear.hears(own, 0.2), "nobody hears himself"


def test_many_rings_are_few(
    party: Callable[[], Party], outside: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "GAP", 0.2)
    one, other = party(), party()
    outside.execute(f"LISTEN {CHANNEL}")
    before, end, rung = other.ear.heard, time.monotonic() + 0.5, 0
    while time.monotonic() < end:
        one.line.ring()
        rung += 1
        time.sleep(0.001)
    time.sleep(0.3)
    sent = list(outside.notifies(timeout=0.1))
    assert rung > 50
    assert 1 <= len(sent) <= 5
    assert 1 <= other.ear.heard - before <= 5
    assert {notify.payload for notify in sent} == {""}


def test_a_connection_that_is_cut_is_made_again_with_its_locks(
    party: Callable[[], Party], outside: psycopg.Connection[Any]
) -> None:
    one, other = party(), party()
    assert one.line.hold(7, 5)
    assert other.line.hold(8, 5)
    for _ in range(3):
        before = other.ear.heard
        cut(outside)
        assert other.ear.hears(before), "what was rung meanwhile is taken for heard"
        until(lambda: locks(outside) == [7, 8])
    before = other.ear.heard
    one.line.ring()
    assert other.ear.hears(before)


def test_a_lock_ends_when_it_is_let_go_or_with_the_session(
    party: Callable[[], Party], outside: psycopg.Connection[Any], url: str
) -> None:
    one = Party(url)
    assert one.line.hold(9, 5)
    assert one.line.hold(10, 5)
    assert locks(outside) == [9, 10]
    one.line.let_go(10)
    until(lambda: locks(outside) == [9])
    one.line.stop()
    until(lambda: locks(outside) == [])


def test_a_lock_that_somebody_still_holds_is_taken_when_it_is_free(
    party: Callable[[], Party], outside: psycopg.Connection[Any]
) -> None:
    outside.execute("SELECT pg_advisory_lock(hashtext('busos worker ' || current_schema()), 5)")
    one = party()
    assert not one.line.hold(5, 0.3)
    outside.execute("SELECT pg_advisory_unlock(hashtext('busos worker ' || current_schema()), 5)")
    assert one.line.hold(5, 5)


def test_a_server_that_is_not_there_costs_nothing_but_the_rings() -> None:
    ear = Ear()
    line = PostgresSession(make_url("postgresql://127.0.0.1:1/nobody"), ear)
    line.start()
    line.ring()
    assert not line.hold(1, 0.3)
    assert line.state() == "the ledger's bell is away: looking every 0.25 s"
    line.stop()
    assert ear.heard == 0


def test_what_strangers_send_along_is_a_ring_and_nothing_else(
    party: Callable[[], Party], outside: psycopg.Connection[Any]
) -> None:
    one = party()
    before = one.ear.heard
    outside.execute("SELECT pg_notify(%s, %s)", (CHANNEL, "cos\nsystem\n(S'false'\ntR."))
    assert one.ear.hears(before)

"""Paces in a real Redis that is flushed, killed and written into by strangers."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.pacing import PaceState
from engine.runtime.ledger import Ledger
from engine.runtime.paces import LedgerStore, SharedPace
from engine.runtime.paces.redis import PREFIX, RedisStore
from tests.redis_child import RedisChild
from tests.runtime.conftest import HandClock

FIVE = PaceState(limit=5)
KEY = f"{PREFIX}resend"


class Harm:
    """Unpickling this makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def made(client: Any, ledger: Ledger, clock: HandClock) -> Callable[..., SharedPace]:
    def make(**more: Any) -> SharedPace:
        store = RedisStore(client, LedgerStore(ledger, clock), clock)
        return stale(SharedPace("resend", store, clock, begin=FIVE, **more))

    return make


def stale(pace: SharedPace) -> SharedPace:
    pace._seen_at = -1.0
    return pace


def rested(pace: SharedPace) -> SharedPace:
    """As it is after the pause that a fault of Redis begins."""
    pace._store._pause._until = 0.0  # type: ignore[attr-defined]
    return stale(pace)


def test_two_workers_share_a_window_in_redis(made: Callable[..., SharedPace], client: Any, ledger: Ledger) -> None:
    one, other = made(), made()
    assert (one.take(3), other.take(9), stale(one).take(1)) == (3, 2, 0)
    assert client.get(KEY).startswith(b'{"at":')
    assert 0 < client.ttl(KEY) <= 7 * 86_400


def test_only_what_lasts_is_copied_into_the_ledger(made: Callable[..., SharedPace], ledger: Ledger) -> None:
    pace, copy = made(), LedgerStore(ledger, HandClock())
    pace.take(1)
    first = copy.copy("resend")
    pace.take(1)
    assert copy.copy("resend") == first
    pace.close(60, "quota")
    kept = copy.read("resend")
    assert kept is not None
    assert kept.reason == "quota"


def test_many_threads_change_it_one_after_the_other(made: Callable[..., SharedPace], client: Any) -> None:
    paces, got = [made() for _ in range(6)], []

    def take(pace: SharedPace) -> None:
        got.extend(pace.take(1) for _ in range(40))

    paces[0].learn(limit=100)
    threads = [threading.Thread(target=take, args=(stale(pace),)) for pace in paces]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(got) == 100


def test_flushed_redis_forgets_no_closing(made: Callable[..., SharedPace], client: Any, clock: HandClock) -> None:
    one, other = made(), made()
    one.learn(limit=50)
    one.close(60, "the key is not taken")
    client.flushall()
    assert stale(other).shut() == (clock.at + timedelta(seconds=60), "the key is not taken")
    clock.forward(seconds=60)
    assert stale(other).take(100) == 1
    other.worked()
    client.flushall()
    assert stale(one).take(100) == 49


def test_while_redis_is_away_the_ledger_has_it(
    made: Callable[..., SharedPace], server: RedisChild, clock: HandClock
) -> None:
    one, other = made(), made()
    assert (one.take(1), stale(other).take(1)) == (1, 1)
    server.kill()
    assert stale(one).take(9) == 4, "what was used since the copy is forgotten, no more"
    assert stale(other).take(9) == 0
    other.close(300, "quota")
    assert stale(one).shut() == (clock.at + timedelta(seconds=300), "quota")
    server.start()
    assert rested(one).shut() == (clock.at + timedelta(seconds=300), "quota")
    clock.forward(seconds=300)
    assert rested(other).take(9) == 1
    other.worked()
    assert rested(one).take(9) == 4


def test_an_outage_that_began_without_redis_is_told_once(
    made: Callable[..., SharedPace], server: RedisChild, clock: HandClock
) -> None:
    told: list[Any] = []
    one, other = made(tell=told.append), made(tell=told.append)
    one.take(1)
    other.take(1)
    server.kill()
    one.close(60, "quota")
    server.start()
    clock.forward(seconds=60)
    assert rested(other).take(1) == 1
    other.close(60, "quota")
    assert len(told) == 1


def hostile(harm: Path) -> list[bytes]:
    pickles = [pickle.dumps(Harm(harm), protocol) for protocol in range(6)]
    forged = b'{"at": 9e99, "state": {"limit": 1, "closed_until": 1e10, "closed_for": 1e10}}'
    return [*pickles, forged, b"\xff\x00 nonsense", b"[" * 1_000_000, b'{"at": 1, "state": {"limit": "many"}}']


def test_what_strangers_wrote_is_replaced_and_never_run(
    made: Callable[..., SharedPace], client: Any, clock: HandClock, tmp_path: Path
) -> None:
    harm = tmp_path / "harm"
    for raw in hostile(harm):
        client.set(KEY, raw)
        pace = made()
        assert (pace.shut(), pace.take(9)) == (None, 5)
        assert client.get(KEY).startswith(b'{"at":')
        clock.forward(seconds=1)
    for kind in ("lpush", "sadd"):
        client.delete(KEY)
        getattr(client, kind)(KEY, pickle.dumps(Harm(harm)))
        assert made().take(9) == 5
        clock.forward(seconds=1)
    assert not harm.exists()


def test_where_others_are_always_faster_the_ledger_is_asked(made: Callable[..., SharedPace], client: Any) -> None:
    pace = made()
    pace._store._swap = lambda **_: 0  # type: ignore[attr-defined]
    assert pace.take(9) == 5


def test_a_copy_that_cannot_be_made_ends_nothing(made: Callable[..., SharedPace], client: Any, tmp_path: Path) -> None:
    pace = made()
    assert pace.take(1) == 1
    (tmp_path / "busos.db").unlink()
    pace.close(60, "quota")
    assert stale(pace).take(9) == 0


def test_a_redis_that_refuses_to_write_is_away(made: Callable[..., SharedPace], client: Any) -> None:
    client.config_set("maxmemory", "1")
    assert made().take(9) == 5

"""Which bell, locks and store of paces follow from the two addresses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.runtime.bell import Bell
from engine.runtime.bells import NoLine
from engine.runtime.bells.postgres import PostgresSession
from engine.runtime.bells.redis import RedisLine
from engine.runtime.clock import SystemClock
from engine.runtime.ledger import Ledger
from engine.runtime.neighbours import Neighbours, neighbours
from engine.runtime.paces import LedgerStore
from engine.runtime.paces.redis import RedisStore
from engine.runtime.presence import FileLocks
from engine.runtime.presence.session_locks import SessionLocks
from engine.runtime.settings import Settings
from tests.postgres import database

REDIS = "redis://127.0.0.1:1/0"


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with database() as url:
        yield url


def found(url: str, queue: str | None) -> tuple[type, ...]:
    """What there is, started and stopped once: nothing needs an answer."""
    with Ledger.open(url) as ledger:
        bell = Bell()
        shared: Neighbours = neighbours(Settings(database_url=url, queue_url=queue), ledger, SystemClock(), bell)
        shared.start()
        bell.ring()
        shared.locks.hold(1)
        assert shared.locks.held([1, 2]) == {1}
        shared.locks.let_go()
        shared.stop()
    return type(shared.line), type(shared.locks), type(shared.paces), len(shared.lines)  # type: ignore[return-value]


def test_a_file_needs_nobody(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/busos.db"
    assert found(url, None) == (NoLine, FileLocks, LedgerStore, 0)
    assert found(url, REDIS) == (RedisLine, FileLocks, RedisStore, 1)


def test_postgres_brings_its_own_and_redis_rings_instead(postgres: str) -> None:
    assert found(postgres, None) == (PostgresSession, SessionLocks, LedgerStore, 1)
    assert found(postgres, REDIS) == (RedisLine, SessionLocks, RedisStore, 2)

"""A ledger, a Redis and a clock for tests of paces."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.runtime.ledger import Ledger
from tests.redis_child import RedisChild


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/busos.db"


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    with Ledger.open(url) as opened:
        yield opened


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisChild]:
    child = RedisChild(tmp_path)
    child.start()
    yield child
    child.kill()


@pytest.fixture
def client(server: RedisChild) -> Iterator[Any]:
    from engine.runtime.redis_link import client_of

    found = client_of(server.url)
    yield found
    found.close()

"""Ledgers for tests: each test that asks for one runs on every database."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from hypothesis import settings

from tests.postgres import Postgres, database

signal.signal(signal.SIGINT, signal.default_int_handler)
"""What a script starts with ``&`` is deaf to Ctrl-C, and so would be the children that some tests interrupt."""

settings.register_profile("many", max_examples=2_000, deadline=None)
"""pytest --hypothesis-profile many: for those tests by chance that make fewer examples than others by default."""


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A database on the server for tests, with the tables of a ledger."""
    with database() as address:
        found = Postgres(address)
        yield found
        found.close()


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a ledger without a row can be opened: a test that asks for it runs on each database."""
    if request.param == "postgres":
        return cast("Postgres", request.getfixturevalue("postgres")).emptied()
    return f"sqlite:///{tmp_path}/busos.db"


@pytest.fixture(params=["sqlite", "postgres"])
def fresh_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where no ledger has ever been."""
    if request.param == "postgres":
        return cast("Postgres", request.getfixturevalue("postgres")).fresh()
    return f"sqlite:///{tmp_path}/fresh.db"

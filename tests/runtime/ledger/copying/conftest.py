"""Ledgers with something in every column of every table, in files and in databases of a real Postgres."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from engine.runtime.ledger import Ledger
from tests.postgres import database
from tests.runtime.ledger.copying.everything import fill

Place = Callable[[], str]


class Pool:
    """Databases that tests use one after the other: making one takes seconds, emptying it does not."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._made: list[str] = []
        self._used = 0

    def begin(self) -> None:
        self._used = 0

    def take(self) -> str:
        """The address of a database with nothing in it, which no other test of now has."""
        if self._used == len(self._made):
            self._made.append(self._stack.enter_context(database()))
        url = self._made[self._used]
        self._used += 1
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")
        return url


@pytest.fixture(scope="session")
def pool() -> Iterator[Pool]:
    with ExitStack() as stack:
        yield Pool(stack)


@pytest.fixture
def places(tmp_path: Path, pool: Pool) -> dict[str, Place]:
    """For each kind of database, the addresses of places in which there is nothing."""
    numbers = iter(range(100))
    pool.begin()
    return {"sqlite": lambda: f"sqlite:///{tmp_path}/ledger-{next(numbers)}.db", "postgres": pool.take}


@pytest.fixture(params=["sqlite", "postgres"])
def source(request: pytest.FixtureRequest, places: dict[str, Place]) -> str:
    """The address of a full ledger."""
    url = places[request.param]()
    with Ledger.open(url) as ledger:
        fill(ledger)
    return url


@pytest.fixture(params=["sqlite", "postgres"])
def target(request: pytest.FixtureRequest, places: dict[str, Place]) -> str:
    """The address of nothing."""
    return places[request.param]()


@pytest.fixture
def file(places: dict[str, Place]) -> Path:
    """A file that is a full ledger."""
    url = places["sqlite"]()
    with Ledger.open(url) as ledger:
        fill(ledger)
    return Path(url.removeprefix("sqlite:///"))


@pytest.fixture
def released(tmp_path: Path) -> Path:
    """The ledger of the first released version."""
    stored = Path(__file__).parents[1] / "released/0001/ledger.db.gz"
    path = tmp_path / "released.db"
    with gzip.open(stored) as packed, path.open("wb") as unpacked:
        shutil.copyfileobj(packed, unpacked)
    return path

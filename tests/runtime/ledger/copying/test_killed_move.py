"""A move killed between any two of its lines: never can both ledgers be worked on, and the same move again ends it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

from engine.errors import LedgerUnavailable
from engine.runtime.ledger import Ledger
from engine.runtime.ledger.copying import move as moving
from engine.runtime.ledger.copying.places import mark_at, put_mark
from engine.runtime.ledger.restored import Mark
from engine.runtime.ledger.tables import metadata
from tests.runtime.ledger.copying.conftest import Place
from tests.runtime.ledger.copying.everything import everything, fill
from tests.runtime.ledger.copying.test_move import NOW, moved, rows_of

MOVER = """
import os, signal, sys
from datetime import datetime, UTC
from engine.runtime.ledger.copying import move as moving, places
from engine.runtime.ledger.copying.sides import Quiet

FILES = {moving.__file__, places.__file__}
ONLY = {"move", "_copied", "_hand_over", "_delete", "put_mark"}

def dies_at(line):
    passed = 0
    def trace(frame, event, argument):
        nonlocal passed
        if frame.f_code.co_filename not in FILES or frame.f_code.co_name not in ONLY:
            return None
        passed += event == "line"
        if passed == line:
            os.kill(os.getpid(), signal.SIGKILL)
        return trace
    return trace

for order in sys.stdin:
    source, target, line = order.split()
    child = os.fork()
    if not child:
        sys.settrace(dies_at(int(line)))
        moving.move(source, target, datetime.now(UTC), Quiet())
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@dataclass(frozen=True, slots=True)
class Mover:
    """A process that forks one for each move, which dies at a line of it."""

    process: subprocess.Popen[str]

    def dies(self, source: str, target: str, line: int) -> bool:
        """Whether it was killed; False when it came to its end before that line."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(source, target, line, file=self.process.stdin, flush=True)
        status = int(self.process.stdout.readline())
        assert status in {0, -9}
        return status == -9


@pytest.fixture
def mover(repository: Path) -> Iterator[Mover]:
    with subprocess.Popen(
        [sys.executable, "-c", MOVER], cwd=repository, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Mover(process)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two places; ``again`` makes the source full and the target empty."""

    source: str
    target: str
    again: Callable[[], None]


@pytest.fixture(params=["sqlite-sqlite", "sqlite-postgres"])
def pair(request: pytest.FixtureRequest, places: dict[str, Place], tmp_path: Path) -> Pair:
    source, target = (places[kind]() for kind in request.param.split("-"))
    seed = tmp_path / "seed.db"
    with Ledger.open(f"sqlite:///{seed}") as ledger:
        fill(ledger, 3)

    def again() -> None:
        emptied(source)
        emptied(target)
        shutil.copyfile(seed, path_of(source))

    if target.startswith("postgres"):
        Ledger.open(target).close()
    return Pair(source, target, again)


def path_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def emptied(url: str) -> None:
    if url.startswith("sqlite"):
        for one in path_of(url).parent.glob(f"{path_of(url).name}*"):
            one.unlink()
        return
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"TRUNCATE {', '.join(metadata.tables)}".encode())


def workable(url: str) -> bool:
    """Whether there is a ledger with people in it which busos would work on."""
    if url.startswith("sqlite") and not path_of(url).exists():
        return False
    with Ledger.open(url) as ledger:
        return bool(everything(ledger)["contacts"]) and mark_at(url) is None


def looked_at(pair: Pair) -> str:
    """Which of both can be worked on."""
    found = {"source": workable(pair.source), "target": workable(pair.target)}
    assert list(found.values()).count(True) <= 1, "both can be worked on"
    return next((name for name, can in found.items() if can), "neither")


def finished(pair: Pair) -> None:
    """The same move once more, as its mark says, and it is as if the first had not been killed."""
    if (left := mark_at(pair.target)) is not None:
        assert left.moved_from == whence(pair)
        assert "Run busos ledger copy again, with the same two places." in left.told(pair.target)
    before = {name: rows for name, rows in rows_of(pair.source).items() if name != "notes"}
    moved(pair.source, pair.target)
    assert looked_at(pair) == "target"
    assert {name: rows for name, rows in rows_of(pair.target).items() if name != "notes"} == before


def states(pair: Pair, mover: Mover, begin: Callable[[], None]) -> dict[str, int]:
    """How often which ledger could be worked on after a kill, one kill for each line."""
    seen: dict[str, int] = {}
    for line in count(1):
        begin()
        if not mover.dies(pair.source, pair.target, line):
            assert looked_at(pair) == "target"
            return seen
        state = looked_at(pair)
        seen[state] = seen.get(state, 0) + 1
        if state == "target":  # killed behind the last change
            with pytest.raises(LedgerUnavailable, match="Point BUSOS_DATABASE_URL"):
                moved(pair.source, pair.target)
        else:
            finished(pair)
    raise AssertionError


@pytest.mark.timeout(300)
def test_wherever_a_move_is_killed_one_ledger_at_most_can_be_worked_on(pair: Pair, mover: Mover) -> None:
    seen = states(pair, mover, pair.again)
    assert seen["source"] > 10
    assert seen["neither"] >= 2, "between the two marks"
    assert seen["target"] >= 1


@pytest.mark.timeout(300)
def test_finishing_such_a_move_may_be_killed_too(pair: Pair, mover: Mover) -> None:
    def begin() -> None:
        pair.again()
        moved(pair.source, pair.target)
        put_mark(pair.target, Mark(NOW, moved_from=whence(pair)))  # as it was when its last step did not come
        assert looked_at(pair) == "neither"

    seen = states(pair, mover, begin)
    assert seen["source"] > 3
    assert seen["neither"] > 10
    assert seen["target"] >= 1


def whence(pair: Pair) -> str:
    return str(path_of(pair.source).resolve())


# -- Whose it is ----------------------------------------------------------------------------------


def test_the_target_of_another_move_is_not_written_over(file: Path, places: dict[str, Place]) -> None:
    target = places["sqlite"]()
    moved(f"sqlite:///{file}", target)
    put_mark(target, Mark(NOW, moved_from="/elsewhere/busos.db"))
    put_mark(f"sqlite:///{file}", None)
    with pytest.raises(LedgerUnavailable, match=r"moved here from /elsewhere/busos\.db .* Run busos ledger copy again"):
        moved(f"sqlite:///{file}", target)
    assert mark_at(target) is not None


def test_what_was_not_moved_to_its_end_is_not_moved_on(file: Path, places: dict[str, Place]) -> None:
    put_mark(f"sqlite:///{file}", Mark(NOW, moved_from="/elsewhere/busos.db"))
    with pytest.raises(LedgerUnavailable, match="Run busos ledger copy again"):
        moved(f"sqlite:///{file}", places["sqlite"]())


def test_a_backup_that_is_moved_is_still_a_backup(file: Path, places: dict[str, Place]) -> None:
    source, target = f"sqlite:///{file}", places["sqlite"]()
    put_mark(source, Mark(NOW))
    moved(source, target)
    assert mark_at(target) == Mark(NOW)
    put_mark(target, Mark(NOW, moved_from=str(file.resolve())))
    moved(source, target)
    assert mark_at(target) == Mark(NOW)


def test_busos_started_just_before_the_mark_undoes_it(
    places: dict[str, Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Postgres nobody is locked out: whoever connects between the last look and the mark has seen no mark."""
    source, target = places["postgres"](), places["sqlite"]()
    with Ledger.open(source) as ledger:
        fill(ledger, 3)
    started, hand_over = Ledger.open(source), moving._hand_over

    def late(*words: Any) -> None:
        everything(started)
        hand_over(*words)

    started.close()
    monkeypatch.setattr(moving, "_hand_over", late)
    with pytest.raises(LedgerUnavailable, match=r"busos was started on .*: stop it\. .* run it again"):
        moved(source, target)
    started.close()
    monkeypatch.undo()
    assert (mark_at(source), workable(target)) == (None, False)
    moved(source, target)
    assert (workable(source), workable(target)) == (False, True)

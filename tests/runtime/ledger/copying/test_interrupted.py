"""A copy that is killed, that is large, that finds no room: what is left is nothing, and memory stays level."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from engine.errors import LedgerUnavailable
from engine.runtime.ledger import Ledger
from engine.runtime.ledger.tables import metadata
from tests.runtime.ledger.copying.conftest import Place
from tests.runtime.ledger.copying.everything import fill
from tests.runtime.ledger.copying.test_move import mark_of, moved, path_of, rows_of

MANY = 8_000

COPIER = """
import re, sys
from datetime import datetime, UTC
from engine.runtime.ledger.copying.move import move
from engine.runtime.ledger.copying.sides import Quiet

class Told(Quiet):
    def reached(self, done):
        print(done, flush=True)

move(sys.argv[1], sys.argv[2], datetime.now(UTC), Told())
# Not getrusage: that counts the process from which this one was made.
print("most memory", re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1], flush=True)
"""


def copier(source: str, target: str, repository: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-W", "error", "-c", COPIER, source, target]
    return subprocess.Popen(command, cwd=repository, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_copy_that_is_killed_leaves_nothing_and_can_be_made_again(
    target: str, places: dict[str, Place], repository: Path
) -> None:
    source = places["sqlite"]()
    with Ledger.open(source) as ledger:
        fill(ledger, MANY // 10)
    before = rows_of(source)
    child = copier(source, target, repository)
    assert child.stdout is not None
    while int(child.stdout.readline()) < MANY // 2:
        pass
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
    if target.startswith("sqlite"):
        assert not path_of(target).exists()
        left = path_of(target).with_name(f"{path_of(target).name}.unfinished")
        assert left.stat().st_mode & 0o777 == 0o600
    else:
        assert {name for name, rows in rows_of(target).items() if rows} == set()
    assert mark_of(source) is None
    moved(source, target)
    assert rows_of(target) == before
    assert not list(path_of(source).parent.glob("*.unfinished*"))


def memory_of_a_copy(source: str, target: str, repository: Path) -> int:
    out, err = copier(source, target, repository).communicate(timeout=100)
    assert "most memory" in out, err
    return int(out.split()[-1]) // 1024


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kinds", [("sqlite", "sqlite"), ("sqlite", "postgres"), ("postgres", "sqlite")], ids="-".join)
def test_a_large_ledger_needs_no_more_memory_than_a_small_one(
    kinds: tuple[str, str], places: dict[str, Place], repository: Path
) -> None:
    """Tables of 2,000 rows each against tables of 8,000: 15 MB against 60 MB, once the caches are full."""
    found = []
    for rows in (MANY // 4, MANY):
        source, target = (places[kind]() for kind in kinds)
        with Ledger.open(source) as ledger:
            fill(ledger, rows)
        found.append(memory_of_a_copy(source, target, repository))
    assert found[1] < found[0] + 15, f"{found} MB"


# -- Asked to stop --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verb", "said"),
    [
        ("backup", "interrupted: no backup was made, and nothing of it is left. The ledger is as it was"),
        ("copy", "interrupted: nothing was copied, and nothing of it is left. FROM is as it was"),
        ("restore", "interrupted: nothing was changed. The ledger new.db is as it was"),
    ],
)
def test_ctrl_c_ends_it_with_a_word_and_nothing_left(verb: str, said: str, file: Path, repository: Path) -> None:
    with Ledger.open(f"sqlite:///{file}") as ledger, ledger.write() as tx:
        table = metadata.tables["notes"]
        tx.connection.execute(table.insert(), [{"name": f"{n}", "value": "x" * 1000} for n in range(100_000)])
    folder = file.parent / "target"
    folder.mkdir()
    (folder / "sequences.yaml").write_text("version: 1\n")
    words = {
        "backup": ["backup", "new.db"],
        "copy": ["ledger", "copy", str(file), "new.db"],
        "restore": ["restore", str(file)],
    }[verb]
    address = "sqlite:///new.db" if verb == "restore" else f"sqlite:///{file}"
    child = subprocess.Popen(
        [sys.executable, "-m", "server.cli", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(repository), "BUSOS_DATABASE_URL": address},
        stderr=subprocess.PIPE,
        text=True,
    )
    draft = folder / "new.db.unfinished"
    while child.poll() is None and not (draft.exists() and draft.stat().st_size > 1_000_000):
        pass
    child.send_signal(signal.SIGINT)
    assert child.communicate()[1].strip() == said
    assert child.returncode == 130
    assert [one.name for one in folder.iterdir()] == ["sequences.yaml"]


# -- No room --------------------------------------------------------------------------------------


def test_without_room_it_says_so_and_leaves_nothing(source: str, tmp_path: Path) -> None:
    with Ledger.open(source) as ledger, ledger.write() as tx:
        tx.put_note("long", "x" * 3_000_000)
    target = tmp_path / "full" / "new.db"
    target.parent.mkdir()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, before[1]))
    try:
        with pytest.raises(
            LedgerUnavailable, match=r"The ledger .*new\.db\.unfinished (cannot grow|cannot be read or)"
        ):
            moved(source, f"sqlite:///{target}", while_running=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(target.parent.iterdir()) == []

"""Opening, transactions, and what the ledger says when the world fails."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from engine.errors import LedgerUnavailable, SettingsError
from engine.runtime.ledger import Ledger

WRITER = """
import sys
from engine.runtime.ledger import Ledger
ledger = Ledger.open(sys.argv[1])
number = 0
while True:
    with ledger.write() as tx:
        for part in range(20):
            tx.put_note(f"{number}/{part}", "x" * 500)
    number += 1
    print(number, flush=True)
"""


def test_what_was_committed_is_there_after_closing_and_opening(url):
    with Ledger.open(url) as ledger, ledger.write() as tx:
        tx.put_note("a", "1")
    with Ledger.open(url) as ledger, ledger.read() as tx:
        assert tx.note("a") == "1"


def test_every_commit_is_on_disk_before_it_returns(ledger):
    with ledger.write() as tx:
        pragma = {
            name: tx.connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert pragma == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}


def test_a_quick_commit_is_seen_by_all_and_made_durable_by_the_next(ledger):
    with ledger.write(durable=False) as tx:
        assert tx.connection.exec_driver_sql("PRAGMA synchronous").scalar() == 1
        tx.put_note("a", "1")
    with ledger.write() as tx:
        assert tx.note("a") == "1"


def test_a_block_that_raises_leaves_no_trace(ledger):
    def half() -> None:
        with ledger.write() as tx:
            tx.put_note("a", "1")
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        half()
    with ledger.read() as tx:
        assert tx.note("a") is None


def test_a_reader_sees_one_moment_and_blocks_no_writer(ledger):
    with ledger.read() as before:
        assert before.note("a") is None
        with ledger.write() as tx:
            tx.put_note("a", "1")
        assert before.note("a") is None
    with ledger.read() as after:
        assert after.note("a") == "1"


def test_a_reader_cannot_write(ledger):
    with pytest.raises(LedgerUnavailable, match="read-only"), ledger.read() as tx:
        tx.put_note("a", "1")


def test_writers_in_many_threads_lose_nothing(ledger):
    def count_up():
        for _ in range(20):
            with ledger.write() as tx:
                tx.put_note("n", str(int(tx.note("n") or 0) + 1))

    threads = [threading.Thread(target=count_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with ledger.read() as tx:
        assert tx.note("n") == "80"


def test_a_killed_writer_leaves_a_sound_file_with_all_that_it_committed(url, repository):
    command = [sys.executable, "-c", WRITER, url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=repository) as child:
        assert child.stdout is not None
        told = 0
        while told < 30:
            told = int(child.stdout.readline())
        child.send_signal(signal.SIGKILL)
        told = max([told, *map(int, child.stdout.read().split())])
    with Ledger.open(url) as ledger:
        assert ledger.check() == []
        with ledger.read() as tx:
            assert all(tx.note(f"{number}/{part}") for number in range(told) for part in range(20))
            unfinished = [tx.note(f"{told + 1}/{part}") for part in range(20)]
        assert unfinished == [None] * 20


def test_a_full_disk_is_told_as_such_and_nothing_half_written(ledger):
    with ledger.write() as tx:
        tx.put_note("before", "1")
        pages = tx.connection.exec_driver_sql("PRAGMA page_count").scalar()
        tx.connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 5}")

    def fill() -> None:
        with ledger.write() as tx:
            for number in range(50):
                tx.put_note(f"n{number}", "x" * 1000)

    with pytest.raises(LedgerUnavailable, match="the disk is full"):
        fill()
    with ledger.write() as tx:
        assert [tx.note("before"), tx.note("n0")] == ["1", None]
        tx.connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 1000}")
        tx.put_note("after", "1")
    assert ledger.check() == []


def test_a_ledger_that_another_process_locks_is_told_as_busy(ledger, monkeypatch):
    with ledger.write() as tx:
        tx.connection.exec_driver_sql("PRAGMA busy_timeout = 50")
    with closing(sqlite3.connect(ledger.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LedgerUnavailable, match="locked by another process"), ledger.write():
            pass
        other.execute("ROLLBACK")
    with ledger.write() as tx:
        tx.put_note("a", "1")


def test_a_mistake_in_a_statement_is_not_called_the_worlds_fault(ledger):
    with pytest.raises(OperationalError, match="no such table"), ledger.write() as tx:
        tx.connection.exec_driver_sql("SELECT * FROM songs")


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(LedgerUnavailable, match=r"the folder \S*/nowhere is missing"):
        Ledger.open(f"sqlite:///{tmp_path}/nowhere/busos.db")


def test_a_file_that_is_no_database_is_refused_and_untouched(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("These are my notes, and no database at all.\n" * 50)
    before = path.read_bytes()
    with pytest.raises(LedgerUnavailable, match="not a busos ledger"):
        Ledger.open(f"sqlite:///{path}")
    assert path.read_bytes() == before


def test_a_database_of_something_else_is_refused_and_untouched(tmp_path):
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE songs (name TEXT)")
    before = path.read_bytes()
    with pytest.raises(LedgerUnavailable, match="it has a table 'songs'"):
        Ledger.open(f"sqlite:///{path}")
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("postgresql://127.0.0.1/busos", "asks for postgresql"),
        ("busos.db", "is not the address of a database"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
    ],
)
def test_an_address_that_cannot_be_used_is_explained(url, found):
    with pytest.raises(SettingsError, match=f"BUSOS_DATABASE_URL {found}.*write sqlite:///busos.db"):
        Ledger.open(url)


def test_the_size_counts_what_is_still_in_the_log(ledger):
    before = ledger.size()
    with ledger.write() as tx:
        tx.put_note("a", "x" * 100_000)
    assert ledger.size() - before > 100_000


def test_a_damaged_file_is_found_by_the_check(url):
    with Ledger.open(url) as ledger:
        with ledger.write() as tx:
            for number in range(500):
                tx.put_note(f"n{number}", "x" * 100)
        path = ledger.path
    data = bytearray(path.read_bytes())
    data[-8192:-4096] = bytes(4096)
    path.write_bytes(data)
    with Ledger.open(url) as ledger:
        assert ledger.check() != []


def test_a_file_that_was_moved_away_takes_nothing_until_it_is_back(tmp_path: Path) -> None:
    path, aside = tmp_path / "busos.db", tmp_path / "aside.db"
    with Ledger.open(f"sqlite:///{path}") as ledger:
        with ledger.write() as tx:
            tx.put_note("word", "before")
        path.rename(aside)
        with pytest.raises(LedgerUnavailable, match="moved, deleted or replaced"), ledger.write():
            pass
        with pytest.raises(LedgerUnavailable, match="moved, deleted or replaced"), ledger.read():
            pass
        aside.rename(path)

        with ledger.write() as tx:
            assert tx.note("word") == "before"


def test_a_file_in_the_place_of_ours_takes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "busos.db"
    with Ledger.open(f"sqlite:///{path}") as ledger:
        path.rename(tmp_path / "aside.db")
        with Ledger.open(f"sqlite:///{path}"):
            pass

        with pytest.raises(LedgerUnavailable, match="restart to use what is there now"), ledger.write():
            pass

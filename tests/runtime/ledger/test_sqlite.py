"""What is true of a ledger in a file only: its pragmas, its one writer, and what can happen to a file."""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from engine.errors import LedgerUnavailable
from engine.runtime.ledger import Ledger


@pytest.fixture
def url(sqlite_url):
    return sqlite_url


@pytest.fixture
def path(ledger):
    return ledger.database.path


def test_it_is_for_its_user_alone_however_open_the_umask_is_and_keeps_rights_that_were_given(tmp_path):
    file = tmp_path / "open.db"
    before = os.umask(0)
    try:
        with Ledger.open(f"sqlite:///{file}") as ledger, ledger.write() as tx:
            tx.put_note("a", "1")
            assert {one.name: oct(one.stat().st_mode & 0o777) for one in tmp_path.glob("open.db*")} == {
                "open.db": "0o600",
                "open.db-shm": "0o600",
                "open.db-wal": "0o600",
            }
    finally:
        os.umask(before)
    file.chmod(0o640)
    Ledger.open(f"sqlite:///{file}").close()
    assert oct(file.stat().st_mode & 0o777) == "0o640"


def test_every_commit_is_on_disk_before_it_returns(ledger):
    with ledger.write() as tx:
        pragma = {
            name: tx.connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert pragma == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_a_quick_commit_is_seen_by_all_and_made_durable_by_the_next(ledger):
    with ledger.write(durable=False) as tx:
        assert tx.connection.exec_driver_sql("PRAGMA synchronous").scalar() == 1
        tx.put_note("a", "1")
    with ledger.write() as tx:
        assert tx.note("a") == "1"


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


def test_a_ledger_that_another_process_locks_is_told_as_busy(ledger, path):
    with ledger.write() as tx:
        tx.connection.exec_driver_sql("PRAGMA busy_timeout = 50")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LedgerUnavailable, match="locked by another process"), ledger.write():
            pass
        other.execute("ROLLBACK")
    with ledger.write() as tx:
        tx.put_note("a", "1")


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
        path = ledger.database.path
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

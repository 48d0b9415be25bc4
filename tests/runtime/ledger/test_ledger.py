"""Opening, transactions, and what the ledger says when the world fails: the same on every database."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
from sqlalchemy.exc import DBAPIError

from engine.errors import LedgerUnavailable, SettingsError
from engine.runtime.ledger import Ledger, there_is_none

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


def test_a_killed_writer_leaves_a_sound_ledger_with_all_that_it_committed(url, repository):
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


def test_a_mistake_in_a_statement_is_not_called_the_worlds_fault(ledger):
    with pytest.raises(DBAPIError, match="songs"), ledger.write() as tx:
        tx.connection.exec_driver_sql("SELECT * FROM songs")


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("mysql://127.0.0.1/busos", "asks for mysql"),
        ("busos.db", "is not the address of a database"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
    ],
)
def test_an_address_that_cannot_be_used_is_explained(url, found):
    with pytest.raises(SettingsError, match=f"BUSOS_DATABASE_URL {found}.*write sqlite:///busos.db"):
        Ledger.open(url)


def test_looking_for_a_ledger_makes_none(fresh_url):
    absent = there_is_none(fresh_url)
    assert absent is not None
    assert absent.can_be_made
    with Ledger.open(fresh_url) as ledger:
        assert ledger.place == absent.place
    assert there_is_none(fresh_url) is None


def test_work_is_done_once_where_nobody_is_in_the_way(ledger):
    calls = []

    def work(tx):
        calls.append(tx)
        tx.put_note("a", "1")
        return "done"

    assert ledger.transact(work) == "done"
    assert len(calls) == 1
    with ledger.read() as tx:
        assert tx.note("a") == "1"


def test_a_mistake_in_work_is_not_tried_again(ledger, a_contact, noon):
    calls = []

    def work(tx):
        calls.append(tx)
        tx.put_note("a", "1")
        raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        ledger.transact(work)
    assert len(calls) == 1
    with ledger.read() as tx:
        assert tx.note("a") is None

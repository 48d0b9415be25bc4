"""A backup is whole, private, of one moment, and nothing that busos would work on."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.errors import LedgerTooNew, LedgerUnavailable
from engine.runtime.ledger import Ledger
from engine.runtime.ledger.copying.backup import back_up
from engine.runtime.ledger.copying.sides import Quiet
from engine.runtime.ledger.restored import MARK, Mark
from tests.runtime.ledger.copying.everything import ROWS, everything
from tests.runtime.ledger.copying.test_move import written_without_a_pause

NOW = datetime(2025, 11, 12, 12, 0, tzinfo=UTC)


def saved(source: str, target: Path) -> None:
    back_up(source, target, NOW, Quiet())


def test_everything_is_in_it_and_it_says_when_it_was_taken(source: str, tmp_path: Path) -> None:
    target = tmp_path / "backup.db"
    with Ledger.open(source) as ledger:
        before = everything(ledger)
    done = back_up(source, target, NOW, Quiet())
    assert (done.file, done.taken, done.contacts, done.runs) == (target, NOW, ROWS, ROWS)
    assert done.size == target.stat().st_size > 4096
    with Ledger.open(f"sqlite:///{target}") as copy, copy.read() as tx:
        assert tx.mark() == Mark(NOW)
        after = everything(copy)
    assert [row for row in after["notes"] if row[0] != MARK] == before["notes"]
    assert {**after, "notes": before["notes"]} == before


def test_it_is_one_private_file_however_open_the_umask_is(source: str, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    before = os.umask(0)
    try:
        saved(source, folder / "backup.db")
    finally:
        os.umask(before)
    assert [(one.name, oct(one.stat().st_mode & 0o777)) for one in folder.iterdir()] == [("backup.db", "0o600")]


def test_what_was_deleted_is_not_in_it(file: Path, tmp_path: Path) -> None:
    secret = "a name that somebody wanted to be forgotten"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("INSERT INTO notes VALUES ('n', ?)", (secret,))
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("DELETE FROM notes WHERE name = 'n'")
    saved(f"sqlite:///{file}", tmp_path / "backup.db")
    assert secret.encode() not in (tmp_path / "backup.db").read_bytes()


def test_under_load_it_is_of_one_moment(source: str, tmp_path: Path) -> None:
    with written_without_a_pause(source) as added:
        for number in range(3):
            enough = added() + 20
            while added() < enough:
                pass
            least = added()
            saved(source, tmp_path / f"{number}.db")
            with Ledger.open(f"sqlite:///{tmp_path}/{number}.db") as copy:
                rows = everything(copy)
                people = {row[0] for row in rows["contacts"] if row[0].startswith("new")}
                assert {row[2] for row in rows["runs"] if row[0].startswith("rnew")} == people
                assert least <= len(people) <= added() + 1


def test_a_file_that_is_there_is_not_written_over_nor_where_a_link_leads(source: str, tmp_path: Path) -> None:
    elsewhere, link = tmp_path / "elsewhere", tmp_path / "link.db"
    link.symlink_to(elsewhere)
    with pytest.raises(LedgerUnavailable, match=r"There is a file .*link\.db already"):
        saved(source, link)
    assert not elsewhere.exists()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("no/new.db", r"there is no folder \S+/no\. Make it, or name another place\.$"),
        ("text/new.db", r"\S+/text is no folder\. Name another place\.$"),
        ("taken.db", r"something else has this name\. Take it away, or name another place\.$"),
        ("linked.db", r"something else has this name\. Take it away, or name another place\.$"),
        (f"{'x' * 250}.db", r"its name is too long\. Name a shorter one\.$"),
    ],
)
def test_a_file_that_cannot_be_made_is_told_with_the_reason(file: Path, tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "text").touch()
    (tmp_path / "taken.db.unfinished").mkdir()
    (tmp_path / "linked.db.unfinished").symlink_to(tmp_path / "text")
    with pytest.raises(LedgerUnavailable, match=rf"^The file \S+\.unfinished cannot be made: {said}"):
        saved(f"sqlite:///{file}", tmp_path / name)


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_folder_that_this_user_may_not_write_into_is_told(file: Path, tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(0o555)
    with pytest.raises(LedgerUnavailable, match="this user may not write into the folder"):
        saved(f"sqlite:///{file}", tmp_path / "closed" / "new.db")


def test_a_backup_that_was_cut_off_is_written_over_by_the_next(source: str, tmp_path: Path) -> None:
    left = tmp_path / "backup.db.unfinished"
    left.write_bytes(b"half of it" * 1000)
    saved(source, tmp_path / "backup.db")
    assert not left.exists()


def test_two_at_once_do_not_meet_in_one_file(source: str, tmp_path: Path) -> None:
    import fcntl

    with (tmp_path / "backup.db.unfinished").open("wb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(LedgerUnavailable, match="Another process is writing"):
            saved(source, tmp_path / "backup.db")


def test_an_older_ledger_is_kept_as_it_is(tmp_path: Path, released: Path) -> None:
    saved(f"sqlite:///{released}", tmp_path / "backup.db")
    for path in (released, tmp_path / "backup.db"):
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("0001",)


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "is empty: there is no ledger in it"), (b"x" * 5000, "is no SQLite database"), (None, "There is no ledger")],
)
def test_what_is_no_ledger_is_not_saved(tmp_path: Path, content: bytes | None, said: str) -> None:
    source = tmp_path / "source.db"
    if content is not None:
        source.write_bytes(content)
    with pytest.raises(LedgerUnavailable, match=said):
        saved(f"sqlite:///{source}", tmp_path / "backup.db")
    assert [one for one in tmp_path.iterdir() if one != source] == []


def test_a_newer_ledger_is_not_saved_by_an_older_busos(file: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0999'")
    with pytest.raises(LedgerTooNew):
        saved(f"sqlite:///{file}", tmp_path / "backup.db")


def test_a_damaged_ledger_is_told_and_no_backup_is_left(file: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(file.read_bytes())
    content[4096 * 8 : 4096 * 40] = b"\xff" * (4096 * 32)
    file.write_bytes(content)
    with pytest.raises(LedgerUnavailable, match="is damaged"):
        saved(f"sqlite:///{file}", tmp_path / "backup.db")
    assert list(tmp_path.glob("backup.db*")) == []


def test_a_full_disk_is_told_and_nothing_is_left(tmp_path: Path, file: Path) -> None:
    """A file system of one megabyte in memory, and a ledger of three."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "busos-test", str(disk)], check=False)
    if mounted.returncode:
        pytest.skip("only the superuser can make a small disk")
    try:
        with closing(sqlite3.connect(file)) as connection, connection:
            connection.execute("INSERT INTO notes VALUES ('long', ?)", ("x" * 3_000_000,))
        with pytest.raises(LedgerUnavailable, match=r"disk/backup.db.unfinished cannot grow: the disk is full"):
            saved(f"sqlite:///{file}", disk / "backup.db")
        assert list(disk.iterdir()) == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)

"""Making and migrating the file: by itself, once, and never backwards."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from engine.errors import LedgerTooNew
from engine.runtime.ledger import Ledger, migrations
from engine.runtime.ledger.tables import metadata

OPENER = """
import sys
from engine.runtime.ledger import Ledger
sys.stdin.readline()
with Ledger.open(sys.argv[1]) as ledger:
    with ledger.write() as tx:
        tx.put_note(sys.argv[2], "here")
"""

REOPENER = """
import sys
from engine.runtime.ledger import Ledger
Ledger.open(sys.argv[1]).close()
print("alembic" in sys.modules)
"""


def shape(path):
    """Tables and indexes as SQLite keeps them, whatever the order of their constraints and their white space."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        return {name: sorted(sql.replace("\n", " ").replace("\t", "").split(", ")) for name, sql in rows}


def set_version(path, version):
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (version,))


def test_the_migrations_lead_to_the_tables_that_the_code_knows(ledger, tmp_path):
    other = tmp_path / "other.db"
    engine = create_engine(f"sqlite:///{other}")
    metadata.create_all(engine)
    engine.dispose()
    made = shape(ledger.path)
    assert made.pop("alembic_version")
    assert made == shape(other)


def test_alembic_finds_nothing_to_do(ledger):
    with ledger.read() as tx:
        assert compare_metadata(MigrationContext.configure(tx.connection), metadata) == []


def test_the_newest_version_by_file_name_is_the_newest_by_alembic(ledger):
    config = Config()
    config.set_main_option("script_location", str(migrations._FOLDER))
    script = ScriptDirectory.from_config(config)
    assert script.get_current_head() == migrations.HEAD
    assert {one.revision for one in script.walk_revisions()} == set(migrations.VERSIONS)
    assert migrations.version_of(ledger.path) == migrations.HEAD


def test_opening_a_file_that_is_up_to_date_changes_nothing_and_needs_no_alembic(url, repository):
    with Ledger.open(url) as ledger:
        pass
    before = ledger.path.read_bytes()
    command = [sys.executable, "-c", REOPENER, url]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, cwd=repository)
    assert answer.stdout == "False\n"
    assert ledger.path.read_bytes() == before


def test_a_file_of_a_newer_busos_is_refused_and_untouched(url):
    with Ledger.open(url) as ledger:
        path = ledger.path
    set_version(path, "0999")
    before = path.read_bytes()
    with pytest.raises(LedgerTooNew, match=r"written by a newer busos.*Upgrade busos"):
        Ledger.open(url)
    assert path.read_bytes() == before


def test_processes_that_race_to_make_the_file_all_find_it_made(url, repository):
    names = ["one", "two", "three", "four"]
    racers = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", OPENER, url, name],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=repository,
        )
        for name in names
    ]
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("\n")
        racer.stdin.flush()
    assert [racer.communicate()[1] for racer in racers] == [""] * 4
    with Ledger.open(url) as ledger, ledger.read() as tx:
        assert [tx.note(name) for name in names] == ["here"] * 4


@pytest.fixture
def a_later_version(tmp_path, monkeypatch):
    """A busos whose migrations have one more step than ours."""
    folder = tmp_path / "later"
    (folder / "versions").mkdir(parents=True)
    for name in ("env.py", "versions/v0001_first_ledger.py"):
        (folder / name).write_text((migrations._FOLDER / name).read_text())
    step = folder / "versions" / "v0002_more.py"
    step.write_text(
        "from alembic import op\nrevision = '0002'\ndown_revision = '0001'\n"
        "def upgrade():\n    op.execute('CREATE TABLE more (name TEXT)')\n    STEP\n".replace("STEP", "pass")
    )
    monkeypatch.setattr(migrations, "_FOLDER", folder)
    monkeypatch.setattr(migrations, "VERSIONS", ("0001", "0002"))
    monkeypatch.setattr(migrations, "HEAD", "0002")
    return step


def copies(path):
    return sorted(file.name for file in path.parent.glob("busos.db.before*"))


def test_an_older_file_is_copied_and_then_migrated(url, request):
    with Ledger.open(url) as ledger, ledger.write() as tx:
        tx.put_note("a", "1")
    request.getfixturevalue("a_later_version")
    with Ledger.open(url) as ledger, ledger.read() as tx:
        assert tx.note("a") == "1"
        assert migrations.version_of(ledger.path) == "0002"
    assert copies(ledger.path) == ["busos.db.before-0002-was-0001"]
    copy = ledger.path.with_name("busos.db.before-0002-was-0001")
    assert migrations.version_of(copy) == "0001"
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT name, value FROM notes").fetchall() == [("a", "1")]


def test_a_migration_that_fails_half_way_leaves_the_file_as_it_was(url, a_later_version, monkeypatch):
    monkeypatch.undo()
    with Ledger.open(url) as ledger:
        before = shape(ledger.path)
    folder = a_later_version.parent.parent
    a_later_version.write_text(a_later_version.read_text().replace("    pass", "    raise RuntimeError('half way')"))
    monkeypatch.setattr(migrations, "_FOLDER", folder)
    monkeypatch.setattr(migrations, "VERSIONS", ("0001", "0002"))
    monkeypatch.setattr(migrations, "HEAD", "0002")
    with pytest.raises(RuntimeError, match="half way"):
        Ledger.open(url)
    assert shape(ledger.path) == before
    assert migrations.version_of(ledger.path) == "0001"


def test_a_restored_copy_gets_back_the_mode_that_copies_lose(url, tmp_path):
    with Ledger.open(url) as ledger, closing(sqlite3.connect(ledger.path)) as connection:
        connection.execute("VACUUM INTO ?", (str(tmp_path / "copy.db"),))
    with Ledger.open(f"sqlite:///{tmp_path}/copy.db") as restored, restored.write() as tx:
        assert tx.connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


def test_a_new_file_needs_no_copy(ledger):
    assert copies(ledger.path) == []

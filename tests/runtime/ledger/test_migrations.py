"""Making and migrating the tables: by itself, once, and never backwards."""

from __future__ import annotations

import subprocess
import sys

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from engine.errors import LedgerTooNew, LedgerUnavailable
from engine.runtime.ledger import Ledger, migrations
from engine.runtime.ledger.tables import metadata

NOW = migrations.HEAD

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


COLUMNS = """
    SELECT table_name || '.' || column_name, data_type, is_nullable, column_default, collation_name
    FROM information_schema.columns WHERE table_schema = current_schema() AND table_name <> 'alembic_version'
"""
CONSTRAINTS = """
    SELECT conrelid::regclass || '.' || conname, pg_get_constraintdef(oid), NULL, NULL, NULL FROM pg_constraint
    WHERE connamespace = current_schema()::regnamespace AND conname NOT LIKE 'alembic%'
"""
INDEXES = """
    SELECT tablename || '.' || indexname, indexdef, NULL, NULL, NULL FROM pg_indexes
    WHERE schemaname = current_schema() AND tablename <> 'alembic_version'
"""


def asking(url):
    """A connection beside the ledger."""
    return create_engine(url.replace("postgresql:", "postgresql+psycopg:"))


def shape(url):
    """Tables and indexes as the database has them, however they were written down."""
    engine = asking(url)
    with engine.begin() as connection:
        found = (of_postgres if engine.name == "postgresql" else of_sqlite)(connection)
    engine.dispose()
    return {name: value for name, value in found.items() if "alembic_version" not in name}


def of_postgres(connection):
    schema = connection.exec_driver_sql("SELECT current_schema()").scalar()
    asked = connection.exec_driver_sql(f"{COLUMNS} UNION ALL {CONSTRAINTS} UNION ALL {INDEXES}".replace("%", "%%"))
    return {row[0]: [str(value).replace(schema, "") for value in row[1:]] for row in asked}


def of_sqlite(connection):
    ask = connection.exec_driver_sql
    rows = ask("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall()
    tables = {name: "WITHOUT ROWID" in sql for kind, name, _, sql in rows if kind == "table"}
    indexes = {name: (table, " ".join((sql or "").split())) for kind, name, table, sql in rows if kind == "index"}
    return indexes | {
        name: (
            without,
            sorted(row[1:] for row in ask(f"PRAGMA table_info({name})")),
            sorted(row[2:] for row in ask(f"PRAGMA foreign_key_list({name})")),
        )
        for name, without in tables.items()
    }


def do(url, statement):
    engine = asking(url)
    with engine.begin() as connection:
        found = connection.exec_driver_sql(statement)
        rows = found.fetchall() if found.returns_rows else []
    engine.dispose()
    return rows


def version(url):
    return do(url, migrations.ASK_VERSION)[0][0]


@pytest.fixture
def another_url(request, tmp_path, fresh_url):
    """A second place of the same kind."""
    if fresh_url.startswith("sqlite"):
        return f"sqlite:///{tmp_path}/another.db"
    return request.getfixturevalue("postgres").fresh()


def test_the_migrations_lead_to_the_tables_that_the_code_knows(fresh_url, another_url):
    Ledger.open(fresh_url).close()
    engine = asking(another_url)
    metadata.create_all(engine)
    engine.dispose()
    made = shape(fresh_url)
    assert len(made) > 20
    assert made == shape(another_url)


def test_texts_sort_by_bytes_on_every_database(postgres):
    collations = postgres.ask(
        "SELECT DISTINCT collation_name FROM information_schema.columns "
        "WHERE table_schema = 'public' AND data_type = 'text' AND table_name <> 'alembic_version'"
    )
    assert collations == [("C",)]


def test_alembic_finds_nothing_to_do(ledger):
    with ledger.read() as tx:
        assert compare_metadata(MigrationContext.configure(tx.connection), metadata) == []


def test_the_newest_version_by_file_name_is_the_newest_by_alembic(ledger, url):
    config = Config()
    config.set_main_option("script_location", str(migrations._FOLDER))
    script = ScriptDirectory.from_config(config)
    assert script.get_current_head() == migrations.HEAD
    assert {one.revision for one in script.walk_revisions()} == set(migrations.VERSIONS)
    assert version(url) == migrations.HEAD


def test_opening_a_ledger_that_is_up_to_date_changes_nothing_and_needs_no_alembic(url, repository):
    Ledger.open(url).close()
    before = shape(url)
    command = [sys.executable, "-c", REOPENER, url]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, cwd=repository)
    assert answer.stdout == "False\n"
    assert shape(url) == before


def test_a_ledger_of_a_newer_busos_is_refused_and_untouched(fresh_url):
    Ledger.open(fresh_url).close()
    do(fresh_url, "UPDATE alembic_version SET version_num = '9998'")
    with pytest.raises(LedgerTooNew, match=r"written by a newer busos.*Upgrade busos"):
        Ledger.open(fresh_url)
    assert version(fresh_url) == "9998"


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("CREATE TABLE songs (name TEXT)", "it has a table 'songs'"),
        ("CREATE TABLE alembic_version (version_num TEXT)", "uses Alembic"),
    ],
)
def test_a_database_of_something_else_is_refused_and_untouched(fresh_url, table, words):
    do(fresh_url, table)
    if "alembic" in table:
        do(fresh_url, "INSERT INTO alembic_version VALUES ('ae1027a6acf')")
    before = shape(fresh_url)
    with pytest.raises(LedgerUnavailable, match=words):
        Ledger.open(fresh_url)
    assert shape(fresh_url) == before


def test_processes_that_race_to_make_the_ledger_all_find_it_made(fresh_url, repository):
    names = [f"n{number}" for number in range(8)]
    racers = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", OPENER, fresh_url, name],
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
    assert [racer.communicate()[1] for racer in racers] == [""] * len(names)
    with Ledger.open(fresh_url) as ledger, ledger.read() as tx:
        assert [tx.note(name) for name in names] == ["here"] * len(names)


@pytest.fixture
def a_later_version(tmp_path, monkeypatch):
    """A busos whose migrations have one more step than ours."""
    folder = tmp_path / "later"
    (folder / "versions").mkdir(parents=True)
    for file in (migrations._FOLDER / "env.py", *migrations._FOLDER.glob("versions/v*.py")):
        (folder / file.relative_to(migrations._FOLDER)).write_text(file.read_text())
    step = folder / "versions" / "v9999_more.py"
    step.write_text(
        f"from alembic import op\nrevision = '9999'\ndown_revision = '{NOW}'\n"
        "def upgrade():\n    op.execute('CREATE TABLE more (name TEXT)')\n    pass\n"
    )

    def arrives():
        monkeypatch.setattr(migrations, "_FOLDER", folder)
        monkeypatch.setattr(migrations, "VERSIONS", (*migrations.VERSIONS, "9999"))
        monkeypatch.setattr(migrations, "HEAD", "9999")

    return step, arrives


def test_an_older_ledger_is_migrated(fresh_url, a_later_version):
    with Ledger.open(fresh_url) as ledger, ledger.write() as tx:
        tx.put_note("a", "1")
    a_later_version[1]()
    with Ledger.open(fresh_url) as ledger, ledger.read() as tx:
        assert tx.note("a") == "1"
    assert version(fresh_url) == "9999"
    assert do(fresh_url, "SELECT * FROM more") == []


def test_a_migration_that_fails_half_way_leaves_the_ledger_as_it_was(fresh_url, a_later_version):
    Ledger.open(fresh_url).close()
    before = shape(fresh_url)
    step, arrives = a_later_version
    step.write_text(step.read_text().replace("    pass", "    raise RuntimeError('half way')"))
    arrives()
    with pytest.raises(RuntimeError, match="half way"):
        Ledger.open(fresh_url)
    assert shape(fresh_url) == before
    assert version(fresh_url) == NOW


def copies(path):
    return sorted(file.name for file in path.parent.glob("busos.db.before*"))


def test_an_older_file_is_copied_before_it_is_migrated(sqlite_url, a_later_version):
    with Ledger.open(sqlite_url) as ledger, ledger.write() as tx:
        tx.put_note("a", "1")
    path = ledger.database.path
    assert copies(path) == []
    a_later_version[1]()
    Ledger.open(sqlite_url).close()
    assert copies(path) == [f"busos.db.before-9999-was-{NOW}"]
    copy = f"{sqlite_url}.before-9999-was-{NOW}"
    assert version(copy) == NOW
    assert do(copy, "SELECT name, value FROM notes") == [("a", "1")]


def test_a_restored_copy_gets_back_the_mode_that_copies_lose(sqlite_url, tmp_path):
    Ledger.open(sqlite_url).close()
    engine = asking(sqlite_url).execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("VACUUM INTO ?", (str(tmp_path / "copy.db"),))
    engine.dispose()
    with Ledger.open(f"sqlite:///{tmp_path}/copy.db") as restored, restored.write() as tx:
        assert tx.connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"

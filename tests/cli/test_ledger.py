"""busos ledger copy, check and tidy; busos backup and restore: what they say, and with which exit status."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.adapters.files import FileTemplates
from engine.language.compiler import load
from engine.model import Contact, Entry, Run, RunStatus
from engine.runtime.ledger import Ledger
from engine.runtime.ledger.tables import metadata
from tests.cli.example import Child
from tests.cli.example import Run as Busos
from tests.postgres import database

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


@pytest.fixture
def ledger(folder: Path) -> Ledger:
    """Two people in the sequence, one due since an hour and one tomorrow; a third who finished long ago."""
    opened = Ledger.open(f"sqlite:///{folder}/busos.db")
    runs = [
        a_run("r1", due_at=NOW - timedelta(hours=1)),
        a_run("r2", due_at=NOW + DAY),
        a_run("r3", status=RunStatus.FINISHED, step=None, due_at=None, ended_at=NOW - 500 * DAY),
    ]
    text = (folder / "sequences.yaml").read_text()
    revision = load(text, FileTemplates(folder / "templates"), testing=False).revision
    with opened.write() as tx:
        tx.put_revision(revision, text, NOW)
        tx.put_contacts([Contact(id=f"c-{run.id}", email=f"{run.id}@example.com") for run in runs], NOW)
        tx.add_runs(runs, revision)
        tx.tell([(run.id, Entry(at=NOW, step=None, kind="start", note="by hand")) for run in runs], revision)
    opened.close()
    return opened


def a_run(name: str, **changes: object) -> Run:
    run = Run(
        id=name,
        program="welcome",
        contact_id=f"c-{name}",
        status=RunStatus.WAITING,
        step="second",
        since=NOW - DAY,
        due_at=NOW,
        started_at=NOW - DAY,
    )
    return run.evolve(**changes)


def change(folder: Path, sql: str) -> None:
    with closing(sqlite3.connect(folder / "busos.db")) as connection, connection:
        connection.execute(sql)


# -- copy -----------------------------------------------------------------------------------------


def test_copy_prints_both_sides_of_every_table(run: Busos, folder: Path, ledger: Ledger) -> None:
    done = run("ledger", "copy", "busos.db", "new.db")
    assert done.exit_code == 0
    head, *rows = done.stdout.splitlines()
    assert head.split() == ["TABLE", "ROWS", "CHECKSUM", "IN", "THE", "COPY"]
    tables = {row.split()[0]: row.split() for row in rows[: rows.index("")]}
    assert set(tables) == {table.name for table in metadata.sorted_tables}
    assert tables["runs"][1] == "3"
    assert re.fullmatch("[0-9a-f]{16}", tables["runs"][2])
    assert all(row[-2:] == ["the", "same"] for row in tables.values())
    assert "rows copied from busos.db to new.db, the same on both sides." in done.stdout
    assert "Set BUSOS_DATABASE_URL to the new place" in done.stdout

    again = run("ledger", "copy", "busos.db", "other.db")
    assert again.exit_code == 2
    assert "The ledger busos.db was moved to new.db" in again.stderr
    assert not (folder / "other.db").exists()


def test_of_a_ledger_that_was_moved_nothing_is_worked_on(run: Busos, ledger: Ledger) -> None:
    run("ledger", "copy", "busos.db", "new.db")
    done = run("send", "bought", "email=ada@example.com", "customer=true")
    assert done.exit_code == 2
    assert "The ledger busos.db was moved to new.db" in done.stderr
    assert run("runs", "list").exit_code == 0  # looking is free
    told = run("doctor")
    assert told.exit_code == 1
    assert "fail  database          The ledger busos.db was moved to new.db" in told.stdout


def test_a_copy_while_running_says_what_it_is(run: Busos, ledger: Ledger, child: Child) -> None:
    done = run("ledger", "copy", "--while-running", "busos.db", "new.db")
    assert done.exit_code == 0
    assert "It is a backup: it does not know what is sent from now on" in done.stdout
    refused = child("worker", BUSOS_DATABASE_URL="sqlite:///new.db", BUSOS_SECRET_KEY="k" * 32)
    assert refused.returncode == 2
    assert "The ledger new.db is a copy, taken at" in refused.stderr


def test_a_copy_that_differs_exits_with_1_and_shows_where(run: Busos, ledger: Ledger) -> None:
    with database() as url:
        with Ledger.open(url) as other, other.write() as tx:
            tx.connection.exec_driver_sql(
                "CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$"
            )
            tx.connection.exec_driver_sql(
                "CREATE TRIGGER lose BEFORE INSERT ON story FOR EACH ROW EXECUTE FUNCTION lose()"
            )
        done = run("ledger", "copy", "busos.db", url)
    assert done.exit_code == 1
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("story")]
    assert "differs: 0 rows, 0000000000000000" in line
    assert "The copy differs in story. Nothing was kept." in done.stderr


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://busos:open-sesame@127.0.0.1:1/busos",
        "postgres://busos:open-sesame@127.0.0.1:1/busos",
        "postgresql://busos@127.0.0.1:1/busos?password=open-sesame",
        "mysql://busos:open-sesame@127.0.0.1/busos",
        "postgresql://busos:open-sesame@127.0.0.1:notaport/busos",
    ],
)
def test_no_password_is_ever_printed(run: Busos, ledger: Ledger, address: str) -> None:
    for words in ((address, "new.db"), ("busos.db", address)):
        done = run("ledger", "copy", *words)
        assert done.exit_code == 2
        assert done.stderr.startswith("Error: ")
        assert "open-sesame" not in done.output


def test_a_database_that_cannot_be_used_is_told_by_its_argument(run: Busos, folder: Path, ledger: Ledger) -> None:
    nobody = "postgresql://busos@127.0.0.1:1/busos"
    assert "Start the server, or correct FROM." in run("ledger", "copy", nobody, "new.db").stderr
    assert "Start the server, or correct TO." in run("ledger", "copy", "busos.db", nobody).stderr
    assert "FROM asks for mysql" in run("ledger", "copy", "mysql://127.0.0.1/busos", "new.db").stderr
    assert "TO asks for mysql" in run("ledger", "copy", "busos.db", "mysql://127.0.0.1/busos").stderr
    (folder / "notes.txt").write_text("no database at all, but text that is long enough to be read " * 20)
    assert "Point FROM at another file" in run("ledger", "copy", "notes.txt", "new.db").stderr
    assert "notes.txt/new.db.unfinished cannot be made: notes.txt is no folder" in (
        run("ledger", "copy", "busos.db", "notes.txt/new.db").stderr
    )


def test_the_bar_is_for_terminals(run: Busos, ledger: Ledger, child: Child) -> None:
    done = child("ledger", "copy", "busos.db", "new.db")
    assert (done.returncode, done.stderr) == (0, "")


# -- check ----------------------------------------------------------------------------------------


def test_check_finds_a_sound_ledger_sound(run: Busos, ledger: Ledger) -> None:
    done = run("ledger", "check")
    assert done.exit_code == 0
    assert re.search(r"^ok    database +busos.db is whole: 0\.\d MB, version \d{4}$", done.stdout, re.MULTILINE)
    assert re.search(r"^ok    rules +all \d are kept by every row$", done.stdout, re.MULTILINE)
    assert re.search(r"^warn  stuck +1 run should have moved, but no worker runs$", done.stdout, re.MULTILINE)
    assert re.search(r"^runs +3$", done.stdout, re.MULTILINE)


@pytest.mark.parametrize(
    ("sql", "check", "said"),
    [
        ("UPDATE runs SET wake_at = NULL WHERE id = 'r1'", "runs awake", "1 row: runs that live and are not paused"),
        ("UPDATE runs SET paused_at = 1 WHERE id = 'r1'", "runs paused", "1 row: paused runs that would be looked at"),
        ("UPDATE runs SET wake_at = 1 WHERE id = 'r3'", "runs over", "1 row: runs that are over, but not at rest"),
        ("UPDATE runs SET ended_at = NULL WHERE id = 'r3'", "runs over", "1 row: runs that are over"),
        ("UPDATE runs SET status = 'sending' WHERE id = 'r1'", "runs sending", "1 row: runs that are to send an email"),
        ("UPDATE runs SET revision = 99", "revisions", "3 rows: runs begun under a version of the file"),
        ("UPDATE runs SET claims = 4 WHERE id = 'r2'", "taken", "1 run taken again and again"),
        ("DELETE FROM contacts WHERE id = 'c-r1'", "database", "refers to a row of contacts that is missing"),
        (
            "INSERT INTO events (id, trigger, payload, contact_id, email, accepted_at, revision) "
            "VALUES ('e', 'quiz', '{}', 'nobody', 'x', 1, 1)",
            "events",
            "1 row: webhooks about a contact that is missing",
        ),
        (
            "INSERT INTO emails (run_id, step, key, contact_id, to_key, template, mailer, status) "
            "VALUES ('r1', 's', 'k', 'c-r1', 't', 't', 'm', 'asked')",
            "emails",
            "1 row: emails that have lost their text",
        ),
    ],
)
def test_check_finds_what_is_wrong(run: Busos, folder: Path, ledger: Ledger, sql: str, check: str, said: str) -> None:
    change(folder, sql)
    done = run("ledger", "check", "--json")
    assert done.exit_code == 1
    found = json.loads(done.stdout)
    assert found["ok"] is False
    assert [(one["check"], one["state"]) for one in found["checks"] if one["state"] == "fail"] == [(check, "fail")]
    (one,) = [one for one in found["checks"] if one["state"] == "fail"]
    assert said in one["said"]
    assert one["fix"]


def test_what_is_due_and_lies_there_while_somebody_works_is_wrong(run: Busos, ledger: Ledger) -> None:
    with Ledger.open("sqlite:///busos.db") as opened, opened.write() as tx:
        tx.hire("w1", "worker", datetime.now(UTC))
    done = run("ledger", "check")
    assert done.exit_code == 1
    assert re.search(r"^fail  stuck +1 run should have moved, and nobody has them$", done.stdout, re.MULTILINE)


def test_a_counter_that_is_behind_is_found(run: Busos, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a copy by hand leaves it: the rows are there, and the next email would get a number that is taken."""
    with database() as url:
        monkeypatch.setenv("BUSOS_DATABASE_URL", url)
        with Ledger.open(url) as opened, opened.write() as tx:
            tx.connection.exec_driver_sql("INSERT INTO revisions (number, hash, text) VALUES (7, 'h', 't')")
        done = run("ledger", "check")
    assert done.exit_code == 1
    assert "numbers of revisions  1 row: rows with a number that would be given again" in done.stdout


# -- tidy -----------------------------------------------------------------------------------------


def stories(folder: Path) -> set[str]:
    with closing(sqlite3.connect(folder / "busos.db")) as connection:
        return {row[0] for row in connection.execute("SELECT run_id FROM story")}


def test_tidy_shows_and_deletes_what_the_setting_says(
    run: Busos, folder: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = run("ledger", "tidy")
    assert "what happened in runs is kept for ever" in done.stdout
    monkeypatch.setenv("BUSOS_KEEP_FINISHED", "400 days")
    done = run("ledger", "tidy", "--dry-run")
    assert (done.exit_code, done.stdout.splitlines()[0]) == (0, "this would be deleted:")
    assert stories(folder) == {"r1", "r2", "r3"}
    done = run("ledger", "tidy", "--json")
    assert json.loads(done.stdout) == {
        "deleted": True, "runs": 1, "lines": 1, "emails": 0, "events": 0, "errands": 0, "workers": 0
    }  # fmt: skip
    assert stories(folder) == {"r1", "r2"}
    assert "r3" in run("runs", "list").stdout


def test_tidy_by_hand_wants_a_yes(run: Busos, folder: Path, ledger: Ledger) -> None:
    done = run("ledger", "tidy", "--keep-finished", "400 days")
    assert done.exit_code == 1
    assert "this would delete what happened in 1 runs" in done.stderr
    assert stories(folder) == {"r1", "r2", "r3"}
    assert run("ledger", "tidy", "--keep-finished", "400 days", "--yes").exit_code == 0
    assert stories(folder) == {"r1", "r2"}
    assert run("ledger", "tidy", "--keep-finished", "1 day").exit_code == 2


# -- backup and restore ---------------------------------------------------------------------------


def test_a_backup_is_named_after_its_moment_and_never_written_over(run: Busos, folder: Path, ledger: Ledger) -> None:
    done = run("backup")
    assert done.exit_code == 0
    (file,) = folder.glob("busos-backup-*.db")
    assert re.fullmatch(r"busos-backup-\d{8}-\d{6}\.db", file.name)
    assert re.fullmatch(rf"{file.name}  0\.\d MB, 3 contacts, 3 runs; checked\n", done.stdout)
    again = run("backup", file.name)
    assert again.exit_code == 2
    assert f"There is a file {file.name} already, and it is not written over" in again.stderr


def test_a_restore_tells_what_it_paused_and_how_to_go_on(run: Busos, folder: Path, ledger: Ledger) -> None:
    run("backup", "monday.db")
    done = run("restore", "monday.db")
    assert done.exit_code == 0
    (aside,) = folder.glob("busos.db.replaced-*")
    assert f"What was there is {aside.name}." in done.stdout
    assert "Paused: 1 run that may have been sent to already. They stand before:" in done.stdout
    assert re.search(r"^  welcome +second +1 +\d{4}-\d\d-\d\d \d\d:\d\d$", done.stdout, re.MULTILINE)
    for command in re.findall(r"^  busos (runs .+?)   ", done.stdout, re.MULTILINE):
        assert run(*command.split(), *(() if "list" in command else ("--dry-run",))).exit_code == 0, command
    assert "second" in run("runs", "list", "--paused").stdout
    shown = run("runs", "show", "r1@example.com").stdout
    assert "due while the restored backup did not know what was sent" in shown


def test_a_webhook_that_had_not_yet_begun_anything_can_be_let_go_on_too(
    run: Busos, folder: Path, ledger: Ledger
) -> None:
    with Ledger.open(f"sqlite:///{folder}/busos.db") as opened, opened.write() as tx:
        tx.add_runs([a_run("r4", program="trigger quiz", step="start welcome", contact_id="c-r1")], "revision")
    run("backup", "monday.db")
    assert re.search(r"^  trigger quiz +start welcome +1 ", run("restore", "monday.db").stdout, re.MULTILINE)
    done = run("runs", "resume", "--sequence", "trigger quiz", "--step", "start welcome", "--yes")
    assert done.exit_code == 0
    with Ledger.open(f"sqlite:///{folder}/busos.db") as opened, opened.read() as tx:
        assert {one.run.id: one.paused for one in tx.standings(["r1", "r4"])} == {"r1": True, "r4": False}


@pytest.fixture
def answering(run: Busos, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Restore as on a terminal, with answers typed."""
    import server.cli.control.restored as module

    class Terminal:
        @staticmethod
        def isatty() -> bool:
            return True

    def restore(answers: str) -> str:
        run("backup", "monday.db")
        from click.testing import CliRunner

        from server.cli.group import busos

        done = CliRunner().invoke(busos, ["restore", "monday.db"], input=answers, catch_exceptions=False)
        assert done.exit_code == 0
        return done.stdout

    class System:
        stdin = Terminal

    monkeypatch.setattr(module, "sys", System)
    return restore


def standing(folder: Path) -> tuple[bool, str, bool]:
    """Whether the first run is paused, before which step it stands, and whether the wait before it begins now."""
    with Ledger.open(f"sqlite:///{folder}/busos.db") as opened, opened.read() as tx:
        (one,) = tx.standings(["r1"])
    return one.paused, str(one.run.step), one.run.since >= NOW


@pytest.mark.parametrize(
    ("answer", "after"),
    [
        ("leave", (True, "second", False)),
        ("", (True, "second", False)),
        ("now", (False, "second", False)),
        ("spread", (False, "second", False)),
        ("skip", (False, "nudge", True)),
    ],
)
def test_on_a_terminal_it_asks_what_to_do(
    answering: Callable[..., str], folder: Path, ledger: Ledger, answer: str, after: tuple[bool, str, bool]
) -> None:
    said = answering(f"{answer}\n")
    assert "1 run of welcome before second" in said
    assert standing(folder) == after
    assert ("Nothing of it goes out before you say so" in said) == after[0]


def test_whoever_stood_still_before_the_backup_stays_so_whatever_is_answered(
    answering: Callable[..., str], folder: Path, ledger: Ledger
) -> None:
    with Ledger.open(f"sqlite:///{folder}/busos.db") as opened, opened.write() as tx:
        tx.pause_runs(["r2"], NOW - DAY)
    assert "(and 1 run stood still before the backup was taken)" in answering("now\n")
    with Ledger.open(f"sqlite:///{folder}/busos.db") as opened, opened.read() as tx:
        assert [one.paused for one in tx.standings(["r1", "r2"])] == [False, True]


def test_nobody_is_said_to_go_on_who_stands_still(run: Busos, folder: Path, ledger: Ledger) -> None:
    with Ledger.open(f"sqlite:///{folder}/busos.db") as opened, opened.write() as tx:
        tx.pause_runs(["r1", "r2"], NOW - DAY)
    run("backup", "monday.db")
    said = run("restore", "monday.db").stdout
    assert "No run fell due since. 2 runs stood still before already: busos runs list --paused\n" in said
    assert "all go on" not in said


def test_restoring_nothing_is_refused(run: Busos, ledger: Ledger) -> None:
    done = run("restore")
    assert done.exit_code == 2
    assert "The ledger busos.db is no copy: name the backup that is to take its place." in done.stderr

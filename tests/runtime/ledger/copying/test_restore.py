"""A backup takes the ledger's place at one instant, and sends nothing that may have been sent."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.errors import LedgerTooNew, LedgerUnavailable
from engine.model import Contact, Run, RunStatus
from engine.runtime.ledger import Ledger, OutboxItem
from engine.runtime.ledger.copying.backup import back_up
from engine.runtime.ledger.copying.move import move
from engine.runtime.ledger.copying.restore import Restoration, restore, use
from engine.runtime.ledger.copying.sides import Quiet
from engine.runtime.ledger.migrations import HEAD
from engine.runtime.ledger.restored import REASON, Unsure
from tests.runtime.ledger.copying.conftest import Place
from tests.runtime.ledger.copying.everything import everything, fill

TAKEN = datetime(2025, 11, 12, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
NOW = TAKEN + 24 * HOUR


def restored(url: str, backup: Path, **how: Any) -> Restoration:
    return restore(url, backup, NOW, Quiet(), **how)


def a_run(name: str, due: datetime | None, **changes: Any) -> Run:
    run = Run(
        id=name,
        program="nurture",
        contact_id=f"c-{name}",
        status=RunStatus.WAITING,
        step="email_2",
        since=TAKEN,
        due_at=due,
        started_at=TAKEN,
    )
    return run.evolve(**changes)


RUNS = [
    a_run("due before the backup", TAKEN - HOUR),
    a_run("due since", TAKEN + HOUR),
    a_run("due now", NOW, step="email_3"),
    a_run("due later", NOW + HOUR),
    a_run("held, looked at later", NOW + HOUR, status=RunStatus.HELD),
    a_run("tried again later", NOW + HOUR, status=RunStatus.SENDING),
    a_run("an event just accepted", TAKEN, program="trigger quiz", status=RunStatus.READY, step="start"),
    a_run("finished", None, status=RunStatus.FINISHED, step=None, ended_at=TAKEN),
    a_run("paused by hand", TAKEN + HOUR),
]
UNSURE = {
    "due before the backup",
    "due since",
    "due now",
    "held, looked at later",
    "tried again later",
    "an event just accepted",
}


def fill_with_runs(url: str) -> None:
    """People in every situation, a worker that has one of them in hand, and an alert on its way."""
    with Ledger.open(url) as ledger, ledger.write() as tx:
        tx.put_contacts([Contact(id=run.contact_id, email=f"{run.id}@example.com") for run in RUNS], TAKEN)
        tx.add_runs(RUNS, "revision")
        number = tx.hire("w1", "worker", TAKEN)
        tx.take(["due later"], TAKEN, HOUR, by=number)
        tx.pause_runs(["paused by hand"], TAKEN - HOUR)
        tx.push([OutboxItem(id="o1", kind="alert", payload={"message": "hello"}, due_at=TAKEN, created_at=TAKEN)])


@pytest.fixture
def backup(places: dict[str, Place], tmp_path: Path) -> Path:
    """A backup of a ledger with people in every situation, taken at noon of the day before."""
    url = places["sqlite"]()
    fill_with_runs(url)
    target = tmp_path / "backup.db"
    back_up(url, target, TAKEN, Quiet())
    return target


def claimable(url: str) -> set[str]:
    """Everybody that workers would move within two hours from now."""
    with Ledger.open(url) as ledger, ledger.write() as tx:
        later = NOW + 2 * HOUR
        claims = [tx.claim(later, HOUR, 100, kind=kind) for kind in ("move", "post")]
        return {one.run.id for some in claims for one in some}


# -- Nothing twice --------------------------------------------------------------------------------


def test_what_may_have_been_done_is_paused_and_what_is_due_later_goes_on(target: str, backup: Path) -> None:
    done = restored(target, backup)
    with Ledger.open(target) as ledger, ledger.read() as tx:
        standings = {one.run.id: one for run in RUNS for one in tx.standings([run.id])}
        assert {name for name, one in standings.items() if one.paused_at == NOW} == UNSURE
        assert standings["paused by hand"].paused_at == TAKEN - HOUR
        assert {one.run.due_at for one in standings.values()} == {run.due_at for run in RUNS}
        assert {(one.lease_until, one.claims) for one in standings.values()} == {(None, 0)}
        told = {name: [(e.at, e.kind, e.note, e.until) for e in tx.story(name)] for name in standings}
        assert told == {
            name: [(NOW, "pause", REASON, one.run.due_at)] if name in UNSURE else [] for name, one in standings.items()
        }
        assert tx.workers_seen_since(TAKEN - HOUR) == []
        assert tx.mark() is None
        (alert,) = tx.list_outbox("alert", "failed")
        assert alert.error == REASON
        assert tx.list_outbox("alert", "pending") == []
    assert claimable(target) == {"due later"}
    assert (done.held.known, done.held.runs, done.held.errands, done.held.before) == (TAKEN, len(UNSURE), 1, 1)
    assert list(done.held.unsure) == [
        Unsure("nurture", "email_2", 4, TAKEN - HOUR),
        Unsure("nurture", "email_3", 1, NOW),
        Unsure("trigger quiz", "start", 1, TAKEN),
    ]


def test_who_was_paused_can_go_on(target: str, backup: Path) -> None:
    restored(target, backup)
    with Ledger.open(target) as ledger, ledger.write() as tx:
        tx.resume_runs([(one, one.run) for one in tx.standings(UNSURE)], NOW)
    assert claimable(target) == UNSURE | {"due later"}


def test_a_plain_copy_of_the_file_is_as_old_as_the_newest_thing_in_it(places: dict[str, Place]) -> None:
    url, target = places["sqlite"](), places["sqlite"]()
    fill_with_runs(url)
    assert restored(target, path_of(url)).held.known == TAKEN  # its worker was seen then


def test_a_copy_of_a_running_ledger_is_put_to_use_where_it_is(target: str, places: dict[str, Place]) -> None:
    url = places["sqlite"]()
    fill_with_runs(url)
    move(url, target, TAKEN, Quiet(), while_running=True)
    done = use(target, NOW)
    assert (done.held.known, done.held.runs) == (TAKEN, len(UNSURE))
    assert claimable(target) == {"due later"}
    with pytest.raises(LedgerUnavailable, match="is no copy: name the backup"):
        use(target, NOW)


def test_a_ledger_that_was_moved_away_can_be_taken_back(places: dict[str, Place]) -> None:
    url, target = places["sqlite"](), places["sqlite"]()
    fill_with_runs(url)
    move(url, target, TAKEN, Quiet())
    assert use(url, NOW).held.runs == len(UNSURE)
    assert claimable(url) == {"due later"}


# -- Who said no ----------------------------------------------------------------------------------


def test_who_unsubscribed_since_is_not_written_to_again(places: dict[str, Place], backup: Path, target: str) -> None:
    """The ledger that is replaced tells: of people whom the backup knows, and of some whom it does not."""
    with Ledger.open(target) as ledger, ledger.write() as tx:
        late = Contact(id="late", email="Late@example.com", values={"first_name": "Lou"}, suppressed="unsubscribed")
        moved_house = Contact(id="c-due now", email="new-address@example.com", suppressed="bounced")
        known = Contact(id="other", email="due later@example.com", suppressed="complained")
        tx.put_contacts([late, moved_house, known, Contact(id="fine", email="fine@example.com")], NOW)
    done = restored(target, backup, safety=backup.with_name("safety.db"))
    assert done.suppressed == 3
    with Ledger.open(target) as ledger, ledger.read() as tx:
        contacts = tx.contacts(["late", "c-due now", "c-due later", "c-due since", "fine", "other"])
    assert {name: one.suppressed for name, one in contacts.items()} == {
        "late": "unsubscribed",
        "c-due now": "bounced",
        "c-due later": "complained",
        "c-due since": None,
    }
    assert contacts["late"] == late


def test_a_ledger_of_the_first_version_tells_who_said_no(released: Path, tmp_path: Path, backup: Path) -> None:
    with closing(sqlite3.connect(released)) as old, old:
        expected = old.execute("UPDATE contacts SET suppressed = 'unsubscribed'").rowcount
    assert restored(f"sqlite:///{released}", backup).suppressed == expected > 0


# -- The swap -------------------------------------------------------------------------------------


def path_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def test_what_was_there_is_kept_beside_it(file: Path, backup: Path) -> None:
    url = f"sqlite:///{file}"
    file.chmod(0o640)
    with Ledger.open(url) as ledger:
        before = everything(ledger)
    done = restored(url, backup)
    assert done.aside == file.with_name(f"{file.name}.replaced-20251113-120000")
    with Ledger.open(f"sqlite:///{done.aside}") as ledger:
        assert everything(ledger) == before
    assert file.stat().st_mode & 0o777 == 0o640
    left = {one.name for one in file.parent.iterdir()} - {"backup.db"}
    assert {name for name in left if name.startswith(file.name)} == {file.name, done.aside.name}
    assert backup.exists()


def test_the_same_owner_keeps_it(file: Path, backup: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only the superuser can give files away")
    os.chown(file, 12345, 54321)
    restored(f"sqlite:///{file}", backup)
    assert (file.stat().st_uid, file.stat().st_gid) == (12345, 54321)


def test_a_ledger_in_use_is_not_replaced(source: str, backup: Path, tmp_path: Path) -> None:
    with Ledger.open(source) as running:
        before = everything(running)
        with pytest.raises(LedgerUnavailable, match=r"is in use: stop busos"):
            restored(source, backup, safety=tmp_path / "safety.db")
        assert everything(running) == before
        with running.write() as tx:
            tx.put_note("it", "still works")


def test_whoever_opens_the_ledger_during_the_swap_finds_one_of_both_whole(file: Path, backup: Path) -> None:
    """Others open and write without a pause while one is swapped for the other, and back, twenty times."""
    url, wrong, ended = f"sqlite:///{file}", [], threading.Event()

    def meddle() -> None:
        while not ended.is_set():
            try:
                with Ledger.open(url) as ledger, ledger.write() as tx:
                    if tx.note("which") is None:
                        tx.put_note("which", "one of both")
            except LedgerUnavailable:
                pass
            except BaseException as error:
                wrong.append(error)

    other = threading.Thread(target=meddle)
    other.start()
    swapped = refused = 0
    try:
        while swapped < 20 and refused < 5_000:
            try:
                restore(url, backup, NOW + swapped * timedelta(seconds=1), Quiet())
                swapped += 1
            except LedgerUnavailable:
                refused += 1
    finally:
        ended.set()
        other.join()
    assert wrong == []
    assert swapped == 20
    for path in [file, *file.parent.glob(f"{file.name}.replaced-*[0-9]")]:
        with Ledger.open(f"sqlite:///{path}") as ledger:
            assert ledger.check() == []
    assert not list(file.parent.glob("*.replaced-*-wal"))


@pytest.mark.parametrize("damage", [slice(0, 4096), slice(4096, None), slice(0, None)], ids=["head", "rest", "all"])
def test_a_damaged_ledger_with_its_log_can_be_replaced(file: Path, backup: Path, tmp_path: Path, damage: slice) -> None:
    """As kill -9 leaves it, and then the disk: nothing of the old log may get into the new ledger."""
    broken, log = tmp_path / "busos.db", tmp_path / "busos.db-wal"
    with Ledger.open(f"sqlite:///{file}") as ledger:
        with ledger.write() as tx:
            tx.put_note("only in", "the log")
        content = bytearray(file.read_bytes())
        content[damage] = b"\xff" * len(content[damage])
        broken.write_bytes(content)
        log.write_bytes(file.with_name(f"{file.name}-wal").read_bytes())
    assert log.stat().st_size > 4096
    done = restored(f"sqlite:///{broken}", backup)
    assert done.aside is not None
    assert done.aside.exists()
    assert done.suppressed is None
    assert not log.exists()
    with Ledger.open(f"sqlite:///{broken}") as ledger, ledger.read() as tx:
        assert tx.note("only in") is None
        assert ledger.check() == []
    assert claimable(f"sqlite:///{broken}") == {"due later"}


# -- Postgres -------------------------------------------------------------------------------------


def test_a_database_with_people_in_it_needs_a_yes_and_is_backed_up_first(
    places: dict[str, Place], backup: Path
) -> None:
    url, safety = places["postgres"](), backup.with_name("safety.db")
    with Ledger.open(url) as ledger:
        fill(ledger)
        before = everything(ledger)
    with pytest.raises(LedgerUnavailable, match="is not empty: it has contacts"):
        restored(url, backup)
    with Ledger.open(url) as ledger:
        assert everything(ledger) == before
    done = restored(url, backup, safety=safety)
    assert done.aside == safety
    assert claimable(url) == {"due later"}
    back = restored(url, safety, safety=backup.with_name("second.db"))
    assert back.held.known == NOW
    with Ledger.open(url) as ledger:
        after = everything(ledger)
    same = {"contacts", "events", "messages", "revisions", "emails", "mirror", "templates", "pauses"}
    assert {name: after[name] for name in same} == {name: before[name] for name in same}
    assert {row[0] for row in after["runs"]} == {row[0] for row in before["runs"]}


# -- The backup is looked at first ----------------------------------------------------------------


def test_an_older_backup_is_migrated_and_stays_as_it_is(target: str, released: Path) -> None:
    before = released.read_bytes()
    restored(target, released)
    assert released.read_bytes() == before
    with closing(sqlite3.connect(released)) as old:
        people = {row[0] for row in old.execute("SELECT id FROM contacts")}
    with Ledger.open(target) as ledger:
        assert {row[0] for row in everything(ledger)["contacts"]} == people
        assert ledger.check() == []
    assert not list(released.parent.glob("*.before-*"))


def spoiled(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4096 * 6 : 4096 * 9] = b"\xff" * 4096 * 3
    path.write_bytes(content)


def of_a_newer_busos(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0999'")


def without_a_contact(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM contacts WHERE id = (SELECT contact_id FROM runs LIMIT 1)")


@pytest.mark.parametrize(
    ("spoil", "kind", "said"),
    [
        (spoiled, LedgerUnavailable, "damaged"),
        (of_a_newer_busos, LedgerTooNew, "newer busos"),
        (without_a_contact, LedgerUnavailable, "refers? to a row|foreign key|violates"),
        (Path.unlink, LedgerUnavailable, "There is no file"),
        (lambda path: path.write_bytes(b""), LedgerUnavailable, "is empty: it is no backup"),
        (lambda path: path.write_bytes(b"x" * 9000), LedgerUnavailable, "is no backup of busos"),
    ],
)
def test_a_bad_backup_changes_nothing(
    source: str, backup: Path, spoil: Callable[[Path], None], kind: type[Exception], said: str
) -> None:
    with Ledger.open(source) as ledger:
        before = everything(ledger)
    spoil(backup)
    with pytest.raises(kind, match=said):
        restored(source, backup, safety=backup.with_name("safety.db"))
    with Ledger.open(source) as ledger:
        assert everything(ledger) == before
    if source.startswith("sqlite"):
        assert not list(path_of(source).parent.glob("*.replaced-*"))
        assert not list(path_of(source).parent.glob("*.unfinished*"))


def test_the_ledger_itself_is_no_backup_of_itself(file: Path) -> None:
    with pytest.raises(LedgerUnavailable, match="is the ledger itself"):
        restored(f"sqlite:///{file}", file)


def test_head_is_the_version_of_what_is_restored(target: str, released: Path) -> None:
    restored(target, released)
    with Ledger.open(target) as ledger, ledger.read() as tx:
        assert tx.connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == HEAD

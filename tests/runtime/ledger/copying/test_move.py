"""A whole ledger from one database to another: every value, at one moment, or nothing at all."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from engine.errors import LedgerUnavailable
from engine.model import Contact, Run, RunStatus
from engine.runtime.ledger import Ledger
from engine.runtime.ledger.copying.copy import CopyDiffers
from engine.runtime.ledger.copying.move import Moved, move
from engine.runtime.ledger.copying.sides import Quiet
from engine.runtime.ledger.restored import MARK, Mark
from engine.runtime.ledger.tables import metadata
from tests.runtime.ledger.copying.conftest import Place
from tests.runtime.ledger.copying.everything import ROWS, everything, fill

NOW = datetime(2025, 11, 12, 12, 0, tzinfo=UTC)


def moved(source: str, target: str, **how: Any) -> Moved:
    return move(source, target, NOW, Quiet(), **how)


def rows_of(url: str) -> dict[str, list[tuple[Any, ...]]]:
    with Ledger.open(url) as ledger:
        return everything(ledger)


def mark_of(url: str) -> Mark | None:
    with Ledger.open(url) as ledger, ledger.read() as tx:
        return tx.mark()


# -- All of it ------------------------------------------------------------------------------------


def test_every_value_of_every_table_arrives(source: str, target: str) -> None:
    before = rows_of(source)
    assert {name: len(rows) for name, rows in before.items()} == {table.name: ROWS for table in metadata.sorted_tables}
    done = moved(source, target)
    assert rows_of(target) == before
    assert {one.table: (one.source.rows, one.same) for one in done.compared} == {
        table.name: (ROWS, True) for table in metadata.sorted_tables
    }


def test_numbers_go_on_where_those_of_the_rows_end(source: str, target: str) -> None:
    moved(source, target)
    with Ledger.open(target) as ledger, ledger.write() as tx:
        assert tx.hire("someone new", "worker", NOW) == ROWS + 1
        tx.put_revision("a new hash", "version: 1", NOW)
        numbers = tx.connection.execute(text("SELECT number FROM revisions ORDER BY number")).scalars().all()
        assert numbers == list(range(1, ROWS + 2))
        insert = metadata.tables["emails"].insert().returning(metadata.tables["emails"].c.number)
        (first,) = tx.connection.execute(text("SELECT run_id FROM emails LIMIT 1")).scalars()
        row = {"run_id": first, "step": "another", "key": "k", "contact_id": "c", "to_key": "t", "template": "t"}
        assert tx.connection.execute(insert, {**row, "mailer": "m", "status": "asked"}).scalar() == ROWS + 1


def test_an_empty_ledger_can_be_moved_too(target: str, places: dict[str, Place]) -> None:
    source = places["sqlite"]()
    Ledger.open(source).close()
    moved(source, target)
    assert {name for name, rows in rows_of(target).items() if rows} == set()
    with Ledger.open(target) as ledger, ledger.write() as tx:
        assert tx.hire("someone new", "worker", NOW) == 1


def test_what_postgres_cannot_hold_is_kept_as_the_engine_keeps_it(places: dict[str, Place]) -> None:
    source, target = places["sqlite"](), places["postgres"]()
    with Ledger.open(source) as ledger, ledger.write() as tx:
        tx.put_note("said by a vendor", "before\x00after")
    moved(source, target)
    with Ledger.open(target) as ledger, ledger.read() as tx:
        assert tx.note("said by a vendor") == "before\ufffdafter"


# -- One of two is worked on ----------------------------------------------------------------------


def test_a_ledger_that_was_moved_is_marked_and_the_new_one_is_not(source: str, target: str) -> None:
    moved(source, target)
    found = mark_of(source)
    assert found is not None
    assert found.at == NOW
    assert found.moved_to is not None
    assert found.moved_to in target
    assert mark_of(target) is None
    with pytest.raises(LedgerUnavailable, match=r"was moved to .* at 2025-11-12 12:00 UTC\. Point BUSOS_DATABASE_URL"):
        moved(source, f"{target}-again")


def test_a_copy_of_a_running_ledger_is_marked_and_the_running_one_is_not(source: str, target: str) -> None:
    with Ledger.open(source) as running:
        before = everything(running)
        moved(source, target, while_running=True)
        assert everything(running) == before
    assert mark_of(source) is None
    assert mark_of(target) == Mark(NOW)
    after = rows_of(target)
    notes = after.pop("notes")
    assert after == {name: rows for name, rows in before.items() if name != "notes"}
    assert [row for row in notes if row[0] != MARK] == before["notes"]


def test_a_ledger_in_use_is_not_moved(source: str, target: str) -> None:
    with Ledger.open(source) as running:
        everything(running)  # its connection stays open, idle
        with pytest.raises(LedgerUnavailable, match=r"is in use: stop busos .* first"):
            moved(source, target)
    assert mark_of(source) is None
    moved(source, target)


def test_nobody_can_begin_to_work_on_a_file_while_it_is_moved(file: Path, places: dict[str, Place]) -> None:
    class Meddler(Quiet):
        said = ""

        def begin(self, what: str, total: int, unit: str = "rows") -> None:
            if self.said:
                return
            try:
                Ledger.open(f"sqlite:///{file}").close()
            except LedgerUnavailable as error:
                self.said = str(error)

    meddler = Meddler()
    move(f"sqlite:///{file}", places["sqlite"](), NOW, meddler)
    assert "is locked by another process" in meddler.said


def test_a_worker_that_begins_while_a_database_is_moved_undoes_the_move(places: dict[str, Place]) -> None:
    source, target = places["postgres"](), places["sqlite"]()
    with Ledger.open(source) as ledger:
        fill(ledger)
    started: list[Ledger] = []

    class Meddler(Quiet):
        def begin(self, what: str, total: int, unit: str = "rows") -> None:
            if not started:
                started.append(Ledger.open(source))
                everything(started[0])

    with pytest.raises(LedgerUnavailable, match="is in use"):
        move(source, target, NOW, Meddler())
    started[0].close()
    assert not path_of(target).exists()
    assert mark_of(source) is None


# -- The target -----------------------------------------------------------------------------------


def path_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def test_a_new_file_is_for_its_owner_only_and_nothing_is_left_beside_it(source: str, tmp_path: Path) -> None:
    target = tmp_path / "there" / "new.db"
    target.parent.mkdir()
    moved(source, f"sqlite:///{target}")
    assert target.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in target.parent.iterdir()] == ["new.db"]


@pytest.mark.parametrize("content", [b"", b"of somebody else"])
def test_a_file_that_is_there_is_not_written_over(source: str, tmp_path: Path, content: bytes) -> None:
    target = tmp_path / "taken.db"
    target.write_bytes(content)
    with pytest.raises(LedgerUnavailable, match=r"There is a file .*taken.db already"):
        moved(source, f"sqlite:///{target}")
    assert target.read_bytes() == content
    assert mark_of(source) is None


def test_a_file_that_appears_meanwhile_is_not_written_over(source: str, tmp_path: Path) -> None:
    target = tmp_path / "taken.db"

    class Meddler(Quiet):
        def begin(self, what: str, total: int, unit: str = "rows") -> None:
            target.write_bytes(b"of somebody else")

    with pytest.raises(LedgerUnavailable, match=r"There is a file .*taken.db already"):
        move(source, f"sqlite:///{target}", NOW, Meddler())
    assert target.read_bytes() == b"of somebody else"
    assert mark_of(source) is None
    assert not list(tmp_path.glob("*.unfinished*"))


def test_a_database_with_people_in_it_is_not_written_over(source: str, places: dict[str, Place]) -> None:
    target = places["postgres"]()
    with Ledger.open(target) as ledger, ledger.write() as tx:
        tx.put_contacts([Contact(id="c1", email="ada@example.com")], NOW)
    before = rows_of(target)
    with pytest.raises(LedgerUnavailable, match=r"is not empty: it has contacts\. Name an empty database"):
        moved(source, target)
    assert rows_of(target) == before


def test_a_database_that_was_only_looked_at_counts_as_empty(source: str, places: dict[str, Place]) -> None:
    target, before = places["postgres"](), rows_of(source)
    with Ledger.open(target) as ledger, ledger.write() as tx:
        tx.put_note("last doctor check", NOW.isoformat())
        tx.put_revision("hash", "version: 1", NOW)
    moved(source, target)
    assert rows_of(target) == before


def test_nothing_is_made_at_a_wrong_address(target: str, tmp_path: Path) -> None:
    with pytest.raises(LedgerUnavailable, match="There is no ledger"):
        moved(f"sqlite:///{tmp_path}/missing.db", target)
    assert list(tmp_path.iterdir()) == []


def test_a_ledger_is_not_copied_onto_itself(source: str) -> None:
    with pytest.raises(LedgerUnavailable, match="is both: name two different places"):
        moved(source, source)


def test_a_copy_that_differs_is_not_kept(source: str, places: dict[str, Place]) -> None:
    """A real cause: a trigger in the database changes what is written."""
    target = places["postgres"]()
    with Ledger.open(target) as ledger, ledger.write() as tx:
        tx.connection.execute(
            text("""
                CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN NEW.email := upper(NEW.email); RETURN NEW; END $$
            """)
        )
        tx.connection.execute(
            text("CREATE TRIGGER shout BEFORE INSERT ON contacts FOR EACH ROW EXECUTE FUNCTION shout()")
        )
    with pytest.raises(CopyDiffers, match=r"The copy differs in contacts\. Nothing was kept") as caught:
        moved(source, target)
    assert [(one.table, one.source.rows, one.target.rows) for one in caught.value.compared if not one.same] == [
        ("contacts", ROWS, ROWS)
    ]
    assert rows_of(target)["contacts"] == []
    assert mark_of(source) is None


# -- One moment -----------------------------------------------------------------------------------


@contextmanager
def written_without_a_pause(url: str) -> Iterator[Callable[[], int]]:
    """Somebody adds a contact with a run, in one transaction each, until the block ends."""
    ended, added = threading.Event(), 0

    def write() -> None:
        nonlocal added
        with Ledger.open(url) as ledger:
            while not ended.is_set():
                name = f"new{added:06}"
                run = Run(
                    id=f"r{name}",
                    program="nurture",
                    contact_id=name,
                    status=RunStatus.READY,
                    step="email_1",
                    since=NOW,
                    due_at=NOW,
                    started_at=NOW,
                )
                with ledger.write(durable=False) as tx:
                    tx.put_contacts([Contact(id=name, email=f"{name}@example.com")], NOW)
                    tx.add_runs([run], "revision")
                added += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield lambda: added
    finally:
        ended.set()
        writer.join()


def test_a_copy_under_load_is_of_one_moment(source: str, target: str) -> None:
    counts: list[int] = []
    with written_without_a_pause(source) as added:

        class Waiting(Quiet):
            """Lets much happen between one table and the next."""

            def reached(self, done: int) -> None:
                counts.append(added())
                while added() < counts[-1] + 3:
                    pass

        while added() < 10:
            pass
        move(source, target, NOW, Waiting(), while_running=True)
    after = rows_of(target)
    people = {row[0] for row in after["contacts"] if row[0].startswith("new")}
    assert {row[2] for row in after["runs"] if row[0].startswith("rnew")} == people
    assert counts[-1] > counts[0] + 20, "nothing was written meanwhile"
    assert counts[0] >= len(people) >= 10

"""busos erase: one person is gone from everything, nobody else is, and it says where it looked."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.runtime.erasing import ASKED_FOR, InFlight, erase, prove
from engine.runtime.ledger import Ledger
from engine.runtime.person import person_at
from engine.runtime.suppressions import hashed_key
from tests.cli.example import Run
from tests.cli.test_export import NOON, fill
from tests.standins.faults import Faults
from tests.standins.notion import Notion
from tests.standins.notion_seeds import CONTACTS, CONTACTS_SOURCE, TEMPLATES
from tests.standins.server import StandIn

ROOT = Path(__file__).parents[2]
KEY = "k" * 32
ADA = "ada@example.com"


def keyed(folder: Path) -> None:
    (folder / ".env").write_text(f"BUSOS_SECRET_KEY={KEY}\n")


def lift(url: str) -> None:
    """She never unsubscribed."""
    with Ledger.open(url) as ledger, ledger.write() as tx:
        tx.change_suppressions(["contact-ada-1"], lambda one: one.without_reason(), NOON)


def test_she_is_gone_and_everybody_else_is_as_before(url: str) -> None:
    fill(url)
    with Ledger.open(url) as ledger:
        with ledger.read() as tx:
            before = person_at(tx, "mcada@example.com")
        done = erase(ledger, ADA.upper(), KEY, NOON, suppress=False)
        assert done.rows == {
            "outbox": 3,
            "messages": 1,
            "emails": 1,
            "story": 1,
            "runs": 1,
            "events": 1,
            "mirror": 1,
            "contacts": 1,
        }
        assert done.page_id == "notion-ada"
        with ledger.read() as tx:
            assert person_at(tx, ADA) is None
            assert person_at(tx, "mcada@example.com") == before
            assert [one.rows for one in tx.broken_rules() if one.rows] == []


def test_who_had_unsubscribed_stays_so_under_a_hash(url: str) -> None:
    fill(url)
    with Ledger.open(url) as ledger:
        assert erase(ledger, ADA, KEY, NOON, suppress=False).kept == hashed_key(ADA, KEY)
        with ledger.read() as tx:
            kept = tx.suppressed_addresses([ADA, hashed_key(ADA, KEY)])
    assert [(key, one.reason) for key, one in kept.items()] == [(hashed_key(ADA, KEY), "unsubscribed")]


@pytest.mark.parametrize(("asked", "reasons"), [(False, []), (True, [ASKED_FOR])])
def test_who_never_unsubscribed_leaves_nothing_unless_asked_for(url: str, asked: bool, reasons: list[str]) -> None:
    fill(url)
    lift(url)
    with Ledger.open(url) as ledger:
        erase(ledger, ADA, KEY, NOON, suppress=asked)
        with ledger.read() as tx:
            assert [one.reason for one in tx.suppressed_addresses([ADA, hashed_key(ADA, KEY)]).values()] == reasons


def test_what_is_on_its_way_out_is_waited_for(url: str) -> None:
    fill(url)
    with Ledger.open(url) as ledger:
        with ledger.write() as tx:
            tx.take(["run-ada"], NOON, timedelta(minutes=1))
        with pytest.raises(InFlight):
            erase(ledger, ADA, KEY, NOON, suppress=False)
        with ledger.write() as tx:
            assert person_at(tx, ADA) is not None
            tx.claim_outbox("mirror", NOON, timedelta(hours=2), 9, by=1)
        later = NOON + timedelta(hours=1)
        with pytest.raises(InFlight):
            erase(ledger, ADA, KEY, later, suppress=False)


def test_a_claim_from_before_writes_nothing_afterwards(url: str) -> None:
    fill(url)
    with Ledger.open(url) as ledger:
        with ledger.write() as tx:
            [taken] = tx.take(["run-ada"], NOON - timedelta(hours=2), timedelta(minutes=1))
        erase(ledger, ADA, KEY, NOON, suppress=False)
        with ledger.write() as tx:
            assert tx.settle([taken.run]) == {}
            assert tx.poke(["contact-ada-1"], NOON) == set()


def test_the_search_finds_what_is_left_and_says_where(url: str, tmp_path: Path) -> None:
    fill(url)
    log = tmp_path / "busos.log"
    log.write_text("started\nemail=Ada@example.com sent\n")
    with Ledger.open(url) as ledger:
        done = erase(ledger, ADA, KEY, NOON, suppress=False)
        assert prove(ledger, ADA, done, []).found == []
        with ledger.write() as tx:
            tx.put_note("somewhere", "line\nada@example.com")
        found = prove(ledger, ADA, done, [log]).found
    assert found == ["notes.value: 1 rows", f"{log}, line 2"]


def test_the_bytes_of_the_file_hold_nothing_of_her(run: Run, folder: Path) -> None:
    keyed(folder)
    fill("sqlite:///busos.db")
    with closing(sqlite3.connect(folder / "busos.db")) as connection, connection:
        connection.execute(
            "UPDATE contacts SET email = 'bo@example.com', email_key = 'bo@example.com' WHERE id = 'contact-mcada-1'"
        )
        connection.execute("UPDATE events SET email = 'bo@example.com' WHERE contact_id = 'contact-mcada-1'")
        connection.execute("DELETE FROM outbox WHERE id = 'alert-mcada'")
        connection.execute("UPDATE emails SET to_key = 'bo@example.com' WHERE contact_id = 'contact-mcada-1'")
    (folder / "busos-backup-1.db").write_bytes(b"..ADA@example.com..")
    (folder / "busos-backup-2.db").write_bytes(b"..")
    done = run("erase", ADA, "--yes")
    assert "found nowhere" in done.stdout, done.stdout
    assert done.exit_code == 0
    assert "the bytes of busos.db" in done.stdout
    assert "busos-backup-1.db still holds them" in done.stdout
    assert "busos-backup-2.db" not in done.stdout
    assert "notion-ada: delete it there" in done.stdout
    held = b"".join(path.read_bytes() for path in folder.glob("busos.db*")).lower()
    assert b"ada@example.com" not in held
    assert run("erase", ADA, "--yes").stdout.startswith("nobody has this address")


def test_the_page_in_notion_goes_to_the_trash_where_that_is_asked_for(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyed(folder)
    fill("sqlite:///busos.db")
    refused = run("erase", ADA, "--mirror", "--yes")
    assert (refused.exit_code, "Notion is not configured here" in refused.stderr) == (2, True)
    vendor = Notion(rate=0, token="ntn_for-a-stand-in")
    if not vendor.judges:
        pytest.skip("contracts of Notion: ../shared/contracts is missing")
    shutil.copy(ROOT / "sequences.yaml", folder / "sequences.yaml")
    with StandIn(vendor) as server:
        for name, value in (
            ("NOTION_API_URL", server.url),
            ("NOTION_TOKEN", "ntn_for-a-stand-in"),
            ("NOTION_CONTACTS_DB_ID", CONTACTS),
            ("NOTION_TEMPLATES_DB_ID", TEMPLATES),
        ):
            monkeypatch.setenv(name, value)
        vendor.add(CONTACTS_SOURCE, Email=ADA)
        other = vendor.add(CONTACTS_SOURCE, Email="mcada@example.com")
        server.faults = Faults(down="refused")
        away = run("erase", ADA, "--mirror", "--yes")
        assert away.exit_code == 1
        assert "found nowhere" in away.stdout
        assert "their page in Notion (notion-ada) is still there: Notion could not be reached" in away.stdout
        server.faults = Faults(script=["429"], retry_after=0)
        again = run("erase", ADA, "--mirror", "--yes")
        assert (again.exit_code, again.stdout.splitlines()[-1]) == (0, "their page in Notion is in the trash there")
        assert "no page of theirs is left" in run("erase", ADA, "--mirror", "--yes").stdout
    assert [page for page in vendor.pages.values() if not page.in_trash] == [other]
    assert vendor.violations == []


def test_without_a_yes_nothing_is_deleted(run: Run, folder: Path) -> None:
    keyed(folder)
    fill("sqlite:///busos.db")
    done = run("erase", ADA)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "say --yes to do it. Nothing was deleted" in done.stderr
    assert run("export", ADA).exit_code == 0


def test_without_a_key_nothing_is_deleted(run: Run) -> None:
    fill("sqlite:///busos.db")
    done = run("erase", ADA, "--yes")
    assert done.exit_code == 2
    assert "BUSOS_SECRET_KEY is not set" in done.stderr
    assert run("export", ADA).exit_code == 0


def test_the_note_of_it_names_nobody(url: str) -> None:
    fill(url)
    now = datetime.now(UTC)
    with Ledger.open(url) as ledger:
        erase(ledger, ADA, KEY, now, suppress=False)
        with ledger.read() as tx:
            noted = tx.note(f"erased at {now.isoformat()}")
    assert noted is not None
    assert hashed_key(ADA, KEY).startswith(noted)
    assert "ada" not in noted

"""``busos suppressions``: on every database, for people and for addresses that nobody has."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.model import Contact
from engine.runtime.ledger import Ledger
from tests.cli.example import Run


@pytest.fixture
def ledger(folder: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A ledger in which somebody is."""
    monkeypatch.setenv("BUSOS_DATABASE_URL", url)
    with Ledger.open(url) as opened, opened.write() as tx:
        tx.put_contacts([Contact(id="ada", email="Ada@example.com")], datetime.now(UTC))
    return url


def suppressed(url: str) -> str | None:
    with Ledger.open(url) as opened, opened.read() as tx:
        return tx.contacts(["ada"])["ada"].suppressed


def rows(run: Run) -> list[tuple[str, str]]:
    found = json.loads(run("suppressions", "list", "--json").stdout)["suppressions"]
    return [(row["address"], row["reason"]) for row in found]


def test_an_address_is_added_shown_and_taken_away(run: Run, ledger: str) -> None:
    assert run("suppressions", "list").stdout == "nobody\n"
    assert (
        run("suppressions", "add", "ADA@example.com").stdout
        == "ADA@example.com gets no more email; their sequences end\n"
    )
    added = run("suppressions", "add", "bob@example.com", "--reason", "bounced")
    assert added.stdout == "bob@example.com gets no more email; nobody here has it yet\n"
    assert suppressed(ledger) == "unsubscribed"
    assert rows(run) == [("ada@example.com", "unsubscribed"), ("bob@example.com", "bounced")]
    shown = run("suppressions", "list").stdout.splitlines()
    assert shown[0].split() == ["ADDRESS", "REASON", "SINCE", "BY", "SEQUENCES", "LEFT"]
    assert "shell" in shown[1]

    for address in ("ada@example.com", "bob@example.com"):
        assert run("suppressions", "remove", address).stdout == f"{address} may be written to again\n"
        again = run("suppressions", "remove", address)
        assert (again.exit_code, again.stderr) == (1, f"nothing stands against {address}\n")
    assert (suppressed(ledger), rows(run)) == (None, [])


def test_who_comes_later_is_known(run: Run, ledger: str) -> None:
    run("suppressions", "add", "bob@example.com")
    run("send", "quiz", "email=bob@example.com", "reds=2")
    with Ledger.open(ledger) as opened, opened.read() as tx:
        assert tx.contacts_by_email(["bob@example.com"])["bob@example.com"].suppressed == "unsubscribed"
    assert rows(run) == [("bob@example.com", "unsubscribed")]


def test_a_list_of_another_program_comes_in(run: Run, ledger: str, folder: Path) -> None:
    many = "".join(f"p{number}@example.com,never\n" for number in range(1200))
    (folder / "list.csv").write_text(f"Email,Why\nada@example.com,x\n{many}")
    refused = run("suppressions", "import", "list.csv")
    assert (refused.exit_code, rows(run)) == (2, [])
    taken = run("suppressions", "import", "list.csv", "--yes", "--reason", "complained")
    assert taken.stdout == "1,201 addresses get no more email; 1 of them is somebody here\n"
    assert len(rows(run)) == 1201
    assert suppressed(ledger) == "complained"


def test_lines_without_an_address_are_told(run: Run, ledger: str, folder: Path) -> None:
    (folder / "list.txt").write_text("ada@example.com\nnobody\nbob@example.com\n")
    refused = run("suppressions", "import", "list.txt", "--yes")
    assert refused.exit_code == 1
    assert "list.txt:2: 'nobody' is no email address" in refused.stderr
    assert "1 line holds no address, so nothing was taken" in refused.stderr
    assert rows(run) == []
    assert run("suppressions", "import", "list.txt", "--yes", "--skip-bad").exit_code == 0
    assert len(rows(run)) == 2


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize("verb", ["add", "remove"])
def test_what_is_no_address_is_said(run: Run, verb: str) -> None:
    result = run("suppressions", verb, "nobody")
    assert result.exit_code == 2
    assert '"nobody" is no email address' in result.stderr

"""``busos explain``: a person's past from the ledger, and their future from the machine itself."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.model import Contact, Entry, RunStatus
from engine.model import Run as Journey
from engine.ports import Message
from engine.runtime.ledger import EmailRecord, Ledger
from tests.cli.example import FILE, Run

HOUR = timedelta(hours=1)
NOON = datetime(2100, 1, 1, 12, tzinfo=UTC)


def journey(number: str, status: RunStatus, **more: object) -> Journey:
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    fixed = {"id": number, "program": "welcome", "contact_id": "ada", "status": status, "since": now, "started_at": now}
    return Journey(**{**fixed, "step": "second", "due_at": now + 24 * HOUR, "segment": "HOT", **more})  # type: ignore[arg-type]


def keep(*runs: Journey, suppressed: str | None = None, **values: object) -> None:
    now = runs[0].since if runs else datetime.now(UTC)
    with Ledger.open("sqlite:///busos.db") as opened, opened.write() as tx:
        tx.put_revision("before", FILE, now)
        contact = Contact(id="ada", email="Ada@example.com", values=values, suppressed=suppressed)  # type: ignore[arg-type]
        tx.put_contacts([contact], now)
        tx.add_runs(runs, "before")
        hello = Entry(at=now, step="hello", kind="email", note="sent", template="hello", subject="Hello Ada")
        tx.tell([(run.id, hello) for run in runs], "before")


@pytest.mark.usefixtures("folder")
def test_a_person_is_told_whole(run: Run) -> None:
    keep(journey("r1", RunStatus.WAITING), reds=3, first_name="Ada", segment="HOT")
    result = run("explain", "ada@example.com")
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[:5] == [
        "Ada@example.com",
        "known: reds 3, first_name Ada",
        "unknown: customer",
        "segment HOT, because reds = 3        (sequences.yaml:11  reds >= 2)",
        "",
    ]
    assert lines[5] == "welcome  waiting, segment HOT  run r1"
    assert lines[6].endswith("hello  Hello Ada")
    assert lines[7] == "what comes, if nothing changes:"
    assert [line.split("  ")[1] for line in lines if "  hot  " in line] == ["hot"]
    assert "You have 3 reds" in lines[8]
    assert lines[-1] == "it ends at once if: customer = true, or they unsubscribe, bounce or complain"


@pytest.mark.usefixtures("folder")
def test_who_keeps_a_version_of_the_file_ends_on_that_one(run: Run) -> None:
    keep(journey("r1", RunStatus.WAITING, pinned=1), journey("r2", RunStatus.WAITING), reds=3, segment="HOT")
    with Ledger.open("sqlite:///busos.db") as opened, opened.write() as tx:
        tx.put_revision("after", FILE.replace("customer = true", "reds = 0").replace("HOT: hot", "HOT: cold"), NOON)
    runs = {one["run"]: one for one in json.loads(run("explain", "ada@example.com", "--json").stdout)["runs"]}
    first = {name: one["ahead"][0]["template"] for name, one in runs.items()}
    assert first == {"r1": "hot", "r2": "cold"}
    lines = run("explain", "ada@example.com").stdout.splitlines()
    ends = [line.split(",")[0] for line in lines if line.startswith("it ends at once")]
    assert sorted(ends) == ["it ends at once if: customer = true", "it ends at once if: reds = 0"]


@pytest.mark.usefixtures("folder")
def test_json_has_the_past_and_what_is_ahead(run: Run) -> None:
    keep(journey("r1", RunStatus.WAITING), reds=3)
    document = json.loads(run("explain", "ada@example.com", "--json").stdout)
    (only,) = document["runs"]
    assert [line["kind"] for line in only["story"]] == ["email"]
    assert [line.get("template") for line in only["ahead"] if line["kind"] == "email"] == ["hot", "hello"]


@pytest.mark.usefixtures("folder")
def test_who_stands_still_or_is_gone_has_nothing_ahead(run: Run) -> None:
    paused, over = journey("r1", RunStatus.WAITING), journey("r2", RunStatus.FINISHED, step=None, due_at=None)
    gone = journey("r3", RunStatus.HELD, program="gone", reason="gone is no longer in the file")
    keep(paused, over, gone, suppressed="unsubscribed")
    with Ledger.open("sqlite:///busos.db") as opened, opened.write() as tx:
        tx.pause_runs(["r1"], paused.since)
    result = run("explain", "ADA@example.com")
    assert "Ada@example.com  unsubscribed" in result.stdout
    assert "known: nothing but the address" in result.stdout
    assert "no segment: reds is unknown" in result.stdout
    assert "stands still until somebody resumes it" in result.stdout
    assert "gone  held, segment HOT, because gone is no longer in the file" in result.stdout
    assert "this sequence is no longer in the file: it stays where it is" in result.stdout
    assert "what comes" not in result.stdout


@pytest.mark.usefixtures("folder")
def test_a_sequence_that_will_begin_is_ahead_too(run: Run) -> None:
    run("send", "quiz", "email=ada@example.com", "reds=0")
    result = run("explain", "ada@example.com")
    assert "welcome  will begin, if nothing changes:" in result.stdout
    assert "All is well" in result.stdout


@pytest.mark.usefixtures("folder")
def test_nobody_is_a_no(run: Run) -> None:
    keep()
    result = run("explain", "bo@example.com")
    assert result.exit_code == 1
    assert 'nobody has the address "bo@example.com"' in result.stderr


def test_what_comes_waits_for_what_went_out_before(run: Run, folder: Path) -> None:
    said = "email: {from: Sang Le <sang@example.com>"
    (folder / "sequences.yaml").write_text(FILE.replace(said, f"{said}, at_most: 1 per 3 days"))
    keep(journey("r1", RunStatus.WAITING), reds=3, first_name="Ada", segment="HOT")
    now = datetime.now(UTC)
    fixed = {"key": "r1/hello", "template": "hello", "sender": "a@example.com", "subject": "", "html": "", "text": ""}
    hello = Message(to="ada@example.com", **fixed)
    with Ledger.open("sqlite:///busos.db") as opened, opened.write() as tx:
        tx.put_revision("now", (folder / "sequences.yaml").read_text(), now)
        known = {"run_id": "r1", "step": "hello", "key": "r1/hello", "contact_id": "ada", "mailer": "outbox"}
        tx.put_emails([EmailRecord(**known, message=hello, status="accepted", accepted_at=now)])

    told = json.loads(run("explain", "ada@example.com", "--json").stdout)

    waits = next(line for line in told["runs"][0]["ahead"] if line["note"] == "at most 1 per 3 days")
    in_three_days = datetime.fromisoformat(waits["until"]) - now - timedelta(days=3)
    assert abs(in_three_days) <= timedelta(hours=1, seconds=1)  # the clocks may change meanwhile

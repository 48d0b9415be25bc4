from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.model import Contact, Entry, RunStatus
from engine.model import Run as Journey
from engine.runtime.ledger import Ledger
from tests.cli.example import Run

NOON = datetime(2025, 11, 12, 17, tzinfo=UTC)
HOUR = timedelta(hours=1)


def journey(number: str, program: str, status: RunStatus, **more: object) -> Journey:
    """A run of Ada's."""
    start = {"id": number, "program": program, "contact_id": "ada", "status": status, "step": None}
    times = {"since": NOON, "due_at": None, "started_at": NOON}
    return Journey(**{**start, **times, **more})  # type: ignore[arg-type]


@pytest.fixture
def ledger(folder: Path) -> Path:
    """A ledger in which Ada took the quiz, got one email after two tries, waits, and is held elsewhere."""
    welcome = journey("run-2", "welcome", RunStatus.WAITING, step="second", due_at=NOON + 24 * HOUR, segment="HOT")
    held = journey("run-3", "welcome", RunStatus.HELD, step="second", reason="no template", due_at=NOON + HOUR)
    with Ledger.open("sqlite:///busos.db") as opened, opened.write() as tx:
        tx.put_revision("abc", "version: 1", NOON)
        tx.put_contacts([Contact(id="ada", email="Ada@example.com"), Contact(id="bo", email="bo@example.com")], NOON)
        quiz = journey("run-1", "trigger quiz", RunStatus.FINISHED, ended_at=NOON)
        tx.add_runs([quiz, welcome, held.evolve(contact_id="bo")], "abc")
        tx.tell(
            [
                ("run-1", Entry(at=NOON, step="start welcome", kind="start", note="welcome: started")),
                ("run-2", Entry(at=NOON, step="hello", kind="retry", note="busy", attempts=1, error="busy")),
                (
                    "run-2",
                    Entry(
                        at=NOON,
                        step="hello",
                        kind="email",
                        note="sent on try 2",
                        template="hello",
                        subject="Hello\x1b there",
                        provider_id="re-1",
                        attempts=2,
                    ),
                ),
                ("run-2", Entry(at=NOON, step="second", kind="wait", note="24 hours", until=NOON + 24 * HOUR)),
                ("run-3", Entry(at=NOON, step="second", kind="hold", note="no template", error="no template")),
            ],
            "abc",
        )
    return folder


@pytest.mark.usefixtures("ledger")
def test_the_story_of_a_person_begins_with_the_trigger(run: Run) -> None:
    result = run("runs", "show", "ada@EXAMPLE.com")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        "trigger quiz  Ada@example.com  finished  run run-1\n"
        "Wed 12 Nov 12:00  start  welcome: started\n"
        "\n"
        "welcome  Ada@example.com  waiting, segment HOT  run run-2\n"
        "Wed 12 Nov 12:00  hello  busy\n"
        "Wed 12 Nov 12:00  hello  Hello  there  (2 tries)\n"
        "                  wait 24 hours\n"
        "next: second, Thu 13 Nov 12:00\n"
    )


@pytest.mark.usefixtures("ledger")
def test_the_json_of_a_run_has_the_shape_of_a_simulation_and_what_the_provider_said(run: Run) -> None:
    document = json.loads(run("runs", "show", "run-2", "--json").stdout)
    assert (document["sequence"], document["segment"], document["outcome"]) == ("welcome", "HOT", "waiting")
    assert document["story"][1] == {
        "at": "2025-11-12T12:00:00-05:00",
        "step": "hello",
        "kind": "email",
        "template": "hello",
        "subject": "Hello\x1b there",
        "provider_id": "re-1",
        "attempts": 2,
        "error": None,
        "note": "sent on try 2",
        "revision": "abc",
        "commit": None,
    }
    assert document["other_runs"] == []


@pytest.mark.usefixtures("ledger")
def test_the_json_of_a_person_is_the_newest_run_in_a_sequence_and_the_others(run: Run) -> None:
    document = json.loads(run("runs", "show", "ada@example.com", "--json").stdout)
    assert document["run"] == "run-2"
    assert [other["run"] for other in document["other_runs"]] == ["run-1"]


@pytest.mark.usefixtures("ledger")
def test_a_held_run_says_why_and_when_it_is_looked_at_again(run: Run) -> None:
    lines = run("runs", "show", "run-3").stdout.splitlines()
    assert lines[1:] == [
        "Wed 12 Nov 12:00  held  no template",
        "next: second, Wed 12 Nov 13:00 (no template)",
        "  busos runs retry run-3",
        "  busos runs skip run-3",
    ]


@pytest.mark.parametrize("who", ["run-9", "nobody@example.com"])
@pytest.mark.usefixtures("ledger")
def test_whoever_is_not_there_is_a_no(run: Run, who: str) -> None:
    result = run("runs", "show", who)
    assert (result.exit_code, result.stdout) == (1, "")
    assert who in result.stderr


@pytest.mark.usefixtures("ledger")
def test_the_list_is_newest_first_without_the_triggers(run: Run) -> None:
    assert run("runs", "list").stdout == (
        "RUN    SEQUENCE  EMAIL            STATUS   NEXT    WHEN              WHY\n"
        "run-3  welcome   bo@example.com   held     second  2025-11-12 13:00  no template\n"
        "run-2  welcome   Ada@example.com  waiting  second  2025-11-13 12:00\n"
    )


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), ["run-3", "run-2"]),
        (("--triggers",), ["run-3", "run-2", "run-1"]),
        (("--status", "held"), ["run-3"]),
        (("--email", "ADA@example.com"), ["run-2"]),
        (("--sequence", "welcome", "--limit", "1"), ["run-3"]),
        (("--sequence", "nothing"), []),
    ],
)
@pytest.mark.usefixtures("ledger")
def test_the_list_can_be_narrowed(run: Run, words: tuple[str, ...], expected: list[str]) -> None:
    document = json.loads(run("runs", "list", "--json", *words).stdout)
    assert [one["id"] for one in document["runs"]] == expected


@pytest.mark.usefixtures("ledger")
def test_an_empty_list_says_so(run: Run) -> None:
    assert run("runs", "list", "--sequence", "nothing").stdout == "no runs\n"


def test_looking_makes_no_ledger(run: Run, folder: Path) -> None:
    result = run("runs", "list")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("Error: there is no ledger busos.db yet")
    assert not (folder / "busos.db").exists()


@pytest.fixture
def calls(folder: Path) -> Path:
    """A ledger in which Ada has booked two calls, and is in a sequence without a key."""
    runs = [
        journey("run-4", "reminders", RunStatus.WAITING, due_at=NOON, step="soon", key="A 17", given={"place": "here"}),
        journey("run-5", "reminders", RunStatus.HELD, due_at=NOON, step="soon", key="B", reason="no template"),
        journey("run-6", "welcome", RunStatus.HELD, due_at=NOON, step="soon", reason="no template"),
    ]
    with Ledger.open("sqlite:///busos.db") as opened, opened.write() as tx:
        tx.put_revision("abc", "version: 1", NOON)
        tx.put_contacts([Contact(id="ada", email="ada@example.com")], NOON)
        tx.add_runs(runs, "abc")
    return folder


def ids(run: Run, *words: str) -> list[str]:
    return [one["id"] for one in json.loads(run("runs", "list", *words, "--json").stdout)["runs"]]


@pytest.mark.usefixtures("calls")
def test_runs_are_listed_and_picked_by_what_they_are_for(run: Run) -> None:
    assert ids(run, "--key", "A 17") == ["run-4"]
    assert ids(run, "--held", "--key", "B") == ["run-5"]
    assert ids(run, "--held") == ["run-6", "run-5"]
    assert run("runs", "list", "--key", "C").stdout == "no runs\n"
    head, *lines = run("runs", "list").stdout.splitlines()
    assert head.split()[:4] == ["RUN", "SEQUENCE", "KEY", "EMAIL"]
    assert [line[head.index("KEY") : head.index("EMAIL")].strip() for line in lines] == ["", "B", "A 17"]
    assert "KEY" not in run("runs", "list", "--sequence", "welcome").stdout


@pytest.mark.usefixtures("calls")
def test_a_run_tells_what_it_is_for(run: Run) -> None:
    assert run("runs", "show", "run-4").stdout.startswith("reminders for A 17  ada@example.com  waiting  run run-4\n")
    assert json.loads(run("runs", "show", "run-4", "--json").stdout)["key"] == "A 17"


@pytest.mark.usefixtures("calls")
def test_a_run_is_stopped_by_what_it_is_for(run: Run) -> None:
    result = run("runs", "stop", "ada@example.com", "--key", "A 17", "--yes")
    assert result.exit_code == 0, result.stdout + result.stderr
    assert ids(run, "--status", "stopped") == ["run-4"]
    assert run("runs", "pause", "--sequence", "reminders", "--key", "B", "--yes").exit_code == 0
    assert ids(run, "--paused") == ["run-5"]

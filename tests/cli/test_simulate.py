from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from server.cli.group import busos
from tests.cli.example import FILE, ROOT, Run

AT = ("--at", "2025-11-12 10:00")


def emails(document: dict[str, Any]) -> list[tuple[str, str]]:
    """Template and moment of each email."""
    return [(entry["template"], entry["at"]) for entry in document["story"] if "template" in entry]


def simulated(run: Run, *words: str) -> dict[str, Any]:
    """The JSON of a simulation that worked."""
    result = run("simulate", *words, "--format", "json")
    assert (result.exit_code, result.stderr) == (0, "")
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def test_the_calendar_of_a_contact(run: Run) -> None:
    result = run("simulate", "welcome", "email=ada@example.com", "reds=2", *AT)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        "segment HOT, because reds = 2        (sequences.yaml:11  reds >= 2)\n"
        "Wed 12 Nov 10:00  hello  Hello there\n"
        "                  wait 24 hours\n"
        "Thu 13 Nov 10:00  hot    You have 2 reds\n"
        "                  wait 1 day\n"
        "Fri 14 Nov 10:00  hello  Hello there          end of welcome\n"
        'note: first_name is unknown, so hello says "there"\n'
    )


def test_a_skipped_step_says_why(run: Run) -> None:
    result = run("simulate", "welcome", "email=ada@example.com", "reds=0", "first_name=Ada", *AT)
    assert result.stdout.splitlines() == [
        "segment COLD, because no rule above takes this contact        (sequences.yaml:12  otherwise)",
        "Wed 12 Nov 10:00  hello  Hello Ada",
        "                  wait 24 hours",
        "Thu 13 Nov 10:00  cold   All is well",
        "                  wait 1 day",
        "Fri 14 Nov 10:00  nudge  skipped: segment = HOT is not true          end of welcome",
    ]


def test_an_unknown_segment_holds(run: Run) -> None:
    result = run("simulate", "welcome", "email=ada@example.com", *AT)
    assert result.stdout.startswith("no segment: reds is unknown        (sequences.yaml:11  reds >= 2)\n")
    assert "held   the segment cannot be told while reds is unknown" in result.stdout
    assert simulated(run, "welcome", "email=ada@example.com", *AT)["outcome"] == "held"


def test_json_has_the_promised_shape(run: Run) -> None:
    document = simulated(run, "welcome", "email=ada@example.com", "reds=2", *AT)
    assert list(document) == ["sequence", "segment", "outcome", "story"]
    assert (document["sequence"], document["segment"], document["outcome"]) == ("welcome", "HOT", "finished")
    assert document["story"][:2] == [
        {
            "at": "2025-11-12T10:00:00-05:00",
            "step": "hello",
            "kind": "email",
            "template": "hello",
            "subject": "Hello there",
            "note": "sent",
        },
        {
            "at": "2025-11-12T10:00:00-05:00",
            "step": "second",
            "kind": "wait",
            "until": "2025-11-13T10:00:00-05:00",
            "note": "24 hours",
        },
    ]


@pytest.mark.parametrize(
    ("at", "second", "third"),
    [
        ("2025-11-01T12:00", "2025-11-02T11:00:00-05:00", "2025-11-03T11:00:00-05:00"),
        ("2025-10-31T12:00", "2025-11-01T12:00:00-04:00", "2025-11-02T12:00:00-05:00"),
        ("2025-03-08T12:00", "2025-03-09T13:00:00-04:00", "2025-03-10T13:00:00-04:00"),
        ("2025-03-07T12:00", "2025-03-08T12:00:00-05:00", "2025-03-09T12:00:00-04:00"),
    ],
)
def test_24_hours_and_1_day_differ_where_the_clocks_change(run: Run, at: str, second: str, third: str) -> None:
    found = emails(simulated(run, "welcome", "reds=2", "--at", at))
    assert [moment for _, moment in found[1:]] == [second, third]


def test_the_sequence_that_ships(run: Run) -> None:
    words = ("nurture", "red_systems=2", "orange_systems=1", "email=ada@example.com", "--at", "2025-11-12T10:00")
    document = simulated(run, *words, "--file", str(ROOT / "sequences.yaml"))
    begin = datetime.fromisoformat("2025-11-12T10:00:00-05:00")
    found = emails(document)
    assert [name for name, _ in found] == ["email_1", "email_2a_critical", "email_3", "email_4", "email_5a_critical"]
    hours = [(datetime.fromisoformat(at) - begin) / timedelta(hours=1) for _, at in found]
    assert hours == [0, 24, 72, 120, 168]


def test_testing_lengths_on_request_and_by_the_setting(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def seconds(*words: str) -> list[int]:
        times = [datetime.fromisoformat(at) for _, at in emails(simulated(run, "welcome", "reds=2", *AT, *words))]
        return [round((time - times[0]).total_seconds()) for time in times]

    assert seconds("--testing") == [0, 1, 2]
    monkeypatch.setenv("TESTING_MODE", "true")
    assert seconds() == [0, 1, 2]
    assert seconds("--no-testing") == [0, 86_400, 172_800]


@pytest.mark.parametrize("time", ["+30 hours", "2025-11-13 16:00"])
def test_a_trigger_on_the_way_changes_the_rest(run: Run, time: str) -> None:
    document = simulated(run, "welcome", "reds=2", *AT, "--send", f"bought@{time} customer=true")
    assert document["outcome"] == "stopped"
    assert [name for name, _ in emails(document)] == ["hello", "hot"]
    assert document["story"][-1]["note"] == "end of trigger bought"
    stopped = next(entry for entry in document["story"] if entry["kind"] == "stop")
    assert (stopped["at"], stopped["note"]) == ("2025-11-13T16:00:00-05:00", "customer = true")


def test_testing_is_noted(run: Run) -> None:
    assert (
        "note: testing mode: waits have their testing lengths"
        in run("simulate", "welcome", "reds=2", "--testing").stdout
    )


def test_nobody_in_particular_is_noted(run: Run) -> None:
    assert "note: no email was given, so ada@example.com stands in" in run("simulate", "welcome", "reds=2").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("welcom",), ('no sequence is called "welcom"; did you mean "welcome"?',)),
        (("welcome", "reds"), ('"reds" is not field=value: write it like email=ada@example.com',)),
        (("welcome", "reds=1", "reds=2"), ("reds is given twice",)),
        (
            ("welcome", "redz=1", "reds=9", "customer=perhaps", "segment=HOT"),
            (
                "4 mistakes:",
                'no field is called "redz"; did you mean "reds"?',
                "segment follows from the rules under segments: give the fields they read",
                "reds must be a whole number from 0 to 8, not 9",
                'customer must be true or false, not "perhaps"',
            ),
        ),
        (("welcome", "reds=1", "--at", "soon"), ('"soon" is not a date and time; write it like "2025-11-12 10:00"',)),
        (
            ("welcome", "reds=1", "--at", "2025-13-12"),
            ('"2025-13-12" is not a date and time (month must be in 1..12)',),
        ),
        (("welcome", "reds=1", "--send", "quizz@+1 day"), ('no trigger is called "quizz"; did you mean "quiz"?',)),
        (("welcome", "reds=1", "--send", "quiz"), ('--send "quiz" says no time: write it like "quiz@+3 days"',)),
        (("welcome", "reds=1", "--send", "quiz@+1 moon"), ("+1 moon",)),
        (("welcome", "reds=1", "--send", "quiz@+1 day reds=x"), ("--send quiz: reds must be a whole number",)),
    ],
)
def test_bad_usage_names_every_mistake(run: Run, words: tuple[str, ...], said: tuple[str, ...]) -> None:
    result = run("simulate", *words)
    assert (result.exit_code, result.stdout) == (2, "")
    for part in said:
        assert part.removeprefix("+") in result.stderr


def test_a_file_with_mistakes_is_not_simulated(run: Run, folder: Path) -> None:
    (folder / "sequences.yaml").write_text(FILE.replace("24 hours", "24 houres"))
    result = run("simulate", "welcome")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "sequences.yaml:26:15: error:" in result.stderr
    assert result.stderr.endswith("1 error, 0 warnings in sequences.yaml\n")


def test_emails_stand_out_and_waits_step_back(folder: Path) -> None:
    result = CliRunner().invoke(busos, ["simulate", "welcome", "reds=2", *AT], color=True)
    assert "\x1b[32mhello\x1b[0m" in result.stdout
    assert "\x1b[2m                  wait 24 hours\x1b[0m" in result.stdout


@pytest.mark.parametrize(
    ("rule", "values", "reason"),
    [
        ("reds >= 2 or customer", ("reds=1", "customer=true"), "customer = true"),
        ("reds >= 2 or customer", ("reds=2", "customer=true"), "reds = 2"),
        ("reds = 1 and not customer", ("reds=1",), "reds = 1, customer = unknown"),
        ("customer is unknown and reds in [1, 3]", ("reds=3",), "customer = unknown, reds = 3"),
        ("reds = 8 or (reds >= 1 and first_name = Ada)", ("reds=1", "first_name=Ada"), "reds = 1, first_name = Ada"),
    ],
)
def test_the_reason_names_what_made_the_rule_true(
    run: Run, folder: Path, rule: str, values: tuple[str, ...], reason: str
) -> None:
    (folder / "sequences.yaml").write_text(FILE.replace("HOT: reds >= 2", f"HOT: {rule}"))
    line = run("simulate", "welcome", *values, *AT).stdout.splitlines()[0]
    assert line == f"segment HOT, because {reason}        (sequences.yaml:11  {rule})"

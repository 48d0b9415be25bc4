"""busos runs pause, resume, skip, retry and stop, as people at a terminal and scripts meet them."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import pytest

from engine.asking import UNSURE
from engine.model import Contact, Entry, RunStatus
from engine.model import Run as Journey
from engine.runtime.control import AtOnce, Over, Shift
from engine.runtime.ledger import Ledger
from server.cli.control.catching_up import catch_up, joined
from tests.cli.example import FILE, Child, Run, environment
from tests.cli.test_running import running, until

HOUR = timedelta(hours=1)
NOW = datetime.now(UTC)
"""The beginning of the test that runs."""

People = Callable[..., None]


@pytest.fixture(autouse=True)
def _begin() -> None:
    global NOW  # noqa: PLW0603 - what is overdue hangs on the clock of the shell
    NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def people(folder: Path) -> People:
    """Put people into ``welcome``, before ``second``, due in an hour; their names are the ids of their runs."""

    def put(*names: str, **changes: Any) -> None:
        with Ledger.open("sqlite:///busos.db") as ledger, ledger.write() as tx:
            tx.put_revision("abc", FILE, NOW)
            for name in names:
                tx.put_contacts([Contact(id=name, email=f"{name}@example.com")], NOW)
                start = {"id": name, "program": "welcome", "contact_id": name, "status": RunStatus.WAITING}
                stands = {
                    "step": "second",
                    "since": NOW - 23 * HOUR,
                    "due_at": NOW + HOUR,
                    "started_at": NOW - 23 * HOUR,
                }
                tx.add_runs([Journey(**{**start, **stands, **changes})], "abc")
                tx.tell([(name, Entry(at=NOW, step=None, kind="start", note="by trigger quiz"))], "abc")

    return put


def run_of(name: str) -> Journey:
    with Ledger.open("sqlite:///busos.db") as ledger, ledger.read() as tx:
        found = tx.run(name)
    assert found is not None
    return found


def paused() -> list[str]:
    with Ledger.open("sqlite:///busos.db") as ledger, ledger.read() as tx:
        return sorted(one.run.id for one in tx.list_paused(["welcome"], email=None, limit=99))


def last_line(name: str) -> tuple[str, str]:
    with Ledger.open("sqlite:///busos.db") as ledger, ledger.read() as tx:
        entry = tx.story(name)[-1]
    return entry.kind, entry.note


# -- One run ----------------------------------------------------------------------------------


def test_one_run_is_paused_without_a_question_and_goes_on_without_one(people: People, run: Run) -> None:
    people("ada", "bo")
    result = run("runs", "pause", "ada@example.com", "--because", "wrong prices")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        "paused ada@example.com in welcome, before second\nthey go on with: busos runs resume ada@example.com\n"
    )
    assert (paused(), last_line("ada")) == (["ada"], ("pause", "paused by hand: wrong prices"))
    result = run("runs", "resume", "ada")
    assert result.stdout == "resumed ada@example.com in welcome, before second\n"
    assert paused() == []


def test_one_run_is_stopped_with_its_reason(people: People, run: Run) -> None:
    people("ada")
    result = run("runs", "stop", "ADA@example.com", "--because", "asked us on the phone")
    assert result.stdout == "stopped ada@example.com in welcome, before second\n"
    assert run_of("ada").reason == "stopped by hand: asked us on the phone"


def test_the_next_step_of_one_run_is_left_out(people: People, run: Run) -> None:
    people("ada")
    result = run("runs", "skip", "ada")
    assert result.stdout == "left out a step of ada@example.com in welcome, before second\n"
    assert (run_of("ada").step, last_line("ada")) == ("nudge", ("email", "left out by hand"))


def test_what_follows_is_read_from_the_file_that_runs_now_and_not_from_a_broken_edit(
    people: People, run: Run, folder: Path
) -> None:
    people("ada")
    (folder / "sequences.yaml").write_text(FILE.replace("24 hours", "24 houres"))
    assert run("runs", "skip", "ada").exit_code == 0
    assert run_of("ada").step == "nudge"


def test_a_held_run_is_tried_again(people: People, run: Run) -> None:
    people("ada", status=RunStatus.HELD, reason="no template", attempt=3)
    result = run("runs", "retry", "ada")
    assert result.stdout == "tried again ada@example.com in welcome, before second\n"
    assert (run_of("ada").attempt, last_line("ada")) == (0, ("again", "tried again by hand"))


def test_an_email_that_may_be_out_is_refused_with_both_ways_on(people: People, run: Run) -> None:
    unsure = {"reason": f"{UNSURE}: timeout", "in_doubt": True, "asked_at": NOW - 48 * HOUR}
    people("ada", status=RunStatus.HELD, **unsure)
    result = run("runs", "retry", "ada@example.com")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "nothing was done\n  not 1 run\n"
        f"    {UNSURE}; skip counts it as sent, retry --send-again may send it twice\n    ada\n"
    )
    assert run("runs", "retry", "ada@example.com", "--send-again").exit_code == 0
    assert last_line("ada") == ("again", "tried again by hand, although it may have been sent already")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("pause", "nobody@example.com"), 'no run has the id or the email address "nobody@example.com"'),
        (("stop", "ada", "--sequence", "welcome", "--step", "nudge"), "no run that fits the rest has the id or"),
        (("resume", "ada"), "nothing was done\n  welcome, run ada: it is not paused"),
        (("retry", "ada"), "  welcome, run ada: it is waiting: only what is held or has failed is tried again"),
        (("stop", "--sequence", "welcome", "--step", "nudge"), "nothing was done: nobody there is in a sequence"),
        (("retry", "--sequence", "welcome"), "nothing was done: no run there is held or has failed"),
        (("resume", "--sequence", "welcome"), "nothing was done: nobody there is paused"),
        (("stop", "--started-since", "2099-01-01"), "nothing was done: nobody there is in a sequence"),
    ],
)
def test_nothing_to_do_is_a_no_with_the_reason(people: People, run: Run, words: tuple[str, ...], told: str) -> None:
    people("ada")
    result = run("runs", *words)
    assert (result.exit_code, result.stdout) == (1, "")
    assert told in result.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("pause",), "say which runs: a RUN id, an EMAIL, --sequence NAME or --started-since TIME"),
        (("stop", "--segment", "HOT"), "say which runs"),
        (("stop", "--sequence", "welcom"), 'no sequence is called "welcom"; did you mean "welcome"?'),
        (("stop", "--started-since", "yesterday"), '"yesterday" is not a date and time'),
        (("stop", "--started-between", "2025-11-12 11:00", "2025-11-12 10:00"), "is not after"),
        (("stop", "--started-between", "2025-11-12", "2025-11-13", "--started-since", "2025-11-12"), "not both"),
        (
            ("resume", "ada", "--overdue", "later"),
            '--overdue is now, spread with a length of time, or shift, not "later"',
        ),
        (("resume", "ada", "--overdue", "spred", "2", "hours"), 'not "spred 2 hours"; did you mean "spread 2 hours"?'),
        (("resume", "ada", "--overdue", "noww"), 'not "noww"; did you mean "now"?'),
        (("resume", "ada", "--overdue", "2", "hours"), 'not "2 hours"; did you mean "spread 2 hours"?'),
        (("resume", "ada", "--overdue", "spread", "100", "years"), "here: write at most 10 years, in weeks, days,"),
        (
            ("resume", "ada", "--overdue", "spread", "99999", "days"),
            '"99999 days" is more than 10 years: write at most 10 years',
        ),
        (("resume", "ada", "--overdue", "spread"), "--overdue spread over how long?"),
        (("resume", "ada", "--overdue", "spread 2 houres"), '"2 houres" is not a length of time'),
        (("list", "--held", "--status", "ready"), "say --held or --status, not both"),
    ],
)
def test_bad_usage_is_told(people: People, run: Run, words: tuple[str, ...], told: str) -> None:
    people("ada")
    result = run("runs", *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert told in " ".join(result.stderr.split())


# -- Many runs --------------------------------------------------------------------------------


def test_more_than_one_run_is_shown_and_needs_a_yes(people: People, run: Run) -> None:
    people("ada", "bo", "cy", "di")
    people("eve", step="nudge")
    result = run("runs", "stop", "--sequence", "welcome")
    assert result.exit_code == 1
    assert result.stdout == (
        "Stop 5 runs of welcome\n"
        "  before second  4  ━━━━━━━━━━━━━━━━━━━━━━━━\n"
        "  before nudge   1  ━━━━━━\n"
        "  ada@example.com, bo@example.com, cy@example.com and 2 more\n\n"
    )
    assert result.stderr == "this would stop 5 runs: say --yes to do it, --dry-run to look at it. Nothing was done\n"
    assert run_of("ada").status is RunStatus.WAITING

    result = run("runs", "stop", "--sequence", "welcome", "--yes")
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (0, "stopped 5 runs of welcome")
    assert {run_of(name).status for name in ("ada", "eve")} == {RunStatus.STOPPED}


def test_a_dry_run_shows_and_does_nothing(people: People, run: Run) -> None:
    people("ada", "bo")
    result = run("runs", "pause", "--sequence", "welcome", "--dry-run", "--yes")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0] == "Pause 2 runs of welcome; whoever enters it later waits at its door"
    assert result.stdout.splitlines()[-1] == "a dry run: nothing was done"
    assert paused() == []


def test_a_window_undoes_a_wrong_batch(people: People, run: Run) -> None:
    people("ada", started_at=NOW - 5 * HOUR)
    people("bo", "cy", started_at=NOW - 3 * HOUR)
    people("di", started_at=NOW - HOUR)
    window = [f"{NOW - hours * HOUR:%Y-%m-%dT%H:%M:%S+00:00}" for hours in (4, 2)]
    result = run("runs", "stop", "--started-between", *window, "--because", "wrong list", "--yes")
    assert result.stdout.splitlines()[-1] == "stopped 2 runs of welcome"
    assert [run_of(name).status.value for name in ("ada", "bo", "cy", "di")] == [
        "waiting",
        "stopped",
        "stopped",
        "waiting",
    ]


def test_the_moments_of_a_window_are_told_in_the_zone_of_the_file(people: People, run: Run) -> None:
    people("ada", started_at=datetime(2025, 11, 12, 15, 30, tzinfo=UTC))  # 10:30 in Toronto
    words = ("runs", "stop", "--dry-run", "--started-between")
    assert "Stop 1 run of welcome" in run(*words, "2025-11-12 10:30", "2025-11-12 10:31").stdout
    assert run(*words, "2025-11-12 10:31", "2025-11-12 16:00").exit_code == 1


def test_a_trigger_is_not_paused(people: People, run: Run) -> None:
    people("ada", program="trigger quiz", status=RunStatus.READY)
    result = run("runs", "pause", "--sequence", "trigger quiz", "--yes")
    assert result.exit_code == 2
    assert "pause the sequence that the trigger starts" in result.stderr
    with Ledger.open("sqlite:///busos.db") as ledger, ledger.read() as tx:
        assert not tx.standstills()


def test_a_paused_sequence_is_told_and_can_be_paused_only_once(people: People, run: Run) -> None:
    people("ada", "bo")
    run("runs", "pause", "--sequence", "welcome", "--because", "wrong prices", "--yes")
    lines = run("runs", "list", "--paused").stdout.splitlines()
    assert re.fullmatch(
        r"welcome stands still since \S+ \S+, paused by hand: wrong prices; whoever enters it waits at its door",
        lines[0],
    )
    assert [line.split()[:4] for line in lines[2:4]] == [
        ["bo", "welcome", "bo@example.com", "paused"],
        ["ada", "welcome", "ada@example.com", "paused"],
    ]
    assert lines[2].endswith("paused by hand: wrong prices")
    again = run("runs", "pause", "--sequence", "welcome", "--yes")
    assert (again.exit_code, again.stderr) == (1, "welcome is paused already\n")


# -- Catching up and the cap ------------------------------------------------------------------


def held_back(people: People, run: Run, *names: str) -> None:
    """Runs that were paused yesterday and fell due since."""
    people(*names, due_at=NOW - 2 * HOUR)
    with Ledger.open("sqlite:///busos.db") as ledger, ledger.write() as tx:
        tx.pause_runs(names, NOW - 26 * HOUR)


def test_a_few_that_are_overdue_catch_up_at_once(people: People, run: Run) -> None:
    held_back(people, run, "ada", "bo")
    lines = run("runs", "resume", "--sequence", "welcome", "--yes").stdout.splitlines()
    assert "  2 overdue, the oldest by 2 hours" in "\n".join(lines)
    assert "  up to 2 emails within 10 minutes" in lines
    assert run_of("ada").due_at == NOW - 2 * HOUR


def test_how_many_that_are_overdue_catch_up_must_be_said(
    people: People, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    held_back(people, run, "ada", "bo", "cy")
    monkeypatch.setenv("BUSOS_ASK_ABOVE", "2")
    result = run("runs", "resume", "--sequence", "welcome", "--yes")
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        "3 runs overdue: say how to catch up:",
        "  --overdue now              all of them at once",
        "  --overdue spread 2 hours   evenly over a time, the oldest first",
        "  --overdue shift            the time paused does not count: waits go on where they stood",
    ]
    assert len(paused()) == 3
    assert run("runs", "resume", "--sequence", "welcome", "--overdue", "now", "--yes").exit_code == 0


def test_spread_needs_no_quotes(people: People, run: Run) -> None:
    held_back(people, run, "ada", "bo")
    result = run("runs", "resume", "--overdue", "spread", "2", "hours", "--sequence", "welcome", "--yes")
    assert result.exit_code == 0
    assert "  they are spread over 2 hours: one about every 1 hour" in result.stdout
    first, second = sorted(due for name in ("ada", "bo") if (due := run_of(name).due_at))
    assert abs(second - first - HOUR) < timedelta(seconds=1)


def test_shift_gives_back_the_time(people: People, run: Run) -> None:
    people("ada")
    with Ledger.open("sqlite:///busos.db") as ledger, ledger.write() as tx:
        tx.pause_runs(["ada"], NOW - 10 * HOUR)
    assert run("runs", "resume", "ada", "--overdue", "shift").exit_code == 0
    due = run_of("ada").due_at
    assert due is not None
    assert timedelta(0) <= due - (NOW + 11 * HOUR) < timedelta(minutes=1)


@pytest.mark.parametrize(("above", "status"), [("0", 1), ("1", 0)])
def test_emails_above_the_limit_need_a_yes_even_for_one_run(
    people: People, run: Run, monkeypatch: pytest.MonkeyPatch, above: str, status: int
) -> None:
    people("ada", status=RunStatus.HELD, reason="no template")
    monkeypatch.setenv("BUSOS_ASK_ABOVE", above)
    result = run("runs", "retry", "ada")
    assert result.exit_code == status
    if status:
        assert result.stderr == (
            "this would try again 1 run and send up to 1 email within 10 minutes: "
            "say --yes to do it, --dry-run to look at it. Nothing was done\n"
        )
        assert run("runs", "retry", "ada", "--yes").exit_code == 0


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--overdue", "spread", "2", "hours", "ada@example.com"], ["--overdue=spread 2 hours", "ada@example.com"]),
        (["--overdue", "spread", "2h", "--yes"], ["--overdue=spread 2h", "--yes"]),
        (["--overdue=spread", "1", "day", "6", "hours"], ["--overdue=spread 1 day 6 hours"]),
        (["--overdue", "spread 2 hours", "ada"], ["--overdue=spread 2 hours", "ada"]),
        (["--overdue", "spred", "2", "hours", "ada"], ["--overdue=spred 2 hours", "ada"]),
        (["--overdue", "spread", "100", "years", "ada"], ["--overdue=spread 100 years", "ada"]),
        (["--overdue", "now", "2"], ["--overdue=now", "2"]),
        (
            ["--overdue", "spread", "2", "hours", "01m84bsysajr0t88gmf3mgxtmc"],
            [
                "--overdue=spread 2 hours",
                "01m84bsysajr0t88gmf3mgxtmc",
            ],
        ),
        (["--overdue"], ["--overdue"]),
    ],
)
def test_the_words_of_a_length_are_put_together(words: list[str], expected: list[str]) -> None:
    assert joined(words) == expected


def test_a_length_may_be_short_for_the_shell() -> None:
    assert catch_up("spread 2h") == catch_up("spread 2 hours") == Over(2 * HOUR)
    assert catch_up("spread 1d 6h") == Over(30 * HOUR)
    assert (catch_up(None), catch_up("now"), catch_up("shift")) == (AtOnce(), AtOnce(), Shift())
    with pytest.raises(click.UsageError, match="is no time at all"):
        catch_up("spread 0 hours")


# -- JSON -------------------------------------------------------------------------------------


def test_json_is_one_document_with_what_was_done(people: People, run: Run) -> None:
    people("ada", "bo")
    people("cy", step="nudge")
    document = json.loads(run("runs", "pause", "--sequence", "welcome", "--json", "--yes").stdout)
    assert document == {
        "action": "pause",
        "runs": 3,
        "steps": [
            {"sequence": "welcome", "step": "second", "runs": 2},
            {"sequence": "welcome", "step": "nudge", "runs": 1},
        ],
        "examples": ["ada@example.com", "bo@example.com", "cy@example.com"],
        "in_hand": 0,
        "overdue": 0,
        "emails_within_10_minutes": 0,
        "refused": [],
        "unfit": [],
        "done": 3,
        "moved_meanwhile": 0,
        "left_in_hand": [],
        "said": None,
    }


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("stop", "--sequence", "welcome"), 1, "this would stop 2 runs"),
        (("stop", "--sequence", "welcome", "--dry-run"), 0, "a dry run: nothing was done"),
        (("stop", "nobody@example.com"), 1, "no run has the id"),
        (("resume", "ada"), 1, "nothing was done"),
    ],
)
def test_json_says_why_nothing_was_done(
    people: People, run: Run, words: tuple[str, ...], status: int, said: str
) -> None:
    people("ada", "bo")
    result = run("runs", *words, "--json")
    document = json.loads(result.stdout)
    assert (result.exit_code, result.stderr, document["done"]) == (status, "", 0)
    assert document["said"].startswith(said)


# -- Lists and stories ------------------------------------------------------------------------


def test_held_runs_are_listed_with_what_to_do(people: People, run: Run) -> None:
    people("ada", status=RunStatus.HELD, reason="no template")
    people("bo", status=RunStatus.HELD, reason=f"{UNSURE}: timeout", in_doubt=True)
    people("cy", status=RunStatus.HELD, reason="no template")
    people("di")
    run("runs", "pause", "cy")
    documents = json.loads(run("runs", "list", "--held", "--json").stdout)["runs"]
    assert {one["id"]: one["to_do"] for one in documents} == {
        "ada": ["busos runs retry ada", "busos runs skip ada"],
        "bo": ["busos runs skip bo", "busos runs retry bo --send-again"],
        "cy": ["busos runs resume cy"],
    }
    text = run("runs", "list", "--held").stdout
    assert text.endswith(
        "mend the reason, and they go on by themselves\n"
        "  busos runs retry RUN                looks at it now\n"
        "  busos runs skip RUN                 leaves that step out\n"
        "where it is not known whether an email was sent, nothing goes on by itself\n"
        "  busos runs skip RUN                 counts it as sent\n"
        "  busos runs retry RUN --send-again   sends it; it may arrive twice\n"
        "what is paused goes on with: busos runs resume RUN\n"
    )


def test_kinds_that_are_said_together_are_shown_together(people: People, run: Run) -> None:
    people("ada", status=RunStatus.HELD, reason="no template")
    people("bo", "di")
    people("cy", status=RunStatus.HELD, reason="no template")
    run("runs", "pause", "bo", "--because", "wrong prices")
    run("runs", "pause", "cy")
    documents = json.loads(run("runs", "list", "--held", "--paused", "--json").stdout)["runs"]
    assert [(one["id"], one.get("to_do"), one.get("paused_because")) for one in documents] == [
        ("cy", ["busos runs resume cy"], "paused by hand"),
        ("bo", None, "paused by hand: wrong prices"),
        ("ada", ["busos runs retry ada", "busos runs skip ada"], None),
    ]
    text = run("runs", "list", "--paused", "--held", "--limit", "3").stdout
    assert text.endswith(
        "mend the reason, and they go on by themselves\n"
        "  busos runs retry RUN                looks at it now\n"
        "  busos runs skip RUN                 leaves that step out\n"
        "what is paused goes on with: busos runs resume RUN, or --sequence NAME for all of them\n"
    )
    assert run("runs", "list", "--held", "--stuck", "--sequence", "else").stdout == "no run is held or stuck\n"


def test_paused_is_a_status_too(people: People, run: Run) -> None:
    people("ada", "bo")
    run("runs", "pause", "bo", "--because", "wrong prices")
    assert "paused by hand: wrong prices" in run("runs", "list", "--status", "paused").stdout
    assert run("runs", "list", "--status", "paused").stdout == run("runs", "list", "--paused").stdout
    both = run("runs", "list", "--status", "paused", "--held")
    assert (both.exit_code, "say --held or --status, not both" in both.stderr) == (2, True)


def test_who_waits_at_the_door_of_a_paused_sequence_is_listed_with_its_reason(people: People, run: Run) -> None:
    people("ada")
    run("runs", "pause", "--sequence", "welcome", "--because", "wrong prices", "--yes")
    people("bo", step="hello", due_at=NOW)
    for words in ((), ("--paused",), ("--status", "paused")):
        lines = [line for line in run("runs", "list", *words).stdout.splitlines() if "@example.com" in line]
        assert [line.endswith("paused by hand: wrong prices") for line in lines] == [True, True]


def test_stuck_runs_are_listed_with_how_long(people: People, run: Run) -> None:
    people("ada", due_at=NOW - 3 * HOUR, reason="waits: Resend is away", status=RunStatus.SENDING)
    people("bo", due_at=NOW - timedelta(minutes=1))
    people("cy", due_at=NOW)
    with Ledger.open("sqlite:///busos.db") as ledger, ledger.write() as tx:
        for minutes in (2, 1, 0):
            tx.take(["cy"], NOW - timedelta(minutes=minutes), timedelta(minutes=1))
    documents = json.loads(run("runs", "list", "--stuck", "--json").stdout)["runs"]
    assert [(one["id"], one["taken"]) for one in documents] == [("ada", 0), ("cy", 3)]
    text = run("runs", "list", "--stuck").stdout
    assert "overdue by 3 hours: waits: Resend is away" in text
    assert "taken by workers 3 times and never written down" in text
    of_cy = run("runs", "list", "--stuck", "--email", "cy@example.com", "--json")
    assert [one["id"] for one in json.loads(of_cy.stdout)["runs"]] == ["cy"]


def test_nothing_that_wants_attention_is_said(people: People, run: Run) -> None:
    people("ada")
    assert [run("runs", "list", f"--{kind}").stdout for kind in ("held", "paused", "stuck")] == [
        "no run is held\n",
        "no run is paused\n",
        "no run is stuck\n",
    ]


def test_a_status_that_wants_attention_has_a_colour_on_a_terminal(people: People, run: Run) -> None:
    people("ada", status=RunStatus.HELD, reason="no template")
    assert "\x1b[31mheld\x1b[0m" in run("runs", "list", color=True).stdout
    assert "\x1b" not in run("runs", "list").stdout


def test_a_paused_run_is_shown_with_the_way_on(people: People, run: Run) -> None:
    people("ada")
    run("runs", "pause", "ada", "--because", "wrong prices")
    lines = run("runs", "show", "ada").stdout.splitlines()
    assert lines[0] == "welcome  ada@example.com  paused  run ada"
    assert lines[-3].endswith("pause  paused by hand: wrong prices")
    assert lines[-2].startswith("paused before second, which was due ")
    assert lines[-1] == "  busos runs resume ada"
    document = json.loads(run("runs", "show", "ada", "--json").stdout)
    assert (document["outcome"], document["paused_at"] is not None) == ("waiting", True)
    run("runs", "stop", "ada")
    assert json.loads(run("runs", "show", "ada", "--json").stdout)["paused_at"] is None


# -- Processes of their own -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "last"),
    [
        (("pause", "--sequence", "welcome", "--yes"), "they go on with: busos runs resume --sequence welcome"),
        (("resume", "di", "--overdue", "spread", "2h"), "resumed di@example.com in welcome, before second"),
        (("skip", "--sequence", "welcome", "--step", "second", "-y"), "left out a step of 4 runs of welcome"),
        (("retry", "cy"), "tried again cy@example.com in welcome, before second"),
        (("stop", "--started-since", "2020-01-01", "--yes"), "stopped 4 runs of welcome"),
    ],
)
def test_every_verb_runs_as_a_process(people: People, child: Child, words: tuple[str, ...], last: str) -> None:
    people("ada", "bo", "di")
    people("cy", status=RunStatus.HELD, reason="no template")
    with Ledger.open("sqlite:///busos.db") as ledger, ledger.write() as tx:
        tx.pause_runs(["di"], NOW)
    done = child("runs", *words)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == last


def at_a_terminal(folder: Path, answer: bytes, *words: str) -> tuple[int, str]:
    """Exit status and screen of busos with a person who answers the question."""
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(folder)
        os.execve(sys.executable, [sys.executable, "-m", "server.cli", *words], environment(TERM="xterm"))
    screen, end, pressed = b"", time.monotonic() + 60, 0.0
    while time.monotonic() < end:
        if not select.select([terminal], [], [], 0.1)[0]:
            if pressed and time.monotonic() - pressed > 5:  # nothing happened: a person presses Ctrl-C again
                os.write(terminal, b"\x03")
                pressed = time.monotonic()
            continue
        try:
            screen += os.read(terminal, 65536)
        except OSError:
            break
        if answer and b"[y/N]" in screen:
            os.write(terminal, answer)
            pressed = time.monotonic() if answer == b"\x03" else 0.0
            answer = b""
    if time.monotonic() >= end:
        os.kill(process, signal.SIGKILL)
    _, status = os.waitpid(process, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status), click.unstyle(screen.decode()).replace("\r\n", "\n")


@pytest.mark.parametrize(("answer", "status", "still"), [(b"y\n", 0, ["ada", "bo"]), (b"n\n", 1, []), (b"\x03", 1, [])])
def test_a_person_is_asked(people: People, folder: Path, answer: bytes, status: int, still: list[str]) -> None:
    people("ada", "bo")
    code, screen = at_a_terminal(folder, answer, "runs", "pause", "--sequence", "welcome", "--step", "second")
    assert "Pause 2 runs? [y/N]:" in screen
    assert (code, paused()) == (status, still)


def test_many_runs_have_a_bar(people: People, folder: Path) -> None:
    people(*(f"p{number:03}" for number in range(700)))
    code, screen = at_a_terminal(folder, b"", "runs", "pause", "--sequence", "welcome", "--yes")
    assert code == 0
    assert "700/700" in screen
    assert "paused 700 runs of welcome" in screen


def test_a_sequence_is_paused_and_let_go_on_under_a_running_system(folder: Path, child: Child, run: Run) -> None:
    with running(folder, "dev", "--port", "0") as dev:
        dev.said("Ctrl-C ends it.")
        child("runs", "pause", "--sequence", "welcome", "--because", "wrong prices", "--yes")
        assert child("send", "quiz", "email=ada@example.com", "reds=2").returncode == 0
        until(lambda: "paused" in run("runs", "list").stdout)
        time.sleep(0.6)  # two looks of its workers
        assert "Hello there" not in run("runs", "show", "ada@example.com").stdout
        assert child("runs", "resume", "--sequence", "welcome").returncode == 0
        until(lambda: "Hello there" in run("runs", "show", "ada@example.com").stdout)
        child("runs", "skip", "ada@example.com", "--because", "she called us")
        until(lambda: "next: nudge" in run("runs", "show", "ada@example.com").stdout)
        child("runs", "stop", "ada@example.com")
        assert "stopped by hand" in run("runs", "show", "ada@example.com").stdout
        assert dev.end(signal.SIGTERM) == 0
        assert dev.err.read_text() == ""

"""The short form of ``benchmarks/survive``: the real product is killed on each store, and the judge finds nothing.

How long things take is not judged here: other tests run beside this one.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.survive import command, postgres, redis
from benchmarks.survive.campaign import ROOT
from benchmarks.survive.children import CouldNotRun
from benchmarks.survive.drills import DRILLS, Drill
from benchmarks.survive.evidence import Evidence
from benchmarks.survive.judge import judge
from benchmarks.survive.killing import blows
from benchmarks.survive.plan import Plan
from benchmarks.survive.trial import Trial
from benchmarks.survive.verdict import none

SMALL = Plan(contacts=30, emails=4, wait=1, kills=5, notion=False, patience=90, timed=False, seed=7)
STORES = {
    "SQLite": SMALL,
    "Postgres, Redis, three workers": SMALL.evolve(database="postgresql", redis="own", workers=3, kills=4),
}
Change = Callable[[Evidence], Evidence]
PLANTED: dict[str, Change] = {
    "emails sent twice": lambda seen: replace(seen, sent=(*seen.sent, replace(seen.sent[0], key="another"))),
    "emails lost": lambda seen: replace(seen, sent=seen.sent[1:]),
    "runs that did not finish": lambda seen: replace(seen, runs=(replace(seen.runs[0], status="sending"),)),
    "webhooks answered 2xx and not in the ledger": lambda seen: replace(seen, events=frozenset()),
}


def failed(seen: Evidence) -> list[str]:
    return [f"{verdict}" for verdict in judge(seen, timed=False) if verdict.holds is False]


def available(plan: Plan) -> None:
    """Skip where Postgres or Redis cannot be started."""
    try:
        if plan.database != "sqlite":
            postgres.binaries()
            pytest.importorskip("psycopg")
        if plan.redis:
            redis.program()
            pytest.importorskip("redis")
    except CouldNotRun as reason:
        pytest.skip(str(reason))


@pytest.mark.timeout(240)
@pytest.mark.parametrize("plan", STORES.values(), ids=STORES.keys())
def test_nobody_misses_or_gets_an_email_twice_when_everything_is_killed(plan: Plan, tmp_path: Path) -> None:
    available(plan)
    said: list[str] = []
    with Trial(plan, tmp_path, said.append) as trial:
        trial.post()
        blows(trial)
        ended = trial.finish()
        seen = trial.evidence()
    assert failed(seen) == [], said
    assert ended, said
    assert len(seen.sent) == plan.contacts * plan.emails
    assert [kill.how for kill in seen.kills if kill.how != "end"] == ["group"] * plan.kills
    for name, change in PLANTED.items():
        assert any(name in verdict for verdict in failed(change(seen))), name


@pytest.mark.timeout(120)
def test_the_exit_status_tells_what_was_found(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    tiny = {"contacts": 3, "emails": 1, "kills": 0, "notion": False, "spread": 0.5, "timed": False}
    good = Drill("good", "nothing happens", Trial.post, tiny)
    bad = replace(good, name="bad", look=lambda _trial, _seen: [none("planted", ["this one"])])
    found: dict[str, Any] = {}
    for drill in (good, bad):
        found[drill.name] = command.run(drill, {"seed": 1}, command.console(), str(tmp_path / drill.name))
    printed = capsys.readouterr().out
    assert [one["ok"] for one in found.values()] == [True, False]
    assert found["good"]["figures"]["emails accepted"] == 3
    assert "everything holds" in printed
    assert "this one" in printed
    assert (tmp_path / "good" / "busos.db").exists()


def test_it_starts_from_its_folder_and_names_every_drill() -> None:
    command_line = [sys.executable, "benchmarks/survive", "--list"]
    listed = subprocess.run(command_line, cwd=ROOT, capture_output=True, text=True, check=False)
    assert listed.returncode == 0, listed.stderr
    assert [line.split()[0] for line in listed.stdout.splitlines()] == list(DRILLS)
    assert command.main(["--drill", "no such drill"]) == 2


def test_the_page_about_it_names_every_drill_and_option() -> None:
    page = (ROOT / "docs" / "survive.md").read_text(encoding="utf-8")
    assert [name for name in DRILLS if f"`{name}`" not in page] == []

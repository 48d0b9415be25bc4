"""Every benchmark runs to its end on a few items and prints a line a round and a summary. No time is judged here."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.ledgers import fill, sizes
from benchmarks.load import post
from engine.runtime.ledger import Ledger
from tests.runtime.ledger.conftest import NOON
from tests.standins.resend import Resend
from tests.standins.server import StandIn

FOLDER = Path(__file__).parents[2] / "benchmarks"
FEW = {
    "accept": ["--requests", "40", "--rounds", "1", "--servers", "2"],
    "endtoend": ["--sequences", "3", "--rounds", "1", "--workers", "1"],
    "idle": ["--rounds", "1", "--settle", "0"],
    "importing": ["--rows", "50", "--rounds", "1"],
    "late": ["--emails", "10", "--rounds", "1", "--kills", "1", "--seed", "1"],
    "soak": ["--runs", "12", "--rounds", "1"],
    "waiting": ["--contacts", "20", "--most", "100", "--due", "10", "--rounds", "1", "--settle", "0"],
}
SAYS = {
    "accept": ["round 1: busos .* bare .* ratio .* 2 servers", "median: .* webhooks/s", "median: 2 servers accept"],
    "endtoend": [
        "layout: serve \\+ 1 workers on SQLite",
        "round 1: busos .* stand-in",
        "median: .* sequences/s .* Restate's",
    ],
    "idle": ["round 1: dev healthy in", "median: dev healthy in .* worker .* validate .* bare server"],
    "importing": ["round 1: 50 rows imported in .* bare inserts", "median: .* rows/s"],
    "late": ["lateness, round 1: late p50 .* 0 of 10 early   bare timer", "lateness, median", "recovery: .* 1 times"],
    "soak": ["round 1: 12 runs in", "median: 12 runs in .* resident .* file handles"],
    "waiting": [
        "disk, median: .* bytes",
        "memory, median: .* 100 waiting",
        "look, median",
        "work, median: 10 due here",
    ],
}


def ran(name: str, *arguments: str) -> str:
    environ = {key: value for key, value in os.environ.items() if not key.startswith(("BUSOS", "RESEND", "TESTING"))}
    command = [sys.executable, str(FOLDER / f"{name}.py"), *arguments]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=150, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.timeout(160)
@pytest.mark.parametrize("name", FEW)
def test_it_runs_to_its_end(name: str) -> None:
    said = ran(name, *FEW[name])
    for pattern in SAYS[name]:
        assert re.search(f"^{pattern}", said, re.MULTILINE), said


@pytest.mark.parametrize("name", FEW)
def test_its_help_says_what_it_measures_and_beside_what(name: str) -> None:
    said = ran(name, "--help")
    assert f"python benchmarks/{name}.py" in said
    assert "aseline" in said


def test_an_answer_that_is_not_the_right_one_ends_a_measurement() -> None:
    with StandIn(Resend(rate=0)) as vendor, pytest.raises(SystemExit, match="not accepted"):
        post([vendor.port], "/emails", [b"{}"], clients=2, status=200)


def test_every_body_is_posted_once() -> None:
    key = {"Authorization": "Bearer re_for_a_stand_in", "User-Agent": "test"}
    body = b'{"from": "a@example.com", "to": ["%d@example.com"], "subject": "s", "text": "t"}'
    with StandIn(Resend(rate=0)) as vendor:
        load = post([vendor.port], "/emails", [body % n for n in range(50)], clients=4, status=200, headers=key)
        assert sorted(email["to"][0] for email in vendor.vendor.accepted) == sorted(
            f"{n}@example.com" for n in range(50)
        )
    assert len(load.seconds) == 50
    assert load.rate > 0


def test_a_filled_ledger_has_so_many_waiting_and_nobody_due(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/busos.db"
    with Ledger.open(url) as ledger:
        addresses = fill(ledger, 25, NOON, program="course", step="hello")
        with ledger.read() as tx:
            assert set(tx.contacts_by_email(addresses)) == set(addresses)
            assert len(tx.list_runs(program="course", limit=100)) == 25
            due = tx.next_due(NOON)
    assert due is not None
    assert due > NOON
    assert sizes(url)["runs"] > 0

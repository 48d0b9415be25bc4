"""``busos import csv``: what is shown, what is refused, and that rows come in once, whatever happens meanwhile."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine.runtime.ledger import Ledger
from tests.cli.example import Child, Run, environment

HEAD = "Email,Reds,First Name\n"
GOOD = HEAD + "ada@example.com,3,Ada\nbob@example.com,0,\n"


def events(url: str = "sqlite:///busos.db") -> int:
    with Ledger.open(url) as ledger, ledger.read() as tx:
        return len(list(tx.list_runs(triggers=True, limit=10**6)))


def write(text: str | bytes, name: str = "people.csv") -> str:
    Path(name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return name


@pytest.mark.usefixtures("folder")
def test_it_shows_who_would_start_what_and_when_and_does_nothing(run: Run) -> None:
    result = run("import", "csv", write(GOOD), "--trigger", "quiz", "--dry-run")
    lines = result.stdout.splitlines()
    assert (result.exit_code, result.stderr) == (0, "")
    assert lines[:4] == ["people.csv: 2 rows for quiz", "  2 new people, 0 known already", "", "2 people start welcome"]
    assert [line.split("  ")[-1] for line in lines[4:-1]] == ["2 emails", "2 emails", "1 email"]
    assert lines[-1] == "a dry run: nothing was imported"
    assert events() == 0


@pytest.mark.usefixtures("folder")
def test_without_a_yes_and_without_a_terminal_nothing_happens(run: Run) -> None:
    result = run("import", "csv", write(GOOD), "--trigger", "quiz")
    assert result.exit_code == 2
    assert "this would import 2 rows: say --yes to do it" in result.stderr
    assert events() == 0


def test_rows_come_in_once_on_every_database(run: Run, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUSOS_DATABASE_URL", url)
    first = run("import", "csv", write(GOOD), "--trigger", "quiz", "--yes")
    assert (first.exit_code, first.stdout.splitlines()[-1]) == (0, "imported 2 rows")

    again = run("import", "csv", "people.csv", "--trigger", "quiz", "--yes")
    assert (again.exit_code, again.stderr) == (1, "there is nothing to import\n")
    assert "2 rows imported before: left as they are" in again.stdout

    longer = run("import", "csv", write(GOOD + "eve@example.com,1,Eve\n"), "--trigger", "quiz", "--yes")
    assert longer.stdout.splitlines()[-1] == "imported 1 row, 2 rows were there already"
    anew = run("import", "csv", "people.csv", "--trigger", "quiz", "--yes", "--label", "autumn")
    assert anew.stdout.splitlines()[-1] == "imported 3 rows"
    assert "0 new people, 3 known already" in anew.stdout
    assert events(url) == 6
    with Ledger.open(url) as ledger, ledger.read() as tx:
        found = tx.contacts_by_email(["bob@example.com", "eve@example.com"])
    assert found["eve@example.com"].values == {
        "email": "eve@example.com",
        "reds": 1,
        "first_name": "Eve",
        "segment": "COLD",
    }
    assert "first_name" not in found["bob@example.com"].values


@pytest.mark.usefixtures("folder")
def test_every_wrong_row_is_told_with_its_line_and_nothing_comes_in(run: Run) -> None:
    text = HEAD + 'ada@example.com,3,"Ada\nKing"\nnobody,3,\n\nbob@example.com,9,\neve@example.com\n'
    result = run("import", "csv", write(text), "--trigger", "quiz", "--yes")
    assert result.exit_code == 1
    told = [line.strip() for line in result.stdout.splitlines() if "people.csv:" in line][1:]
    assert [line.split(": ")[0] for line in told] == ["people.csv:4", "people.csv:6", "people.csv:7"]
    assert "email" in told[0]
    assert "reds" in told[1]
    assert told[2] == "people.csv:7: it has 1 cell, and the header has 3"
    assert result.stderr == "3 rows cannot be taken, so nothing was imported: mend them, or say --skip-bad\n"
    assert events() == 0

    skipping = run("import", "csv", "people.csv", "--trigger", "quiz", "--yes", "--skip-bad")
    assert (skipping.exit_code, skipping.stdout.splitlines()[-1]) == (0, "imported 1 row, 3 rows could not be taken")


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "text",
    [
        GOOD.replace(",", ";"),
        GOOD.replace(",", "\t"),
        "\ufeff" + GOOD.replace("\n", "\r\n"),
        "sep=|\r\n" + GOOD.replace(",", "|"),
        'E-MAIL,"reds","first_name"\n ada@example.com ,"3","Ada"\n"bob@example.com",0,""\n',
        GOOD + "ada@example.com,3,Ada\n\n ,,\n",
    ],
)
def test_spreadsheets_of_all_countries_are_read(run: Run, text: str) -> None:
    result = run("import", "csv", write(text), "--trigger", "quiz", "--yes", "--json")
    found = json.loads(result.stdout)
    assert (found["wrong"], found["imported"], found["columns"]) == (0, 2, ["email", "reds", "first_name"])


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("text", "words", "said"),
    [
        ("", (), "people.csv is empty: its first line must name the columns"),
        ("Mail,Reds\n", (), 'quiz requires email, and no column is called so; did you mean "Mail"?'),
        ("Email,Reds,e mail\n", (), 'two columns fill email: rename one of them, or say --map "COLUMN=email"'),
        ("Email,Reds\n", ("--map", "Rads=reds"), '--map: no column is called "Rads"; did you mean "Reds"?'),
        ("Email,Reds\n", ("--map", "Reds=rods"), '--map: quiz takes no field "rods"; did you mean "reds"?'),
        ("Email,Reds\n", ("--map", "Reds"), '--map "Reds" is not COLUMN=FIELD'),
        ("Email,Reds\n", ("--trigger", "quix"), 'no trigger is called "quix"; did you mean "quiz"?'),
        ("Email,Reds\nadä@example.com,1\n".encode("latin-1"), (), "it is not written in UTF-8"),
        ('Email,Reds\nada@example.com,"1\n', (), "people.csv:2: unexpected end of data"),
    ],
)
def test_what_cannot_be_read_is_said_in_a_sentence(
    run: Run, text: str | bytes, words: tuple[str, ...], said: str
) -> None:
    result = run("import", "csv", write(text), "--trigger", "quiz", *words, "--yes")
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.usefixtures("folder")
def test_a_file_that_is_not_there_is_said(run: Run) -> None:
    result = run("import", "csv", "nowhere.csv", "--trigger", "quiz", "--yes")
    assert (result.exit_code, result.stderr) == (2, "Error: nowhere.csv cannot be read: No such file or directory\n")


@pytest.mark.usefixtures("folder")
def test_columns_may_be_called_anything(run: Run) -> None:
    text = "Who,Count,Email\nada@example.com,3,not this one\n"
    words = ("--map", "Who=email", "--map", "Count = reds")
    result = run("import", "csv", write(text), "--trigger", "quiz", *words, "--yes", "--json")
    found = json.loads(result.stdout)
    assert (found["imported"], found["ignored"], found["new"]) == (1, ["Email"], 1)


@pytest.mark.usefixtures("folder")
def test_of_many_rows_some_are_played_and_the_rest_is_likely(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.cli.importing.looking.PLAYED", 50)
    text = HEAD + "".join(f"p{number}@example.com,{number % 2 * 3},\n" for number in range(3000))
    result = run("import", "csv", write(text), "--trigger", "quiz", "--dry-run")
    assert "about 3,000 people start welcome" in result.stdout
    assert "played with 50 rows drawn by chance" in result.stdout
    assert run("import", "csv", "people.csv", "--trigger", "quiz", "--dry-run").stdout == result.stdout


@pytest.mark.usefixtures("folder")
def test_who_would_be_held_is_told(run: Run, folder: Path) -> None:
    (folder / "templates" / "hello.md").write_text("---\nsubject: Hello\n---\n{{ customer }}\n")
    result = run("import", "csv", write(GOOD), "--trigger", "quiz", "--dry-run")
    if result.exit_code == 2:  # validate may already refuse it
        assert "customer" in result.stderr
    else:
        assert "would be held" in result.stdout


def test_killed_in_the_middle_it_goes_on_where_it_was(folder: Path) -> None:
    rows, kills = 20_000, 0
    write(HEAD + "".join(f"p{number}@example.com,{number % 9},\n" for number in range(rows)))
    command = [sys.executable, "-m", "server.cli", "import", "csv", "people.csv", "--trigger", "quiz", "--yes"]
    for least in (1, rows // 3):
        with subprocess.Popen(command, cwd=folder, env=environment(), stdout=subprocess.DEVNULL) as child:
            until = time.monotonic() + 60
            while child.poll() is None and time.monotonic() < until:
                if Path("busos.db").exists() and events() >= least:
                    os.kill(child.pid, signal.SIGKILL)
                    break
            kills += child.wait() == -signal.SIGKILL
    done = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, check=True)
    assert kills, "it was too fast to be killed"
    assert "rows were there already" in done.stdout
    with Ledger.open("sqlite:///busos.db") as ledger, ledger.read() as tx:
        found = tx.connection.exec_driver_sql("SELECT count(*), count(DISTINCT email) FROM events").fetchone()
    assert found == (rows, rows)


def test_ctrl_c_says_how_far_it_came(folder: Path) -> None:
    write(HEAD + "".join(f"p{number}@example.com,{number % 9},\n" for number in range(50_000)))
    command = [sys.executable, "-m", "server.cli", "import", "csv", "people.csv", "--trigger", "quiz", "--yes"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=folder, env=environment(), text=True, **pipes) as child:  # type: ignore[call-overload]
        while child.poll() is None and not (Path("busos.db").exists() and events()):
            time.sleep(0.01)
        child.send_signal(signal.SIGINT)
        _, said = child.communicate(timeout=60)
    assert child.returncode == 130
    assert "rows are in; the same command goes on with the rest" in said
    assert "Traceback" not in said


def test_in_a_pipe_it_asks_nobody(child: Child, folder: Path) -> None:
    (folder / "people.csv").write_text(GOOD)
    done = child("import", "csv", "people.csv", "--trigger", "quiz")
    assert done.returncode == 2
    assert "say --yes to do it" in done.stderr

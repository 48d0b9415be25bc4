from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.example import Run, environment


def test_an_email_is_told_with_what_it_says(run: Run) -> None:
    result = run("preview", "hello", "first_name=Ada")
    assert (result.exit_code, result.stderr) == (0, "")
    *head, size, _, first = result.stdout.splitlines()[:7]
    assert head == [
        "from       Sang Le <sang@example.com>",
        "subject    Hello Ada  (9 characters)",
        "preheader  none: inboxes show the first words instead",
        "says       first_name = Ada",
    ]
    assert size.endswith(" KB; --out FILE writes it, to look at in a browser")
    assert first == "Good day, Ada."


def test_a_default_is_named_as_one(run: Run) -> None:
    assert "says       first_name = there (default)" in run("preview", "hello").stdout


def test_the_html_goes_to_a_file_or_alone_to_the_shell(run: Run, folder: Path) -> None:
    result = run("preview", "hello", "--out", "new/email.html")
    assert "KB, written to new/email.html" in result.stdout
    written = (folder / "new/email.html").read_text()
    assert written.startswith("<!DOCTYPE html>")
    alone = run("preview", "hello", "--html")
    assert (alone.stdout, alone.stderr) == (written, "")


def test_a_missing_value_is_said_with_what_to_add(run: Run, folder: Path) -> None:
    result = run("preview", "hot", "--out", "email.html")
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        'template "hot" needs a value that is not known: reds',
        "give it:  busos preview hot reds=…",
        "or take an example contact:  busos preview hot --segment HOT",
    ]
    assert not (folder / "email.html").exists()
    alone = run("preview", "hot", "--html")
    assert (alone.exit_code, alone.stdout) == (1, "")
    assert "reds" in alone.stderr


def test_an_example_contact_of_a_segment_has_the_values_and_what_is_given_counts_more(run: Run) -> None:
    assert "You have 2 reds" in run("preview", "hot", "--segment", "HOT").stdout
    assert "You have 7 reds" in run("preview", "hot", "reds=7", "--segment", "HOT").stdout


def test_the_step_says_who_sends_it_and_under_which_subject(run: Run, folder: Path) -> None:
    path = folder / "sequences.yaml"
    text = path.read_text().replace(
        "- email: hello\n        id", "- email: hello\n        subject: Again\n        from: a@example.com\n        id"
    )
    path.write_text(text)
    result = run("preview", "hello", "--step", "nudge")
    assert "from       a@example.com\nsubject    Again " in result.stdout
    assert "subject    Hello there" in run("preview", "hello", "--sequence", "welcome").stdout
    wrong = run("preview", "hello", "--step", "nugde")
    assert wrong.exit_code == 2
    assert (
        'step "nugde" does not send "hello"; it is sent by step hello of welcome, step nudge of welcome' in wrong.stderr
    )
    assert '"gone" does not send "hot"' in run("preview", "hot", "reds=1", "--sequence", "gone").stderr


def test_json_holds_all_of_it(run: Run) -> None:
    found = json.loads(run("preview", "hello", "--format", "json").stdout)
    assert (found["subject"], found["text"].split("\n")[0]) == ("Hello there", "Good day, there.")
    assert found["values"] == {"first_name": "there (default)"}
    assert found["trouble"] is None
    held = run("preview", "hot", "--format", "json")
    assert held.exit_code == 1
    assert json.loads(held.stdout)["trouble"] == 'template "hot" needs a value that is not known: reds'


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["hallo"], 'there is no template "hallo"; did you mean "hello"?'),
        (["ho"], 'there is no template "ho"; did you mean "hot"?'),
        (["off"], 'the template "off" is switched off'),
        (["hello", "frist_name=x"], 'no field is called "frist_name"; did you mean "first_name"?'),
        (["hello", "--segment", "HOTT"], 'no segment with an example contact is called "HOTT"; did you mean "HOT"?'),
        ([], "name a template, such as email_1, or write --all"),
        (["hello", "--all"], "--all shows every template: leave the name out, or leave --all out"),
    ],
)
def test_what_is_asked_wrongly_is_told_with_what_was_meant(run: Run, folder: Path, words: list[str], told: str) -> None:
    (folder / "templates/off.md").write_text("---\nsubject: Off\nactive: false\n---\nOff.\n")
    result = run("preview", *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert told in result.stderr


def test_a_mistake_elsewhere_in_the_file_does_not_keep_an_email_from_being_seen(run: Run, folder: Path) -> None:
    path = folder / "sequences.yaml"
    text = path.read_text().replace("wait: 24 hours", "wait: 24 houres")
    path.write_text(text.replace("Sang Le <sang@example.com>", "[x]"))
    assert "Hello there" in run("preview", "hello").stdout
    path.write_text("a: [")
    assert run("preview", "hello").exit_code == 2


def test_a_broken_template_is_told_and_what_the_checks_say_stands_below(run: Run, folder: Path) -> None:
    (folder / "templates/hot.md").write_text("no front matter")
    result = run("preview", "hot", "--segment", "HOT")
    assert (result.exit_code, "there is no front matter" in result.stdout) == (1, True)
    (folder / "templates/cold.md").write_text("---\nsubject: Look\n---\n[Here](shop.com)\n")
    told = run("preview", "cold").stdout
    assert 'note: template "cold" links to "shop.com", which does not begin with https://' in told


def test_all_of_them_are_one_page_in_a_folder(run: Run, folder: Path) -> None:
    result = run("preview", "--all")
    assert result.stdout == "4 emails from 3 templates. Written to gallery/index.html\n"
    page = (folder / "gallery/index.html").read_text()
    assert page.startswith("<!doctype html>")
    run("preview", "--all", "--out", "other")
    assert (folder / "other/index.html").read_text() == page


def test_a_file_that_cannot_run_has_no_gallery(run: Run, folder: Path) -> None:
    path = folder / "sequences.yaml"
    path.write_text(path.read_text().replace("wait: 24 hours", "wait: 24 houres"))
    result = run("preview", "--all")
    assert result.exit_code == 2
    assert "houres" in result.stderr
    assert not (folder / "gallery").exists()


def test_a_place_that_cannot_be_written_is_told(run: Run, folder: Path) -> None:
    result = run("preview", "hello", "--out", "sequences.yaml/email.html")
    assert result.exit_code == 2
    assert "sequences.yaml/email.html cannot be written" in result.stderr


def test_it_starts_without_the_server_and_the_database(folder: Path) -> None:
    code = (
        "import sys; from server.cli.group import busos; busos(['preview', 'hello'], standalone_mode=False); "
        "print([one for one in ('litestar', 'sqlalchemy', 'notion_client', 'huey') if one in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment(), check=False)
    assert ran.stdout.splitlines()[-1:] == ["[]"], ran.stderr

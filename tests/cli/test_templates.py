from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.example import Run


def test_every_template_is_listed_with_the_steps_that_use_it(run: Run, folder: Path) -> None:
    (folder / "templates" / "spare.md").write_text("---\nsubject: Not yet\n---\nText.\n")
    document = json.loads(run("templates", "list", "--json").stdout)
    assert document["templates"][1] == {
        "name": "hello",
        "subject": "Hello {{ first_name }}",
        "origin": "templates/hello.md",
        "used_by": ["welcome: hello", "welcome: nudge"],
    }
    assert [(one["name"], one["used_by"]) for one in document["templates"]] == [
        ("cold", ["welcome: second"]),
        ("hello", ["welcome: hello", "welcome: nudge"]),
        ("hot", ["welcome: second"]),
        ("spare", []),
    ]


def test_the_list_for_people_has_columns(run: Run) -> None:
    assert run("templates", "list").stdout.splitlines()[:2] == [
        "TEMPLATE  SUBJECT                   WHERE               USED BY",
        "cold      All is well               templates/cold.md   welcome: second",
    ]


def test_good_templates_are_well(run: Run) -> None:
    result = run("templates", "check")
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (0, "3 templates, all well")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "there is no such template, or it is switched off"),
        ("---\nsubject: x\nactive: false\n---\nText.\n", "there is no such template, or it is switched off"),
        ("No front matter.\n", "templates/hot.md:1: there is no front matter"),
        ("---\nsubject: x\n---\nIn {{ city }}.\n", 'line 4: no field is called "city"'),
        ("---\nsubject: x\n---\n{% if reds %}open\n", "templates/hot.md:"),
    ],
)
def test_a_template_that_cannot_be_sent_is_a_no(run: Run, folder: Path, text: str | None, said: str) -> None:
    path = folder / "templates" / "hot.md"
    path.unlink() if text is None else path.write_text(text)
    result = run("templates", "check")
    assert result.exit_code == 1
    assert "fail  hot  (welcome: second)\n" in result.stdout
    assert said in result.stdout
    assert result.stdout.endswith("3 templates in use, 1 cannot be sent\n")
    document = json.loads(run("templates", "check", "--json").stdout)
    assert (document["ok"], [bool(one["problems"]) for one in document["templates"]]) == (False, [False, False, True])


def test_a_whole_document_needs_a_place_to_unsubscribe(run: Run, folder: Path) -> None:
    (folder / "templates" / "hot.md").unlink()
    page = "---\nsubject: x\n---\n<!doctype html><html><body>Hi</body></html>\n"
    (folder / "templates" / "hot.html").write_text(page)
    result = run("templates", "check")
    assert result.exit_code == 1
    assert "there is no place to unsubscribe: put {{ unsubscribe_url }} into a link" in result.stdout

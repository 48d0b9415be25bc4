"""``busos templates pull`` and ``push``: what is shown first, and that every byte comes back."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.example import Run
from tests.standins.notion import Notion
from tests.standins.notion_seeds import CONTACTS, TEMPLATES, TEMPLATES_SOURCE
from tests.standins.server import StandIn

ROOT = Path(__file__).parents[2]
TOKEN = "ntn_a-token-for-the-stand-in"
FAMILY = "A family 👨‍👩‍👧, a rocket 🚀 and a flag 🏴󠁧󠁢󠁳󠁣󠁴󠁿. "


@pytest.fixture(params=["2025-09-03", "2022-06-28"])
def notion(request: pytest.FixtureRequest, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Notion]:
    """Notion with empty databases that have room for preheaders; at the end nothing may have broken its contract."""
    vendor = Notion(rate=0, token=TOKEN)
    if not vendor.judges:
        pytest.skip("contracts of Notion: ../shared/contracts is missing")
    vendor.sources[TEMPLATES_SOURCE].columns["Preheader"] = {"type": "rich_text"}
    with StandIn(vendor) as server:
        for name, value in (
            ("NOTION_API_URL", server.url),
            ("NOTION_VERSION", request.param),
            ("NOTION_TOKEN", TOKEN),
            ("NOTION_CONTACTS_DB_ID", CONTACTS),
            ("NOTION_TEMPLATES_DB_ID", TEMPLATES),
        ):
            monkeypatch.setenv(name, value)
        yield vendor
    assert vendor.violations == []


@pytest.fixture
def nine(folder: Path) -> dict[str, bytes]:
    """The templates that ship, and one of 60,000 characters, in the folder."""
    shutil.rmtree(folder / "templates")
    shutil.copytree(ROOT / "templates", folder / "templates")
    long = f'---\nsubject: "Long, with a 🚀"\npreheader: A long one.\n---\n{FAMILY * 1600}\n'
    (folder / "templates" / "long.md").write_text(long, encoding="utf-8")
    (folder / "templates" / "page.html").write_text('---\nsubject: "Page"\n---\n<!doctype html>\n<p>Hello\n</p>\n\n')
    return {path.name: path.read_bytes() for path in (folder / "templates").iterdir()}


def texts(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "templates").iterdir()}


def test_what_was_pushed_comes_back_byte_for_byte(
    run: Run, notion: Notion, folder: Path, nine: dict[str, bytes]
) -> None:
    pushed = run("templates", "push", "--yes")
    assert (pushed.exit_code, pushed.stdout.splitlines()[-1]) == (0, "11 written")
    assert run("templates", "push", "--yes").stdout == "Notion says the same as the files\n"
    assert run("templates", "pull", "--yes").stdout == "the files say the same as Notion\n"

    shutil.rmtree(folder / "templates")
    pulled = run("templates", "pull", "--yes")
    assert (pulled.exit_code, pulled.stdout.splitlines()[-1]) == (0, "11 written")
    assert texts(folder) == nine
    assert len(next(page for page in nine.values() if len(page) > 60_000).decode()) > 60_000


def test_an_edit_in_notion_is_shown_before_it_is_written(run: Run, notion: Notion, folder: Path) -> None:
    before = texts(folder)
    run("templates", "push", "--yes")
    (folder / "templates" / "hot.md").write_text("---\nsubject: You have {{ reds }} reds\n---\nWrite to us.\n")
    run("templates", "push", "hot", "--yes")
    (folder / "templates" / "hot.md").write_bytes(before["hot.md"])

    shown = run("templates", "pull", "--dry-run")
    assert (shown.exit_code, shown.stdout.splitlines()[-1]) == (0, "a dry run: nothing was written")
    assert "  -Call us." in shown.stdout.splitlines()
    assert "  +Write to us." in shown.stdout.splitlines()
    assert texts(folder) == before

    assert run("templates", "pull", "cold", "--yes").stdout == "the files say the same as Notion\n"
    assert run("templates", "pull", "--yes").exit_code == 0
    assert (folder / "templates" / "hot.md").read_text().endswith("Write to us.\n")
    assert {name: text for name, text in texts(folder).items() if name != "hot.md"} == {
        name: text for name, text in before.items() if name != "hot.md"
    }


@pytest.mark.usefixtures("notion")
def test_without_a_yes_nothing_is_written(run: Run, folder: Path) -> None:
    refused = run("templates", "push")
    assert refused.exit_code == 2
    assert "this would write 3 pages in Notion: say --yes to do it, --dry-run to look" in refused.stderr

    run("templates", "push", "--yes")
    (folder / "templates" / "hot.md").write_text("---\nsubject: One\n---\nOther.\n")
    assert run("templates", "pull").exit_code == 2
    assert (folder / "templates" / "hot.md").read_text().endswith("Other.\n")


def test_what_notion_has_no_room_for_stays_in_the_files(run: Run, notion: Notion, folder: Path) -> None:
    del notion.sources[TEMPLATES_SOURCE].columns["Preheader"]
    path = folder / "templates" / "hello.md"
    path.write_text("---\nsubject: Hello\npreheader: In short\n---\nGood day.\n")
    before = path.read_text()

    pushed = run("templates", "push", "--yes")
    assert "Notion has no property Preheader" in pushed.stderr
    assert run("templates", "push", "--yes").stdout == "Notion says the same as the files\n"
    assert run("templates", "pull", "--yes").stdout == "the files say the same as Notion\n"
    assert path.read_text() == before


def test_an_empty_page_and_a_strange_name_reach_no_file(run: Run, notion: Notion, folder: Path) -> None:
    run("templates", "push", "--yes")
    before = texts(folder)
    for page in notion.pages.values():
        name = str(page.values["Template Name"])
        if "'hot'" in name:
            page.values["HTML Body"] = []
        if "'cold'" in name:
            title = json.dumps(page.values["Template Name"])
            page.values["Template Name"] = json.loads(title.replace("cold", "../../x"))

    pulled = run("templates", "pull", "--yes")

    assert "hot is empty in Notion: its file is left as it is" in pulled.stderr
    assert "'../../x' in Notion is left out: no file can be called so" in pulled.stderr
    assert texts(folder) == before


@pytest.mark.usefixtures("notion")
@pytest.mark.parametrize("verb", ["push", "pull"])
def test_a_template_that_is_not_there_is_said(run: Run, verb: str) -> None:
    run("templates", "push", "--yes")
    result = run("templates", verb, "helo", "--yes")
    assert result.exit_code == 2
    assert 'there is no template "helo"; did you mean "hello"?' in result.stderr


@pytest.mark.parametrize("verb", ["push", "pull"])
def test_without_notion_it_says_what_to_set(run: Run, verb: str) -> None:
    result = run("templates", verb, "--yes")
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: Notion is not configured: set NOTION_TOKEN")


def test_notion_that_is_away_changes_nothing(run: Run, notion: Notion, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTION_TOKEN", "ntn_another-token-of-somebody")
    result = run("templates", "pull", "--yes")
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: the templates in Notion could not be read: Notion does not accept")
    notion.violations.clear()

"""``busos notion setup``: what is missing is told and made, and nothing that is there is touched."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.example import Run
from tests.standins.notion import Notion
from tests.standins.notion_seeds import CONTACTS, CONTACTS_SOURCE, HOME, TEMPLATES, TEMPLATES_SOURCE
from tests.standins.server import StandIn

ROOT = Path(__file__).parents[2]
TOKEN = "ntn_a-token-for-the-stand-in"


@pytest.fixture(params=["2025-09-03", "2022-06-28"])
def notion(request: pytest.FixtureRequest, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Notion]:
    """Notion with the databases of the product, and the shipped file."""
    vendor = Notion(rate=0, token=TOKEN)
    if not vendor.judges:
        pytest.skip("contracts of Notion: ../shared/contracts is missing")
    shutil.copy(ROOT / "sequences.yaml", folder / "sequences.yaml")
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


def test_databases_with_only_a_title_get_all_that_the_file_needs(run: Run, notion: Notion) -> None:
    whole = dict(notion.sources[CONTACTS_SOURCE].columns)
    notion.sources[CONTACTS_SOURCE].columns = {"Name": {"type": "title"}}
    notion.sources[TEMPLATES_SOURCE].columns = {"Template Name": {"type": "title"}}

    looked = run("notion", "setup")
    assert looked.exit_code == 1
    assert "  missing  Red Systems is missing: number" in looked.stdout
    assert "  missing  Segment is missing: select, with CRITICAL, URGENT, OPTIMIZE" in looked.stdout
    assert "  missing  Email 5 Sent Date is missing: date" in looked.stdout
    assert set(notion.sources[CONTACTS_SOURCE].columns) == {"Name"}

    made = run("notion", "setup", "--yes")
    assert made.exit_code == 0
    assert notion.sources[CONTACTS_SOURCE].columns == {
        name: column for name, column in whole.items() if name != "Customer"
    }
    assert set(notion.sources[TEMPLATES_SOURCE].columns) == {
        *("Template Name", "Subject", "HTML Body", "Preheader", "Active", "Last Modified")
    }
    again = run("notion", "setup", "--yes")
    assert (again.exit_code, again.stdout.count("properties are there")) == (0, 2)


def test_databases_are_made_from_nothing(run: Run, notion: Notion, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTION_CONTACTS_DB_ID")
    monkeypatch.delenv("NOTION_TEMPLATES_DB_ID")
    before, page = set(notion.sources), f"https://www.notion.so/Marketing-{HOME.replace('-', '')}"

    looked = run("notion", "setup", "--parent", page)
    assert (looked.exit_code, set(notion.sources)) == (1, before)
    assert "templates  would be made, with 6 properties" in looked.stdout

    made = run("notion", "setup", "--parent", page, "--yes")
    assert made.exit_code == 0
    lines = dict(line.strip().split("=") for line in made.stdout.splitlines() if line.startswith("  NOTION_"))
    assert set(lines) == {"NOTION_CONTACTS_DB_ID", "NOTION_TEMPLATES_DB_ID"}
    for name, value in lines.items():
        monkeypatch.setenv(name, value)
    again = run("notion", "setup", "--yes")
    assert (again.exit_code, again.stdout.count("properties are there")) == (0, 2)
    contacts, templates = (notion.sources[one] for one in notion.sources if one not in before)
    assert (contacts.columns["Name"], templates.columns["Template Name"]) == ({"type": "title"}, {"type": "title"})
    assert (contacts.name, templates.name) == ("busos contacts", "busos templates")
    assert run("templates", "push", "--yes").exit_code == 0


def test_only_the_database_that_is_lacking_is_made(run: Run, notion: Notion, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTION_TEMPLATES_DB_ID")
    made = run("notion", "setup", "--parent", HOME, "--yes")
    assert "NOTION_CONTACTS_DB_ID=" not in made.stdout
    assert "NOTION_TEMPLATES_DB_ID=" in made.stdout


@pytest.mark.parametrize(
    ("unset", "page", "told"),
    [
        ((), HOME, "name databases already: leave --parent out"),
        (("NOTION_TOKEN", "NOTION_CONTACTS_DB_ID"), HOME, "set NOTION_TOKEN first"),
        (("NOTION_CONTACTS_DB_ID",), "5e5e5e5e-0000-4000-8000-00000000dead", "Could not find page with ID"),
    ],
)
def test_what_stands_in_the_way_of_a_database_is_said(
    run: Run, notion: Notion, monkeypatch: pytest.MonkeyPatch, unset: tuple[str, ...], page: str, told: str
) -> None:
    for name in unset:
        monkeypatch.delenv(name)
    result = run("notion", "setup", "--parent", page, "--yes")
    assert result.exit_code == 2
    assert told in result.stderr
    assert len(notion.sources) == 2


def test_a_file_without_a_text_gets_a_title_of_its_own(
    run: Run, notion: Notion, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NOTION_CONTACTS_DB_ID")
    (folder / "sequences.yaml").write_text(
        "version: 1\nemail: {from: Sang Le <sang@example.com>}\n"
        "contact: {email: {type: email, notion: Email}, points: {type: number, notion: Points}}\n"
    )
    assert run("notion", "setup", "--parent", HOME, "--yes").exit_code == 0
    columns = list(notion.sources.values())[-1].columns
    assert columns == {"Name": {"type": "title"}, "Email": {"type": "email"}, "Points": {"type": "number"}}


def test_what_is_there_is_never_changed(run: Run, notion: Notion) -> None:
    columns = notion.sources[CONTACTS_SOURCE].columns
    columns["Red Systems"] = {"type": "checkbox"}
    columns["Orange Sytems"] = columns.pop("Orange Systems")
    columns["Segment"] = {"type": "select", "options": ["CRITICAL", "Another"]}
    columns["Signup Source"] = {"type": "status", "options": ["web_form"]}
    before = {name: dict(column) for name, column in columns.items()}

    result = run("notion", "setup", "--yes")

    assert result.exit_code == 1
    for told in (
        "  by hand  Red Systems is of the type checkbox: change it to number in Notion",
        "  by hand  Orange Systems is missing, but there is Orange Sytems: rename it, or correct the file",
        "  missing  Segment does not know URGENT, OPTIMIZE",
        "  by hand  Signup Source does not know landing_page: add it in Notion, which lets nobody else",
    ):
        assert told in result.stdout.splitlines()
    assert columns.pop("Segment") == {"type": "select", "options": ["CRITICAL", "Another", "URGENT", "OPTIMIZE"]}
    assert columns == {name: column for name, column in before.items() if name != "Segment"}


def test_a_database_that_cannot_be_read_is_said(run: Run, notion: Notion, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTION_CONTACTS_DB_ID", "c0c0c0c0-0000-4000-8000-00000000dead")
    result = run("notion", "setup", "--yes")
    assert result.exit_code == 2
    assert "NOTION_CONTACTS_DB_ID names no database that can be read" in result.stderr


def test_without_notion_it_says_what_to_set(run: Run) -> None:
    result = run("notion", "setup")
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: Notion is not configured: set NOTION_TOKEN")

"""The texts of emails in Notion on loopback, in every version we speak."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from engine.adapters.notion import KeptCopy
from engine.errors import LedgerUnavailable
from engine.model import Refused, Retry, TemplateText
from engine.ports import Mirrored
from tests.adapters.notion.conftest import NEWEST_TOO, World
from tests.standins.notion_seeds import TEMPLATES_SOURCE

NAMES = (
    *("email_1", "email_2a_critical", "email_2b_urgent", "email_2c_optimize", "email_3"),
    *("email_4", "email_5a_critical", "email_5b_urgent", "email_5c_optimize"),
)


class Files:
    """Templates in files, as a dictionary."""

    def __init__(self, *names: str) -> None:
        self._names = names

    def find(self, name: str) -> TemplateText | None:
        if name not in self._names:
            return None
        return TemplateText(name=name, subject="from a file", body="a file", format="markdown")

    def names(self) -> Sequence[str]:
        return sorted(self._names)

    def edition(self) -> object:
        return self._names


class Memory:
    """A TemplateStore that outlives a NotionTemplates."""

    def __init__(self) -> None:
        self.kept: KeptCopy | None = None
        self.saved = 0

    def load(self) -> KeptCopy | None:
        return self.kept

    def save(self, templates: Sequence[TemplateText], read_at: datetime) -> None:
        self.kept = KeptCopy(list(templates), read_at)
        self.saved += 1


def long_template(name: str) -> TemplateText:
    body = f"<html><body><p>{name} {{{{ first_name }}}}</p>" + "x😀👩🏽‍💻é" * 700 + "</body></html>"
    return TemplateText(name=name, subject=f"🎉 {name} for {{{{ first_name }}}}", body=body, format="html")


def write(world: World, name: str, **values: Any) -> None:
    """A template as a person makes it in Notion."""
    world.vendor.add(TEMPLATES_SOURCE, Template_Name=name, **{"Active": True, **values})


def block(kind: str, text: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, kind: {"rich_text": [{"text": {"content": text}, **more}]}}


@NEWEST_TOO
def test_nine_long_templates_with_emoji_come_back_whole(world: World) -> None:
    templates = world.templates()
    for name in NAMES:
        assert isinstance(templates.push(long_template(name)), Mirrored)
    reader = world.templates()
    assert reader.names() == sorted(NAMES)
    for name in NAMES:
        found = reader.find(name)
        assert found is not None
        assert (found.subject, found.body) == (long_template(name).subject, long_template(name).body)
        assert found.format == "html"
        assert found.origin.startswith("https://www.notion.so/")


def test_pushing_again_changes_the_page_and_makes_no_other(world: World) -> None:
    templates = world.templates()
    first = templates.push(long_template("email_1"))
    again = templates.push(replace(long_template("email_1"), subject="New", body="# New", format="markdown"))
    assert first == again
    found = templates.find("email_1")
    assert found is not None
    assert (found.subject, found.body, found.format) == ("New", "# New", "markdown")
    assert world.vendor.read(world.vendor.page("email_1"))["values"]["Last Modified"].startswith("2025-11-12T15:0")


def test_a_push_that_may_have_happened_makes_no_second_page(world: World) -> None:
    templates = world.templates()
    templates.names()
    world.server.faults.script.extend(["ok", "drop"])
    outcome = templates.push(long_template("email_1"))
    assert isinstance(outcome, Retry)
    assert outcome.uncertain
    assert isinstance(templates.push(long_template("email_1")), Mirrored)
    assert len(world.vendor.pages_of("email_1")) == 1


def test_a_text_too_long_for_notion_is_refused_before_it_is_sent(world: World) -> None:
    outcome = world.templates().push(replace(long_template("email_1"), body="x" * 200_001))
    assert isinstance(outcome, Refused)
    assert "about 200,000" in outcome.reason
    # 100 items of 2,000 units fit, but not into one request when each unit takes three bytes.
    outcome = world.templates().push(replace(long_template("email_1"), body="界" * 199_000))
    assert isinstance(outcome, Refused)
    assert "bytes" in outcome.reason
    assert world.vendor.pages == {}


def test_a_template_switched_off_in_notion_is_not_there_and_says_why(world: World) -> None:
    write(world, "email_1", Subject="Hello", HTML_Body="<p>Hello</p>", Active=False)
    templates = world.templates(Files("email_1", "email_2"))
    assert templates.find("email_1") is None
    assert templates.names() == ["email_2"]
    assert "switched off in Notion" in templates.why("email_1")


def test_an_empty_template_is_not_there_and_says_why(world: World) -> None:
    write(world, "email_1", Subject="Hello")
    templates = world.templates(Files("email_1"))
    assert templates.find("email_1") is None
    assert "empty in Notion" in templates.why("email_1")


def test_what_notion_does_not_have_comes_from_the_files(world: World) -> None:
    write(world, "email_1", Subject="From Notion", HTML_Body="Hello")
    templates = world.templates(Files("email_1", "email_2"))
    one, two = templates.find("email_1"), templates.find("email_2")
    assert one is not None
    assert two is not None
    assert (one.subject, two.subject) == ("From Notion", "from a file")
    assert templates.names() == ["email_1", "email_2"]
    assert "no template 'email_9'" in templates.why("email_9")
    assert templates.why("email_1") == ""


def test_the_code_blocks_of_a_page_are_its_body(world: World) -> None:
    blocks = [block("paragraph", "a note to ourselves"), block("code", "<p>Hi</p>"), block("code", "<p>there</p>")]
    world.vendor.add(TEMPLATES_SOURCE, blocks, Template_Name="email_1", Subject="S", Active=True)
    found = world.templates().find("email_1")
    assert found is not None
    assert (found.body, found.format) == ("<p>Hi</p>\n\n<p>there</p>", "html")


@NEWEST_TOO
def test_a_page_written_in_notion_becomes_markdown(world: World) -> None:
    blocks = [
        block("heading_1", "Hello {{ first_name }}"),
        block("paragraph", "See "),
        block("bulleted_list_item", "one", annotations={"bold": True}),
        block("bulleted_list_item", "two"),
        {"type": "paragraph", "paragraph": {"rich_text": []}},
        block("quote", "wise"),
        {"type": "divider", "divider": {}},
        {
            "type": "paragraph",
            "paragraph": {"rich_text": [{"text": {"content": "Book", "link": {"url": "https://example.com"}}}]},
        },
        {"type": "table_of_contents", "table_of_contents": {"color": "default"}},
    ]
    world.vendor.add(TEMPLATES_SOURCE, blocks, Template_Name="email_1", Subject="S", Active=True)
    templates = world.templates()
    found = templates.find("email_1")
    assert found is not None
    assert found.format == "markdown"
    assert found.body == (
        "# Hello {{ first_name }}\n\nSee \n\n- **one**\n- two\n\n> wise\n\n---\n\n[Book](https://example.com)"
    )
    (note,) = templates.notes
    assert "table_of_contents" in note


def test_a_page_of_more_than_a_hundred_blocks_is_read_whole(world: World) -> None:
    blocks = [block("paragraph", f"line {n}") for n in range(250)]
    world.vendor.add(TEMPLATES_SOURCE, blocks, Template_Name="email_1", Subject="S", Active=True)
    found = world.templates().find("email_1")
    assert found is not None
    assert found.body.split("\n\n") == [f"line {n}" for n in range(250)]


def test_notion_is_asked_once_a_minute_and_an_edit_is_seen_after_it(world: World) -> None:
    write(world, "email_1", Subject="Old", HTML_Body="Hello")
    templates = world.templates()
    for name in NAMES * 5:
        templates.find(name)
    assert world.asked("POST", "/query") == 1
    world.vendor.edit("email_1", Subject="New")
    world.time.sleep(61)
    found = templates.find("email_1")
    assert found is not None
    assert found.subject == "New"
    assert world.asked("POST", "/query") == 2


def test_a_page_body_is_read_again_only_after_an_edit(world: World) -> None:
    page = world.vendor.add(TEMPLATES_SOURCE, [block("code", "old")], Template_Name="email_1", Subject="S", Active=True)
    templates = world.templates()
    world.time.sleep(300)
    for _ in range(4):
        templates.find("email_1")
        world.time.sleep(61)
    assert world.asked("GET", "/children") == 1
    page.blocks[0]["code"]["rich_text"][0]["text"]["content"] = "new"
    page.edited = world.time.now()
    found = templates.find("email_1")
    assert found is not None
    assert found.body == "new"


def test_many_threads_at_once_read_notion_once(world: World) -> None:
    write(world, "email_1", Subject="S", HTML_Body="Hello")
    templates = world.templates()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(templates.find, ["email_1"] * 40))
    assert all(found)
    assert world.asked("POST", "/query") == 1


def test_the_last_copy_is_used_while_notion_is_down(world: World) -> None:
    write(world, "email_1", Subject="S", HTML_Body="Hello")
    templates = world.templates(Files("email_1"))
    templates.find("email_1")
    world.server.faults.down = True
    world.time.sleep(3600)
    found = templates.find("email_1")
    assert found is not None
    assert found.subject == "S"
    assert "could not be reached" in templates.trouble
    world.server.faults.down = False
    world.time.sleep(61)
    templates.find("email_1")
    assert templates.trouble == ""


def test_the_last_copy_outlives_a_restart(world: World) -> None:
    store = Memory()
    write(world, "email_1", Subject="S", HTML_Body="Hello")
    world.templates(store=store).find("email_1")
    world.server.faults.down = True
    world.time.sleep(3600)
    templates = world.templates(store=store)
    for _ in range(3):
        found = templates.find("email_1")
        assert found is not None
        assert found.body == "Hello"
        world.time.sleep(61)
    assert "could not be reached" in templates.trouble


def test_processes_share_what_one_of_them_has_read(world: World) -> None:
    store = Memory()
    write(world, "email_1", Subject="Old", HTML_Body="Hello")
    crowd = [world.templates(store=store) for _ in range(4)]
    for minute in range(1, 4):
        for templates in crowd * 2:
            assert templates.find("email_1")
            world.time.sleep(1)
        assert (world.asked("POST", "/query"), store.saved) == (minute, minute)
        world.time.sleep(60)


def test_a_start_does_not_wait_for_notion_and_asks_it_soon(world: World) -> None:
    store = Memory()
    write(world, "email_1", Subject="Old", HTML_Body="Hello")
    world.templates(store=store).find("email_1")
    world.vendor.edit("email_1", Subject="New")
    world.time.sleep(300)
    asked = len(world.vendor.requests)
    templates = world.templates(store=store)
    found = templates.find("email_1")
    assert found is not None
    assert (found.subject, len(world.vendor.requests)) == ("Old", asked)
    before = templates.edition()

    world.time.sleep(6)
    found = templates.find("email_1")
    assert found is not None
    assert found.subject == "New"
    assert templates.edition() != before


def test_a_start_reads_notion_where_the_copy_is_old(world: World) -> None:
    store = Memory()
    write(world, "email_1", Subject="Old", HTML_Body="Hello")
    world.templates(store=store).find("email_1")
    world.vendor.edit("email_1", Subject="New")
    world.time.sleep(3600)
    found = world.templates(store=store).find("email_1")
    assert found is not None
    assert found.subject == "New"


class Busy:
    """A TemplateStore whose ledger is away."""

    def load(self) -> KeptCopy | None:
        raise LedgerUnavailable("the ledger is busy")

    def save(self, templates: Sequence[TemplateText], read_at: datetime) -> None:
        raise LedgerUnavailable("the ledger is busy")


def test_a_ledger_that_is_busy_keeps_no_template_from_being_found(world: World) -> None:
    write(world, "email_1", Subject="S", HTML_Body="Hello")
    assert world.templates(store=Busy()).find("email_1") is not None
    world.server.faults.down = True
    assert world.templates(store=Busy()).find("email_1") is None


def test_without_any_copy_the_files_are_used_while_notion_is_down(world: World) -> None:
    world.server.faults.down = True
    templates = world.templates(Files("email_1"))
    found = templates.find("email_1")
    assert found is not None
    assert found.subject == "from a file"
    assert "Notion could not be read" in templates.why("email_9")


@pytest.mark.parametrize(("first", "second"), [(True, False), (False, True)])
def test_of_two_templates_of_one_name_the_active_one_is_used_and_it_is_told(
    world: World, first: bool, second: bool
) -> None:
    write(world, "email_1", Subject=str(first), HTML_Body="Hello", Active=first)
    world.time.sleep(120)
    write(world, "email_1", Subject=str(second), HTML_Body="Hello", Active=second)
    templates = world.templates()
    found = templates.find("email_1")
    assert found is not None
    assert found.subject == "True"
    assert "two templates 'email_1'" in templates.notes[0]


def test_a_database_without_the_body_property_says_so(world: World) -> None:
    world.vendor.rename(TEMPLATES_SOURCE, "HTML Body", "Body")
    templates = world.templates()
    outcome = templates.push(long_template("email_1"))
    assert isinstance(outcome, Refused)
    assert "'HTML Body'" in outcome.reason
    templates.names()
    assert "'HTML Body'" in templates.notes[0]

"""The gallery: every email, to whom and when, on one page that needs nothing else."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest

from engine.adapters.files import FileTemplates
from engine.language.checking import read_and_check
from engine.language.compiler import load
from engine.language.proving.interview import TooManyCasesError
from engine.model import Playbook, TemplateText
from server.gallery.collecting import BEGINS, Group, groups
from server.gallery.contacts import contacts
from server.gallery.page import gallery_page
from tests.fences import ROOT
from tests.playbooks import playbook

HERE = Path(__file__).parent
RICH = HERE / "rich.yaml"


def shown(path: Path) -> tuple[Playbook, tuple[Group, ...], str]:
    shelf = FileTemplates(path.parent / "templates")
    found = load(path, shelf)
    _, problems = read_and_check(path.read_bytes(), str(path), shelf)
    emails = groups(found, shelf, problems)
    return found, emails, gallery_page(path.name, emails, [rule.name for rule in found.vocabulary.segments])


class Parsed(HTMLParser):
    """The elements of a page, with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.words = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.words += data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


def test_the_shipped_emails_come_in_order_to_whom_and_when_they_go() -> None:
    _, found, _ = shown(ROOT / "sequences.yaml")
    assert [(one.when, one.template, one.segments) for one in found[0].emails] == [
        ("day 1, 10:00", "email_1", ()),
        ("day 2, 10:00", "email_2a_critical", ("CRITICAL",)),
        ("day 2, 10:00", "email_2b_urgent", ("URGENT",)),
        ("day 2, 10:00", "email_2c_optimize", ("OPTIMIZE",)),
        ("day 4, 10:00", "email_3", ()),
        ("day 6, 10:00", "email_4", ()),
        ("day 8, 10:00", "email_5a_critical", ("CRITICAL",)),
        ("day 8, 10:00", "email_5b_urgent", ("URGENT",)),
        ("day 8, 10:00", "email_5c_optimize", ("OPTIMIZE",)),
    ]
    assert [one.subject for one in found[0].emails][1] == "Start with one of your 2 red systems"
    assert not any(one.trouble or one.problems for one in found[0].emails)


def test_what_the_example_does_not_get_is_shown_too_with_what_it_depends_on() -> None:
    _, found, _ = shown(RICH)
    assert [(group.name, group.kind) for group in found] == [
        ("signup", "trigger"),
        ("welcome", "sequence"),
        ("Other templates", "spare"),
    ]
    told = [(one.step, one.segments, one.when, one.note) for one in found[1].emails]
    assert told == [
        ("hello", ("LOYAL",), "day 1, 10:00", ""),
        ("hello", ("NEW",), "day 1, 10:00", ""),
        ("hello", ("REST",), "day 1, 10:00", ""),
        ("second", ("LOYAL",), "day 2, 10:00", ""),
        ("second", ("NEW", "REST"), "day 2, 10:00", ""),
        ("members", (), "", "only when member = true, and plan = paid"),
        ("paid", (), "", "only when plan = paid"),
        ("often", ("LOYAL", "NEW"), "", "only when no branch above it is taken, and visits > 1"),
        ("often", ("REST",), "day 2, 10:00", "only when no branch above it is taken, and visits > 1"),
        ("reminder", (), "day 10, 15:00", ""),
    ]
    by_step = {one.step: one for one in found[1].emails}
    assert "paid plan" in by_step["paid"].text
    assert (by_step["second"].subject, by_step["second"].sender) == ("For city", "Shop <shop@example.com>")
    assert by_step["second"].problems == (
        'template "offer" links to "shop.com/offers", which does not begin with https://',
    )
    assert [one.template for one in found[2].emails] == ["draft"]


def test_there_is_a_contact_in_every_segment() -> None:
    found, _, _ = shown(RICH)
    people = contacts(found, BEGINS)
    assert {name: contact.values["segment"] for name, contact in people.items()} == {
        "LOYAL": "LOYAL",
        "NEW": "NEW",
        "REST": "REST",
    }
    assert people["LOYAL"].values["visits"] == 31


def test_the_same_file_gives_the_same_page() -> None:
    assert shown(RICH)[2] == shown(RICH)[2]


def test_the_page_shows_every_email_on_a_desktop_and_on_a_phone_and_loads_nothing() -> None:
    _, found, page = shown(RICH)
    parsed, emails = Parsed(page), [email for group in found for email in group.emails]
    frames = parsed.all("iframe")
    assert len(frames) == 2 * len(emails)
    for email, desktop, phone in zip(emails, frames[::2], frames[1::2], strict=True):
        assert desktop["srcdoc"] == phone["srcdoc"] == email.html.replace("<head>", '<head><base target="_blank">', 1)
        assert desktop["sandbox"] == "allow-same-origin allow-popups"
        assert email.subject in parsed.words
        assert (email.when or email.note or "Other templates") in parsed.words
    assert not parsed.all("img")
    assert [one["href"] for one in parsed.all("link")] == ["data:,"]
    assert not [one for one in parsed.all("script") if one]
    assert len(parsed.all("article")) == len(emails)


def test_the_one_script_is_the_one_that_the_page_allows() -> None:
    page = shown(RICH)[2]
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.S)
    assert f"script-src 'sha256-{base64.b64encode(sha256(script.encode()).digest()).decode()}'" in page


def test_what_people_wrote_is_text_on_the_page() -> None:
    page = shown(RICH)[2]
    assert "Hello Ada &amp; &lt;friends&gt;" in page
    assert "<friends>" not in page


class Shelf:
    """One template that cannot be rendered, and one with a hostile subject."""

    def find(self, name: str) -> TemplateText | None:
        body = "{{ unheard }}" if name == "bad" else "Hello."
        return TemplateText(name=name, subject='"><script>alert(1)</script>', body=body, format="markdown")

    def names(self) -> list[str]:
        return ["bad", "good"]

    def edition(self) -> object:
        return None


def test_an_email_that_cannot_be_shown_says_why_and_nothing_on_the_page_runs() -> None:
    found = playbook("sequences: {one: {steps: [{email: bad}, {wait: 1 day}, {email: good}]}}\n")
    emails = groups(found, Shelf())
    page = gallery_page("<b>.yaml", emails, ["HOT", "COLD"])
    assert "needs a value that is not known: unheard" in emails[0].emails[0].trouble
    assert emails[0].emails[1].note.startswith("not for this example: ")
    assert page.count("<iframe") == 2
    assert len(Parsed(page).all("script")) == 1
    assert "<b>.yaml" not in page


def test_a_file_without_segments_has_one_contact_and_no_filter() -> None:
    text = """
version: 1
email: {from: you@example.com}
contact: {email: {type: email}, tags: {type: list}, site: {type: link}, score: {type: number, min: 3}}
triggers: {enter: {requires: [email], then: [{start: one}]}}
sequences: {one: {steps: [{email: good}]}}
"""
    emails = groups(load(text, Shelf()), Shelf())
    assert [one.segments for group in emails for one in group.emails] == [(), ()]
    assert "Segment</legend>" not in gallery_page("x.yaml", emails, [])


def test_rules_that_cannot_be_proved_leave_one_contact_for_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    def too_many(*_: object) -> None:
        raise TooManyCasesError

    monkeypatch.setattr("server.gallery.contacts.prove", too_many)
    found, emails, _ = shown(RICH)
    assert list(contacts(found, BEGINS)) == [""]
    assert {one.segments for group in emails for one in group.emails} == {()}


class AnyShelf(Shelf):
    """Every template says hello."""

    def find(self, name: str) -> TemplateText | None:
        return TemplateText(name=name, subject=name, body="Hello.", format="markdown")


@pytest.mark.parametrize("path", sorted((ROOT / "tests/good").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_email_of_a_good_file_is_sent_to_somebody_or_says_what_it_depends_on(path: Path) -> None:
    emails = [email for group in groups(load(path, AnyShelf()), AnyShelf()) for email in group.emails]
    assert not [email for email in emails if email.trouble]
    steps = [email for email in emails if email.step]
    assert not [email.step for email in steps if not email.when and not email.note.startswith("only when")]


# -- In a browser -----------------------------------------------------------------------------


def browser() -> str:
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("THE GALLERY WAS SEEN BY NO BROWSER: install chromium to have it looked at")
    return found


def test_a_browser_shows_every_email_at_its_full_height(tmp_path: Path) -> None:
    program = browser()
    _, found, page = shown(RICH)
    (tmp_path / "index.html").write_text(page, encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}/profile", "--dump-dom"]
    ran = subprocess.run(
        [program, *options, "--virtual-time-budget=5000", "--window-size=1400,1000", f"file://{tmp_path}/index.html"],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    frames = Parsed(ran.stdout).all("iframe")
    heights = [int(re.fullmatch(r"height: (\d+)px;", frame["style"])[1]) for frame in frames]  # type: ignore[index]
    assert len(heights) == 2 * sum(len(group.emails) for group in found)
    assert min(heights) > 30
    assert max(heights) > 250

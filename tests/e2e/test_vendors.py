"""The same job against stand-ins of Resend, Notion and Discord that hold every request against the contracts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from engine.adapters.files import FileTemplates
from engine.adapters.notion import Connection, NotionTemplates
from engine.model import TemplateText
from engine.runtime.clock import SystemClock
from tests.e2e.product import ROOT, Product, eventually
from tests.e2e.test_main_job import CASES, FIVE, SIGNUP
from tests.standins.discord import Discord
from tests.standins.notion import Notion
from tests.standins.notion_seeds import CONTACTS, TEMPLATES
from tests.standins.resend import Resend
from tests.standins.server import StandIn

TOKEN = "ntn_a-token-for-the-stand-in"
LONG = "A long word about systems, with a rocket 🚀 and a family 👨‍👩‍👧. " * 60
END = "the very last words 🌻"

pytestmark = pytest.mark.timeout(240)


def seed(notion: StandIn[Notion], version: str) -> None:
    """The nine templates in Notion, each far over the 2,000 characters of one text item."""
    connection = Connection(TOKEN, notion.url, version)
    files = FileTemplates(ROOT / "templates")
    shelf = NotionTemplates(connection, TEMPLATES, None, clock=SystemClock())
    for name in files.names():
        found = files.find(name)
        assert found is not None
        body = f"{found.body}\n\n{LONG}\n\n{END}\n"
        shelf.push(TemplateText(name=name, subject=found.subject, body=body, format="markdown"))
    connection.close()


@pytest.mark.parametrize("version", ["2025-09-03", "2022-06-28"])
def test_the_main_job_keeps_every_contract(tmp_path: Path, version: str) -> None:
    resend, notion, discord = Resend(rate=0), Notion(rate=0, token=TOKEN), Discord()
    if not (resend.judges and notion.judges and discord.judges):
        pytest.skip("the vendors' contracts are missing: ../shared/contracts beside the checkout")
    with StandIn(resend) as mail, StandIn(notion) as pages, StandIn(discord) as chat:
        seed(pages, version)
        product = Product(
            tmp_path,
            testing="2 seconds",
            RESEND_API_KEY="re_for_a_stand_in",
            RESEND_API_URL=mail.url,
            NOTION_TOKEN=TOKEN,
            NOTION_API_URL=pages.url,
            NOTION_VERSION=version,
            NOTION_CONTACTS_DB_ID=CONTACTS,
            NOTION_TEMPLATES_DB_ID=TEMPLATES,
            DISCORD_WEBHOOK_URL=f"{chat.url}/api/webhooks/1/for-a-stand-in",
        )
        with product.running():
            for segment, systems in CASES.items():
                email = f"ada+{segment.lower()}@example.com"
                product.post("signup", {"email": email, **SIGNUP})
                product.post("assessment", {"email": email, **systems})
            eventually(lambda: len(resend.state()["accepted"]), lambda count: count >= 15, product.log, 120)
            for segment in CASES:
                eventually(lambda one=segment: complete(notion, one), bool, product.log, 60)
            whole = [email for segment in CASES for email in product.emails(f"ada+{segment.lower()}@example.com")]
            assert len(whole) == 15
            assert all(END in email["html"] and END in email["text"] for email in whole)
            assert all("👨‍👩‍👧" in email["text"] for email in whole)

        assert (resend.violations, notion.violations, discord.violations) == ([], [], [])
        for segment, expected in FIVE.items():
            judge_emails(resend.state()["accepted"], f"ada+{segment.lower()}@example.com", expected)
            judge_page(notion, segment)
        assert [line["status"] for line in discord.requests] == [200]


def page_of(notion: Notion, segment: str) -> dict[str, Any]:
    pages = notion.pages_of(f"ada+{segment.lower()}@example.com")
    assert len(pages) <= 1
    values: dict[str, Any] = notion.read(pages[0])["values"] if pages else {}
    return values


def complete(notion: Notion, segment: str) -> bool:
    return bool(page_of(notion, segment).get("Sequence Complete"))


def judge_emails(accepted: list[dict[str, Any]], address: str, templates: Sequence[str]) -> None:
    """One of each, in order, by what stands in them: a key may be that of a batch."""
    mine = [email for email in accepted if address in email["to"]]
    assert len({(email["key"], email["index"]) for email in mine}) == len(mine)
    assert len(mine) == len(templates)
    for email, name in zip(mine, templates, strict=True):
        assert email["subject"].startswith(opening(subject_of(name)))


def subject_of(template: str) -> str:
    found = FileTemplates(ROOT / "templates").find(template)
    assert found is not None
    return found.subject or ""


def opening(subject: str) -> str:
    """The words of a subject before the first value."""
    return subject.split("{{", maxsplit=1)[0]


def judge_page(notion: Notion, segment: str) -> None:
    page = page_of(notion, segment)
    assert page["Segment"] == segment
    assert page["First Name"] == "Ada"
    assert page["Assessment Completed"] is True
    assert all(page[f"Email {number} Sent"] for number in range(1, 6))
    assert all(page[f"Email {number} Sent Date"] for number in range(1, 6))

"""A text that goes missing in Notion under people who are on their way, and comes back."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.adapters.files import FileTemplates
from engine.adapters.notion import Connection, NotionTemplates
from engine.model import TemplateText
from engine.runtime import wiring
from engine.runtime.clock import SystemClock
from engine.runtime.settings import Settings
from engine.runtime.system import System
from tests.runtime.conftest import arrival
from tests.standins.discord import Discord
from tests.standins.notion import Notion
from tests.standins.notion_seeds import CONTACTS, TEMPLATES
from tests.standins.resend import Resend
from tests.standins.server import StandIn

ROOT = Path(__file__).parents[2]
TOKEN = "ntn_a-token-for-the-stand-in"
SECOND = "email_2c_optimize"

pytestmark = pytest.mark.timeout(120)


@dataclass
class LeapingClock:
    """The real clock, moved on by leaps while nothing is in hand."""

    leapt: timedelta = field(default_factory=timedelta)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.leapt


@dataclass
class World:
    """The product in this process, and its vendors."""

    folder: Path
    system: System
    clock: LeapingClock
    resend: Resend
    notion: Notion
    discord: Discord

    def leap(self, **time_on: float) -> None:
        """Let time pass; what is in hand keeps its lease."""
        eventually(lambda: not self._in_hand())
        self.clock.leapt += timedelta(**time_on)

    def _in_hand(self) -> bool:
        now = round(self.clock.now().timestamp() * 1000)
        with sqlite3.connect(self.folder / "busos.db") as ledger:
            return bool(ledger.execute("SELECT EXISTS (SELECT 1 FROM runs WHERE lease_until > ?)", [now]).fetchone()[0])

    def subjects(self) -> list[str]:
        return [email["subject"] for email in self.resend.accepted]


def eventually(look: Callable[[], Any], seconds: float = 15) -> Any:
    until = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < until, "it never came"
        time.sleep(0.02)
    return found


@pytest.fixture(params=["2025-09-03", "2022-06-28"])
def world(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    resend, notion, discord, clock = Resend(rate=0), Notion(rate=0, token=TOKEN), Discord(rate=0), LeapingClock()
    if not (resend.judges and notion.judges and discord.judges):
        pytest.skip("the vendors' contracts are missing: ../shared/contracts beside the checkout")
    notion.now = clock.now
    monkeypatch.setattr(wiring, "SystemClock", lambda: clock)
    shutil.copy(ROOT / "sequences.yaml", tmp_path)
    shutil.copytree(ROOT / "templates", tmp_path / "templates")
    with ExitStack() as stack:
        mail, pages, chat = (stack.enter_context(StandIn(vendor)) for vendor in (resend, notion, discord))
        push(pages.url, request.param)
        shutil.rmtree(tmp_path / "templates")
        settings = Settings(
            file=tmp_path / "sequences.yaml",
            database_url=f"sqlite:///{tmp_path / 'busos.db'}",
            resend_api_key="re_for_a_stand_in",
            resend_api_url=mail.url,
            notion_token=TOKEN,
            notion_api_url=pages.url,
            notion_version=request.param,
            notion_contacts_db_id=CONTACTS,
            notion_templates_db_id=TEMPLATES,
            discord_webhook_url=f"{chat.url}/api/webhooks/1/for-a-stand-in",
        )
        system = stack.enter_context(wiring.running(settings, works=True, make_key=True))
        yield World(tmp_path, system, clock, resend, notion, discord)
    assert (resend.violations, notion.violations, discord.violations) == ([], [], [])


def push(url: str, version: str) -> None:
    connection, files = Connection(TOKEN, url, version), FileTemplates(ROOT / "templates")
    shelf = NotionTemplates(connection, TEMPLATES, None, clock=SystemClock())
    for name in files.names():
        found = files.find(name)
        assert found is not None
        shelf.push(TemplateText(name=name, subject=found.subject, body=found.body, format="markdown"))
    connection.close()


LOSSES: Mapping[str, tuple[Callable[[Notion], Any], Callable[[Notion], Any]]] = {
    "emptied": (
        lambda notion: notion.edit(SECOND, HTML_Body=""),
        lambda notion: notion.edit(SECOND, HTML_Body="The text is back."),
    ),
    "not active": (
        lambda notion: notion.edit(SECOND, Active=False),
        lambda notion: notion.edit(SECOND, Active=True),
    ),
    "in the trash": (
        lambda notion: notion.trash(SECOND),
        lambda notion: setattr(next(page for page in notion.pages.values() if page.in_trash), "in_trash", False),
    ),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_a_lost_text_holds_the_runs_and_they_go_on_when_it_is_back(world: World, loss: str) -> None:
    lose, bring_back = LOSSES[loss]
    for number in range(3):
        world.system.submit(
            arrival("assessment", email=f"ada+{number}@example.com", red_systems=0, orange_systems=0)
        ).result(10)
    eventually(lambda: len(world.subjects()) == 3)

    lose(world.notion)
    world.leap(hours=24, minutes=2)
    (alert,) = eventually(lambda: list(world.discord.messages))
    assert SECOND in str(alert)
    world.leap(minutes=20)
    time.sleep(0.5)
    assert len(world.subjects()) == 3
    assert len(world.discord.messages) == 1

    bring_back(world.notion)
    world.leap(minutes=20)
    eventually(lambda: len(world.subjects()) == 6)
    time.sleep(0.5)
    assert len(world.subjects()) == len({(email["to"][0], email["subject"]) for email in world.resend.accepted}) == 6

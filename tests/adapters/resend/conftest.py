"""A mailer before a stand-in of Resend, over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from engine.adapters.resend import ResendMailer
from engine.pacing import PaceState
from engine.ports import Delivery, Message
from engine.runtime.clock import SystemClock
from engine.runtime.paces import MemoryStore, SharedPace
from tests.standins.contract import folder
from tests.standins.resend import Resend
from tests.standins.server import StandIn

API_KEY = "re_in_a_test"


def a_message(number: int = 1, **changes: Any) -> Message:
    members: dict[str, Any] = {
        "key": f"run-1:email_{number}",
        "template": "email_1",
        "sender": "Sang Le <sang@example.com>",
        "to": "ada@example.com",
        "subject": f"Hello {number}",
        "html": "<p>Hello</p>",
        "text": "Hello",
    }
    return Message(**{**members, **changes})


@pytest.fixture
def resend() -> Iterator[StandIn[Resend]]:
    with StandIn(Resend(rate=0)) as server:
        yield server


def a_pace(begin: PaceState | None = None) -> SharedPace:
    return SharedPace("resend", MemoryStore(), SystemClock(), begin=begin)


@pytest.fixture
def pace() -> SharedPace:
    return a_pace()


@pytest.fixture
def mailer(resend: StandIn[Resend], pace: SharedPace) -> Iterator[ResendMailer]:
    found = ResendMailer(API_KEY, resend.url, pace=pace, timeout=4.0)
    yield found
    found.close()


def waiting(pace: SharedPace) -> float:
    """Seconds until somebody may go again, as one who looks now sees it."""
    return round(pace.wait(), -1 if pace.wait() > 10 else 1)


def one(mailer: ResendMailer, message: Message | None = None) -> Delivery:
    (answer,) = mailer.send([message or a_message()])
    return answer


def published_errors() -> list[Any]:
    """Every error that Resend publishes, each with whether a retry makes sense."""
    place = folder()
    if place is None:
        return [pytest.param({}, marks=pytest.mark.skip("errors.json: ../shared/contracts is missing"))]
    errors = json.loads((place / "errors.json").read_text())["resend"]["errors"]
    return [pytest.param(row, id=f"{row['status']}-{row['name']}") for row in errors]

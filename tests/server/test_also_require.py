"""What must be true of a payload's values together, through the real server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from engine.language.compiler import load
from server.openapi import openapi
from tests.language.conftest import FakeShelf

FILE = Path(__file__).parents[1] / "good" / "also_require.yaml"
NEITHER = "send red_systems, or plan"
COMPANY = "a company has at least one red system"
LATER = "it cannot have begun later than today"


@pytest.fixture
def strict(system: Any) -> Any:
    system.current = load(FILE, FakeShelf())
    return system


def answer(live: httpx.Client, **values: object) -> list[tuple[str, str]]:
    response = live.post("/webhook/signup", json={"email": "ada@example.com", **values})
    errors = response.json().get("errors", [])
    assert response.status_code == (422 if errors else 202)
    return [(error["field"], error["message"]) for error in errors]


@pytest.mark.parametrize(
    "values",
    [{"plan": "free"}, {"red_systems": 0}, {"plan": "company", "red_systems": 1}, {"plan": "team", "began": None}],
)
def test_what_goes_together_is_taken(strict: Any, live: httpx.Client, values: dict[str, Any]) -> None:
    assert answer(live, **values) == []
    assert len(strict.arrivals) == 1


def test_everything_that_is_not_true_is_told_at_once(strict: Any, live: httpx.Client) -> None:
    assert answer(live, began="2026-01-01") == [("", NEITHER), ("", LATER)]
    assert answer(live, plan="company", red_systems=0) == [("", COMPANY)]
    assert strict.arrivals == []


def test_what_cannot_be_told_is_not_true(strict: Any, live: httpx.Client) -> None:
    assert answer(live, plan="company") == [("", COMPANY)]


def test_wrong_fields_come_first_and_what_reads_them_is_not_asked(strict: Any, live: httpx.Client) -> None:
    told = answer(live, plan="gold", began="2026-01-01")
    assert [field for field, _ in told] == ["plan", ""]
    assert told[1] == ("", LATER)
    response = live.post("/webhook/signup", json={"email": "ada@example.com", "plan": "gold", "began": "2026-01-01"})
    assert response.json()["detail"].startswith("2 things are wrong: plan must be one of")


def test_the_published_document_says_it(strict: Any) -> None:
    content = openapi(strict)["paths"]["/webhook/signup"]["post"]["requestBody"]["content"]
    assert f"({NEITHER})" in content["application/json"]["schema"]["description"]

"""The templates that the golden files and the rule pages may speak of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pytest

from engine.model import TemplateText

BODIES = {
    "hello": "Welcome, {{ email }}.",
    "offer": "An offer for you.",
    "thanks": "Thank you.",
    "email_2a_critical": "We help salon owners in {{city}} every week.",
    "misspelled": "Dear {{ first_nam }},",
    "broken": "Dear {{ first_name,",
}


@dataclass(frozen=True)
class FakeShelf:
    """Templates by name; ``off`` are switched off. Without bodies every name has a template."""

    bodies: Mapping[str, str] | None = None
    off: Sequence[str] = ("paused",)

    def find(self, name: str) -> TemplateText | None:
        body = "Hello." if self.bodies is None else self.bodies.get(name)
        return None if body is None else TemplateText(name=name, subject="News", body=body, format="markdown")

    def names(self) -> Sequence[str]:
        return sorted([*(self.bodies or {}), *self.off])


@pytest.fixture(scope="session")
def shelf() -> FakeShelf:
    """A shelf with a few good and a few bad templates."""
    return FakeShelf(BODIES)


@pytest.fixture(scope="session")
def full_shelf() -> FakeShelf:
    """A shelf on which every template is found."""
    return FakeShelf()

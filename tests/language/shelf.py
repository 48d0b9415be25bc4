"""The templates that the golden files and the rule pages may speak of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.model import TemplateText

_BODIES = {
    "hello": "Welcome, {{ email }}.",
    "offer": "An offer for you.",
    "thanks": "Thank you.",
    "email_2a_critical": "We help salon owners in {{city}} every week.",
    "misspelled": "Dear {{ first_nam }},",
    "broken": "Dear {{ first_name,",
}


def template(name: str, body: str) -> TemplateText:
    return TemplateText(name=name, subject="News", body=body, format="markdown", origin=f"templates/{name}.md")


@dataclass(frozen=True)
class FakeShelf:
    """Templates by name; ``off`` are switched off."""

    bodies: Mapping[str, str] = field(default_factory=lambda: _BODIES)
    off: Sequence[str] = ("paused",)

    def find(self, name: str) -> TemplateText | None:
        body = self.bodies.get(name)
        return None if body is None else template(name, body)

    def names(self) -> Sequence[str]:
        return sorted([*self.bodies, *self.off])

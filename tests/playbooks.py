"""Playbooks for tests, compiled from the real language, and contacts to put into them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from engine.language.compiler import load
from engine.model import Accepted, Contact, Outcome, Playbook, SendEmail, TemplateText
from engine.scene import Scene, with_segment

NOON = datetime(2025, 11, 12, 12, 0, tzinfo=UTC)

HEAD = """
version: 1
timezone: America/Toronto
email: {from: Sang Le <sang@example.com>}
contact:
  email: {type: email}
  first_name: {type: text, default: there}
  red: {type: whole number, min: 0, max: 8}
  visits: {type: whole number, min: 0, max: 99}
  appointment: {type: datetime}
  signup_date: {type: datetime}
  zone: {type: timezone}
  customer: {type: checkbox}
  segment: {type: segment}
segments:
  - HOT: red >= 2
  - COLD: otherwise
"""
"""Fields and segments that most tests need; ``sequences:`` and ``triggers:`` follow."""


class AnyTemplate:
    """A shelf on which every template stands."""

    def find(self, name: str) -> TemplateText | None:
        return TemplateText(name=name, subject=f"Subject of {name}", body="Hello\n", format="markdown")

    def names(self) -> Sequence[str]:
        return ()

    def edition(self) -> object:
        return None


def playbook(text: str, *, testing: bool = False, head: str = HEAD) -> Playbook:
    """Compile the rest of a file after the usual head."""
    return load(head + text, AnyTemplate(), testing=testing)


def steps(text: str, *, testing: bool = False, **members: Any) -> Playbook:
    """Compile one sequence called ``course`` with these steps; members are its other keys."""
    keys = "".join(f"    {name}: {value}\n" for name, value in members.items())
    body = "".join(f"      {line}\n" for line in text.strip().splitlines())
    starts = "triggers:\n  enter: {requires: [email], then: [{start: course}]}\n"
    return playbook(f"{starts}sequences:\n  course:\n{keys}    steps:\n{body}", testing=testing)


def ada(book: Playbook | None = None, **values: Any) -> Contact:
    """A contact with these values, and the segment that follows from them."""
    given = {"email": "ada@example.com", **values}
    kept = with_segment(book.vocabulary, given, NOON) if book else given
    return Contact(id="c1", email="ada@example.com", values=kept)


def posted(effect: SendEmail, scene: Scene) -> Outcome:
    """A mailer that says yes."""
    return Accepted(template=effect.template, subject=f"Subject of {effect.template}")


def hours(number: float) -> timedelta:
    return timedelta(hours=number)

"""The gallery as one HTML page that loads nothing and needs no script; a small one fits the frames to their emails."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from server.gallery.collecting import Email, Group

PAGES = Path(__file__).parents[1] / "pages"
_KINDS = {"sequence": "sequence", "trigger": "sent by the trigger at once", "spare": "no step sends these"}


def gallery_page(file: str, groups: Sequence[Group], segments: Sequence[str]) -> str:
    """The page. ``segments`` are those that emails differ by, in the order of the file."""
    environment = Environment(
        loader=FileSystemLoader(PAGES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    script = (PAGES / "gallery.js").read_text(encoding="utf-8")
    return environment.get_template("gallery.html").render(
        file=file,
        summary=summary(groups),
        groups=[_Shown(group.name, _about(group), _cards(group.emails, segments)) for group in groups],
        segments=segments,
        style=Markup((PAGES / "gallery.css").read_text(encoding="utf-8")),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own file
        script_hash=base64.b64encode(sha256(script.encode()).digest()).decode(),
    )


@dataclass(frozen=True, slots=True)
class _Card:
    shown: Email
    classes: str
    document: Markup


@dataclass(frozen=True, slots=True)
class _Shown:
    name: str
    about: str
    emails: list[_Card]


def _cards(emails: Iterable[Email], segments: Sequence[str]) -> list[_Card]:
    return [_Card(one, _classes(one, segments), _attribute(one.html)) for one in emails]


def _classes(email: Email, segments: Sequence[str]) -> str:
    if not email.segments:
        return "everybody"
    return " ".join(f"s{segments.index(name) + 1}" for name in email.segments)


def _attribute(html: str) -> Markup:
    """An email's document for ``srcdoc``; its links open beside the gallery."""
    document = re.sub(r"<head[^>]*>", lambda head: head[0] + '<base target="_blank">', html, count=1)
    return Markup(document.replace("&", "&amp;").replace('"', "&quot;"))  # noqa: S704 - escaped here


def _about(group: Group) -> str:
    return f"{_KINDS[group.kind]}, {_count(len({one.step for one in group.emails}), 'email')}"


def summary(groups: Sequence[Group]) -> str:
    """How much there is to see, in a sentence or two."""
    emails = [email for group in groups for email in group.emails]
    templates = len({email.template for email in emails})
    told = sum(len(email.problems) + bool(email.trouble) for email in emails)
    problems = f" {_count(told, 'problem')} told beside them." if told else ""
    return f"{_count(len(emails), 'email')} from {_count(templates, 'template')}.{problems}"


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"

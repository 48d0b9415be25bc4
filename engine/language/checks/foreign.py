"""Fields and quotes that come along from other programs would be read by customers as they stand."""

from __future__ import annotations

import re
from collections.abc import Iterator

from engine.errors import Problem, Severity
from engine.language.book import Checkable
from engine.language.foreign import foreign_fields, uncurled
from engine.language.schema import Place
from engine.model import TemplateText
from engine.rendering import TemplateFlaw


def check(book: Checkable) -> Iterator[Problem]:
    """Warnings at alerts and subjects, and at the first use of each template."""
    for place in book.texts("message"):
        yield from _text(book, place, place.value, "")
        yield from _cut(book, place)
    seen: set[str] = set()
    for place in book.texts("template"):
        if place.value not in seen:
            seen.add(place.value)
            yield from _template(book, place)


def _cut(book: Checkable, place: Place) -> Iterator[Problem]:
    """``Deal # 5`` without quotes is the text ``Deal``; a remark that is meant stands further off."""
    spot = book.place(place)
    line = book.document.home(place.path).line(spot.line)
    text, rest = line[spot.column - 1 :], line[spot.end_column - 1 :]
    if text[:1] not in ("'", '"') and re.match(r" #", rest):
        message = f'this text ends before the #, at "{place.value}": the rest of the line is a remark'
        hint = f"put quotes around all of it, or more than one space before the remark: {_quoted(text)}"
        yield book.problem(place, "remark-in-text", message, hint=hint, severity=Severity.WARNING)


def _quoted(text: str) -> str:
    return f'"{text.rstrip()}"' if '"' not in text else f"'{text.rstrip()}'"


def _template(book: Checkable, place: Place) -> Iterator[Problem]:
    try:
        template: TemplateText | None = book.shelf.find(place.value)
    except TemplateFlaw:  # told where templates are checked
        return
    if template is not None:
        name = f'template "{template.name}": '
        yield from _text(book, place, template.subject, name)
        yield from _fields(book, place, f"{template.preheader}\n{template.body}", name)


def _text(book: Checkable, place: Place, text: str, name: str) -> Iterator[Problem]:
    yield from _fields(book, place, text, name)
    if inner := uncurled(text):
        message = f"{name}curly quotes stand around this text, and everybody would read them"
        hint = f'use straight quotes: "{inner}"'
        yield book.problem(place, "curly-quotes", message, hint=hint, severity=Severity.WARNING)


def _fields(book: Checkable, place: Place, text: str, name: str) -> Iterator[Problem]:
    for found, field in dict.fromkeys(foreign_fields(text, book.section("contact"))):
        if name and found.startswith("{"):
            continue  # a template with such a brace is refused, which is told where templates are checked
        message = f'{name}"{found}" would be sent as it stands'
        hint = f"write {{{{ {field} }}}}" if field else "a field is written like {{ first_name }}"
        yield book.problem(place, "foreign-field", message, hint=hint, severity=Severity.WARNING)

"""Templates that nobody gets and fields without any part in the file: told once all else is right."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from engine.errors import Problem, Severity
from engine.language.book import Checkable, OwnShelf
from engine.model import FieldType
from engine.rendering import variables

LAST: Final = True
"""In a file with errors, what seems unused may be used by what cannot be read."""


def check(book: Checkable) -> Iterator[Problem]:
    """Warnings at fields, and at the word ``sequences`` for templates."""
    yield from _fields(book)
    yield from _templates(book)


def _fields(book: Checkable) -> Iterator[Problem]:
    words = {*_words(book), *_said(book)}
    for name, field in book.vocabulary.fields.items():
        special = name == "email" or field.type in (FieldType.SEGMENT, FieldType.TIMEZONE) or field.notion
        if not special and name not in words:
            message = f'nothing gives the field "{name}" a value, and nothing asks for it'
            hint = "take it away, or let a trigger take it"
            if field.computed:
                message, hint = f'nothing asks for the field "{name}"', "take it away"
            yield book.problem(("contact", name), "unused-field", message, hint=hint, severity=Severity.WARNING)


def _words(book: Checkable) -> Iterator[str]:
    """Every word of the file but the names of its fields where they are declared."""
    for section, value in book.document.data.items():
        yield from _words_in(list(book.section(section).values()) if section == "contact" else value)


def _words_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from re.findall(r"\w+", value)
    elif isinstance(value, dict):
        for name, child in value.items():
            yield name
            yield from _words_in(child)
    elif isinstance(value, list):
        for child in value:
            yield from _words_in(child)


def _said(book: Checkable) -> Iterator[str]:
    """Every field that a template says; one that is broken is an error, after which nobody asks."""
    names = {place.value for place in book.texts("template")}
    for template in filter(None, map(book.shelf.find, names)):
        yield from (use.name for use in variables(template))


def _templates(book: Checkable) -> Iterator[Problem]:
    used = {place.value for place in book.texts("template")}
    for name in book.shelf.spare(used) if used and isinstance(book.shelf, OwnShelf) else ():
        message = f'no step sends the template "{name}"'
        hint = "send it, write  active: false  in it while you work on it, or delete it"
        yield book.problem(("sequences",), "unused-template", message, hint=hint, severity=Severity.WARNING)

"""What is saved fits the field it is saved in."""

from __future__ import annotations

from collections.abc import Iterator

from engine.errors import Problem
from engine.language.book import Checkable
from engine.language.flaws import Flaw
from engine.language.schema import Place
from engine.language.values import read_value


def check(book: Checkable) -> Iterator[Problem]:
    """Problems with the values in ``save:`` and ``accepts:``."""
    for mapping in book.mappings("values"):
        for name, value in mapping.value.items():
            field = book.vocabulary.fields.get(name)
            here = Place((*mapping.path, name), value)
            if field is None or not book.sound(here.path) or not book.sound(("contact", name)):
                continue
            flaw = read_value(field, value, book.vocabulary)
            if isinstance(flaw, Flaw):
                yield book.problem(here, "value", flaw.message, hint=flaw.hint)

"""What is saved fits the field it is saved in."""

from __future__ import annotations

from collections.abc import Iterator

from engine.errors import Problem
from engine.language.book import Checkable
from engine.language.flaws import Flaw
from engine.language.schema import Place
from engine.language.values import read_value
from engine.model import Field

KEY = "email"


def check(book: Checkable) -> Iterator[Problem]:
    """Problems with the values in ``save:`` and ``accepts:``."""
    for mapping in book.mappings("values"):
        for name, value in mapping.value.items():
            field = book.vocabulary.fields.get(name)
            here = Place((*mapping.path, name), value)
            if field is None or not book.sound(here.path) or not book.sound(("contact", name)):
                continue
            if field.name in (KEY, book.vocabulary.segment_field):
                yield _ruled(book, here, field)
                continue
            flaw = read_value(field, value, book.vocabulary)
            if isinstance(flaw, Flaw):
                yield book.problem(here, "value", flaw.message, hint=flaw.hint)


def _ruled(book: Checkable, here: Place, field: Field) -> Problem:
    """An address is who the contact is, a segment follows from the rules: neither is anybody's to write."""
    given = "with" in here.path
    if field.name == KEY:
        message = (
            f'"{KEY}" tells contacts apart, so {"no run can have another one" if given else "it cannot be saved over"}'
        )
        return book.problem(here, "ruled-field", message, hint="keep the other address in a field of its own")
    why = "so it cannot be given" if given else "so saving it would be undone at once"
    message = f'"{field.name}" follows from the rules under segments:, {why}'
    hint = f"{'give' if given else 'save'} the field that the rules ask for instead"
    return book.problem(here, "ruled-field", message, hint=hint)

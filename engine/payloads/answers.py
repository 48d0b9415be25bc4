"""What a web address answered, read into the fields that a step saves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from engine.language.paths import parse_path
from engine.model import Datum, PayloadPath, Values, Vocabulary
from engine.payloads.finding import find, spelled
from engine.payloads.rules import RULES, WrongItemsError, WrongValueError


def read_answer(answer: object, save_as: Iterable[tuple[str, str]], vocabulary: Vocabulary) -> Values | str:
    """The values for these fields, each from its path, in the forms of ``engine.model``; or the first thing wrong.

    An answer that is a value and no object is what a single field is saved from.
    """
    values: dict[str, Datum] = {}
    for name, text in save_as:
        path = cast("PayloadPath", parse_path(text))
        found = find(path, answer) if isinstance(answer, dict | list) else answer if text == name else None
        if found is None:
            return f"the answer has no {spelled(path.parts)}"
        field = vocabulary.fields.get(name)
        if field is None:
            return f"{name} is no longer a field"
        try:
            values[name] = RULES[field.type](field, vocabulary).read(found)
        except (WrongValueError, WrongItemsError) as wrong:
            return _told(wrong, spelled(path.parts), private=field.private)
    return values


def _told(wrong: WrongValueError | WrongItemsError, subject: str, *, private: bool) -> str:
    if isinstance(wrong, WrongValueError):
        return f"the answer's {wrong.sentence(subject, private=private)}"
    place, item = wrong.items[0]
    return f"the answer's {item.sentence(f'item {place + 1} of {subject}', private=private)}"

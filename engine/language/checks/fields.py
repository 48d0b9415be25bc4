"""The fields of a contact make sense: choices, limits, defaults, and exactly one email address."""

from __future__ import annotations

from collections.abc import Iterator

from engine.errors import Problem
from engine.language.book import Checkable
from engine.language.document import Path
from engine.language.flaws import Flaw
from engine.language.schema import Place
from engine.language.values import read_value
from engine.model import Constant, Field, FieldType
from engine.rendering import RESERVED

_NUMBERS = (FieldType.WHOLE, FieldType.NUMBER)
_TEXTS = (FieldType.TEXT, FieldType.LIST, FieldType.LINK)
_ONLY_FOR = {"choices": (FieldType.CHOICE,), "min": _NUMBERS, "max": _NUMBERS, "max_length": _TEXTS}
_SINGLE = (FieldType.SEGMENT, FieldType.TIMEZONE)
_GRAMMAR = frozenset(
    [
        "and",
        "or",
        "not",
        "in",
        "is",
        "known",
        "unknown",
        "contains",
        "true",
        "false",
        "now",
        "today",
        "ago",
        "from",
        "before",
        "after",
        "until",
        "otherwise",
        "none",
    ]
)


def check(book: Checkable) -> Iterator[Problem]:
    """Problems with what ``contact:`` declares."""
    yield from _email(book)
    yield from _singles(book)
    for place in book.mappings("field-definition"):
        name = str(place.path[-1])
        yield from _reserved(book, place.path, name)
        yield from _private(book, place, name)
        if book.sound(place.path):
            yield from _definition(book, place, book.vocabulary.fields[name])


def _email(book: Checkable) -> Iterator[Problem]:
    field = book.vocabulary.fields.get("email")
    contact = book.document.data.get("contact")
    if isinstance(contact, dict) and (field is None or (field.type is not FieldType.EMAIL and _typed(book))):
        path: Path = ("contact", "email") if field else ("contact",)
        message = 'a contact is known by its email address, so there must be a field "email" of type email'
        yield book.problem(path, "no-email-field", message, hint="write under contact:  email: {type: email}")


def _typed(book: Checkable) -> bool:
    """Whether the field email has a type that can be read; if not, that was told already."""
    return book.sound(("contact", "email"))


def _singles(book: Checkable) -> Iterator[Problem]:
    for kind in _SINGLE:
        fields = [name for name, field in book.vocabulary.fields.items() if field.type is kind]
        for name in fields[1:]:
            message = f'"{fields[0]}" is a field of type {kind} already, and there can be one only'
            yield book.problem(("contact", name), "second-of-a-kind", message, hint="give this one another type")


def _private(book: Checkable, place: Place, name: str) -> Iterator[Problem]:
    if place.value.get("private") is True and name == "email":
        message = '"private" means nothing for email: by the address people are found, and told apart in every story'
        yield book.problem((*place.path, "private"), "field-limit", message, hint="take it away")


def _reserved(book: Checkable, path: Path, name: str) -> Iterator[Problem]:
    if name in RESERVED:
        message = f'the engine itself gives emails a value called "{name}"'
    elif name in _GRAMMAR:
        message = f'"{name}" is a word of conditions, so no field can be called that'
    else:
        return
    yield book.problem(path, "reserved-name", message, hint=f"choose another name, such as {name.strip('_')}_field")


def _definition(book: Checkable, place: Place, field: Field) -> Iterator[Problem]:
    for word, types in _ONLY_FOR.items():
        if word in place.value and field.type not in types:
            message = f'"{word}" means nothing for a field of type {field.type}'
            yield book.problem((*place.path, word), "field-limit", message, hint=f"it is for {_listed(types)}")
    if field.type is FieldType.CHOICE and not field.choices:
        message = f'"{field.name}" is a choice, but nothing says between what'
        yield book.problem(place.path, "no-choices", message, hint="add  choices: [first, second]")
    if field.minimum is not None and field.maximum is not None and field.minimum > field.maximum:
        message = f"min {field.minimum} is more than max {field.maximum}"
        yield book.problem((*place.path, "min"), "min-above-max", message, hint="swap the two")
    else:
        yield from _default(book, place, field)


def _default(book: Checkable, place: Place, field: Field) -> Iterator[Problem]:
    if "default" not in place.value:
        return
    here = Place((*place.path, "default"), place.value["default"])
    read = read_value(field, here.value, book.vocabulary)
    if isinstance(read, Flaw):
        yield book.problem(here, "value", read.message, hint=read.hint)
    elif not isinstance(read, Constant):
        message = f'a default is said as it stands, and "{here.value}" is only known later'
        yield book.problem(here, "value", message, hint="write a fixed value")


def _listed(types: tuple[FieldType, ...]) -> str:
    return " and ".join(types)

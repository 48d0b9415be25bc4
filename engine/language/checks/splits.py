"""A split shares out everybody, and its field is a choice between just its groups."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from engine.errors import Problem
from engine.language.book import Checkable
from engine.language.schema import Place
from engine.language.spelling import did_you_mean
from engine.language.vocabulary import as_dict
from engine.model import FieldType

ALL = 100


def check(book: Checkable) -> Iterator[Problem]:
    """Problems with each ``split:``."""
    for step in book.mappings("step"):
        groups = as_dict(step.value.get("split"))
        if groups and book.sound((*step.path, "split")):
            yield from _shares(book, Place((*step.path, "split"), groups))
            yield from _field(book, step, list(groups))


def _shares(book: Checkable, place: Place) -> Iterator[Problem]:
    total = sum(Decimal(share.removesuffix("%")) for share in place.value.values())
    if len(place.value) == 1:
        (name,) = place.value
        message = f'everybody would be in "{name}": a split has two groups or more'
        hint = f"add another group, such as  {{{name}: 50%, OTHER: 50%}}, or write a  save:  instead of the split"
        yield book.problem(place, "split-shares", message, hint=hint)
    elif total != ALL:
        message = f"the shares add up to {total:f}%, and not to {ALL}%"
        shares = _equal(len(place.value))
        parts = ", ".join(f"{name}: {share}%" for name, share in zip(place.value, shares, strict=True))
        yield book.problem(place, "split-shares", message, hint=f"for example  {{{parts}}}")


def _equal(count: int) -> list[int]:
    """As equal as whole numbers can be, the larger ones last."""
    return [ALL // count + (place >= count - ALL % count) for place in range(count)]


def _field(book: Checkable, step: Place, groups: list[str]) -> Iterator[Problem]:
    name = step.value.get("save_as")
    place = Place((*step.path, "save_as"), name)
    if name is None:
        message = "a split needs a field that remembers the group of each contact"
        hint = f"add  save_as: split_test  here, and under contact:  {_line('split_test', groups)}"
        yield book.problem((*step.path, "split"), "split-field", message, hint=hint)
    elif isinstance(name, str) and book.sound(place.path) and book.sound(("contact", name)):
        yield from _fits(book, place, groups)


def _fits(book: Checkable, place: Place, groups: list[str]) -> Iterator[Problem]:
    field = book.vocabulary.fields.get(place.value)
    line = _line(place.value, groups)
    if field is None:
        near = did_you_mean(place.value, book.section("contact"))
        hint = near or f"add it under contact:  {line}"
        yield book.problem(place, "unknown-field", f'no field is called "{place.value}"', hint=hint)
    elif field.type is not FieldType.CHOICE:
        message = f'"{field.name}" is of type {field.type}, and a group is a choice'
        yield book.problem(place, "split-field", message, hint=f"write under contact:  {line}")
    elif more := [name for name in groups if name not in field.choices]:
        message = f'"{field.name}" cannot be {" or ".join(more)}'
        yield book.problem(place, "split-field", message, hint=f"write under contact:  {line}")
    elif left := [name for name in field.choices if name not in groups]:
        message = f'"{field.name}" can also be {" or ".join(left)}, and no share is said for that'
        hint = f"write  {left[0]}: 0%  for a group that gets nobody new, or take it out of the choices"
        yield book.problem(place, "split-field", message, hint=hint)


def _line(name: str, groups: list[str]) -> str:
    return f"{name}: {{type: choice, choices: [{', '.join(groups)}]}}"

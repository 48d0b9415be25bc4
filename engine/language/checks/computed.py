"""Computed fields: formulas that can be read and do not rest on themselves, and nobody writes what is worked out."""

from __future__ import annotations

from collections.abc import Iterator

from engine.errors import Problem
from engine.language.book import Checkable
from engine.language.computed import MOST_DEEP, circle, depths
from engine.language.formulas import parse_formula
from engine.language.schema import Place
from engine.language.vocabulary import as_dict
from engine.model import Field, FieldType, Formula

COMPUTABLE = (FieldType.WHOLE, FieldType.TEXT)
_DONE = {
    "save": ("saved", "save"),
    "save_as": ("saved", "save"),
    "with": ("given", "give"),
    "one_run_per": ("what a run is for", "name one of"),
}
_GIVEN = ("from", "min", "max", "max_length", "choices")


def check(book: Checkable) -> Iterator[Problem]:
    """Problems with ``computed:``, and with those who save or send such a field."""
    formulas: dict[str, Formula] = {}
    for place in book.mappings("field-definition"):
        if isinstance(place.value.get("computed"), str) and book.sound(place.path):
            yield from _definition(book, place, book.vocabulary.fields[str(place.path[-1])], formulas)
    yield from _circles(book, formulas)
    for place in book.texts("field"):
        if "computed" in as_dict(book.section("contact").get(place.value)):
            yield from _written(book, place)


def _definition(book: Checkable, place: Place, field: Field, formulas: dict[str, Formula]) -> Iterator[Problem]:
    here = Place((*place.path, "computed"), place.value["computed"])
    for word in _GIVEN:
        if word in place.value:
            message = f'"{word}" means nothing for a computed field, which follows from others'
            yield book.problem((*place.path, word), "field-limit", message, hint="take it away")
    if field.type not in COMPUTABLE:
        message = f"a field of type {field.type} cannot be computed, only a whole number or a text"
        hint = "write  type: whole number  or  type: text"
        yield book.problem((*place.path, "type"), "formula-type", message, hint=hint)
        return
    found = parse_formula(here.value, field.type, book.vocabulary.fields)
    if isinstance(found, Formula):
        formulas[field.name] = found
    else:
        for flaw in found:
            yield book.flaw(here, flaw)


def _circles(book: Checkable, formulas: dict[str, Formula]) -> Iterator[Problem]:
    deep, told = depths(formulas), set[str]()
    for name, formula in formulas.items():
        here = Place(("contact", name, "computed"), formula.text)
        if name not in deep:
            way = circle(name, formulas, deep)
            if name in way and told.isdisjoint(way):
                told.update(way)
                message = f"a field cannot rest on itself: {' → '.join(way)}"
                yield book.problem(here, "computed-circle", message, hint="compute one of them from other fields")
        elif deep.get(name, 0) == MOST_DEEP + 1:
            message = f"more than {MOST_DEEP} computed fields rest on each other here"
            yield book.problem(here, "formula", message, hint="compute this one from fields further down")


def _written(book: Checkable, place: Place) -> Iterator[Problem]:
    done, todo = next((_DONE[str(word)] for word in place.path[2:] if word in _DONE), ("sent", "send"))
    message = f'"{place.value}" is computed from other fields, so it cannot be {done}'
    hint = f"{todo} the fields it is computed from"
    yield book.problem(place, "computed-field", message, hint=hint)

"""What can come next in a condition that is being typed."""

from __future__ import annotations

import re
from collections.abc import Mapping

from engine.language.conditions.values import Sort, sort_of
from engine.language.durations.amounts import UNITS
from engine.model import Field, Vocabulary
from server.editor.sight import values_for

Words = Mapping[str, tuple[str, str]]

_TOKEN = re.compile(r"\"[^\"]*\"?|'[^']*'?|[\w./@:+-]+|[=!<>]+|[^\s\w]")
_SIGNS = {"=": "is", "!=": "is not", "<": "less", "<=": "at most", ">": "more", ">=": "at least"}
_ORDERED = (Sort.NUMBER, Sort.MOMENT)
_JOINERS: Words = {"and": ("word", "both are true"), "or": ("word", "one of both is true")}


def next_words(before: str, words: Vocabulary) -> Words:
    """The words that can stand after ``before``, each with its kind and a few words about it."""
    tokens = _TOKEN.findall(before)
    field = next((words.fields[token] for token in reversed(tokens) if token in words.fields), None)
    last = tokens[-1] if tokens else ""
    if last.casefold() in ("", "and", "or", "not", "("):
        return _tests(words, negated=last.casefold() == "not")
    if field is not None and last == field.name:
        return _signs(field)
    if field is not None and (last in (*_SIGNS, "==", "in", "contains", "[", ",")):
        return {"[": ("word", "one of several")} if last == "in" else _operands(field, words)
    if last == "is":
        return {"known": ("word", "there is a value"), "unknown": ("word", "there is none")}
    if last.isdigit() and field is not None and sort_of(field.type) is Sort.MOMENT:
        return {_counted(unit, last): ("unit", "") for unit in UNITS}
    if last.casefold().rstrip("s") in UNITS:
        return {"ago": ("word", "before now"), "from now": ("word", "after now")}
    return _JOINERS


def _counted(unit: str, amount: str) -> str:
    return unit if int(amount) == 1 else f"{unit}s"


def _tests(words: Vocabulary, *, negated: bool) -> Words:
    fields = {name: ("field", str(field.type)) for name, field in words.fields.items()}
    return fields if negated else {**fields, "not": ("word", "the opposite of what follows")}


def _signs(field: Field) -> Words:
    sort = sort_of(field.type)
    signs = {"contains": "has it in it"} if sort is Sort.LIST else {}
    if sort is not Sort.LIST:
        signs = {sign: told for sign, told in _SIGNS.items() if sign in ("=", "!=") or sort in _ORDERED}
        signs["in"] = "is one of"
    if sort is Sort.TEXT:
        signs["contains"] = "has it in it"
    known = {"is known": "there is a value", "is unknown": "there is none"}
    found: dict[str, tuple[str, str]] = {sign: ("word", told) for sign, told in {**signs, **known}.items()}
    return {**found, **_JOINERS} if sort is Sort.TICK else found


def _operands(field: Field, words: Vocabulary) -> Words:
    values = {value: ("value", told) for value, told in values_for(field, words).items()}
    alike = {
        name: ("field", str(other.type))
        for name, other in words.fields.items()
        if name != field.name and sort_of(other.type).compared_as is sort_of(field.type).compared_as
    }
    return {**values, **alike}

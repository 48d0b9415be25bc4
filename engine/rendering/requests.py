"""Texts of calls to web addresses with fields in them: addresses, headers and the JSON that is sent.

A program reads them, so nothing is made up for what is unknown: a text that needs an unknown value is not filled in at
all, and says which. Only in JSON may a value that stands by itself be left open: it becomes ``null``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache, partial

from jinja2 import Template

from engine.errors import Unrenderable
from engine.model import Value
from engine.rendering.grammar import read
from engine.rendering.sandbox import environment
from engine.rendering.values import FILTERS, Unknown, link_part, told, usable

_ALONE = re.compile(r"\s*\{\{\s*([A-Za-z_]\w*)\s*\}\}\s*")


def fill_address(address: str, values: Mapping[str, Value]) -> str:
    """An address with its values, each percent-encoded. Raises ``Unrenderable``."""
    return _filled(address, values, in_address=True)


def fill_text(text: str, values: Mapping[str, Value]) -> str:
    """A text with its values as they are. Raises ``Unrenderable``."""
    return _filled(text, values, in_address=False)


def fill_header(text: str, values: Mapping[str, Value]) -> str:
    """A text for one line: every break and every run of blanks is a blank, and no control character is left.

    Raises ``Unrenderable``.
    """
    return "".join(filter(str.isprintable, " ".join(fill_text(text, values).split())))


def fill_json(body: object, values: Mapping[str, Value]) -> str:
    """Values as JSON, written on one line: a text that is nothing but ``{{ field }}`` keeps the field's type.

    Raises ``Unrenderable``.
    """
    return json.dumps(_inside(body, partial(_item, values=values)), ensure_ascii=False, separators=(",", ":"))


def _inside(body: object, fill: Callable[[str], object]) -> object:
    match body:
        case Mapping():
            return {name: _inside(value, fill) for name, value in body.items()}
        case list() | tuple():
            return [_inside(item, fill) for item in body]
        case str():
            return fill(body)
        case _:
            return body


def _item(text: str, values: Mapping[str, Value]) -> object:
    field = _ALONE.fullmatch(text)
    return values.get(field[1]) if field else fill_text(text, values)


def _filled(text: str, values: Mapping[str, Value], *, in_address: bool) -> str:
    names, template = _compiled(text, in_address)
    asked: dict[str, None] = {}
    known: dict[str, object] = {}
    for name in names:
        value = usable(values.get(name))
        known[name] = Unknown(name, asked) if value is None else value
    try:
        filled = template.render(known)
    except TypeError as error:  # values that do not compare
        raise Unrenderable("its values cannot be compared as it asks") from error
    if asked:
        raise Unrenderable(f"{' and '.join(asked)} {'is' if len(asked) == 1 else 'are'} unknown")
    return filled


@lru_cache(maxsize=512)
def _compiled(text: str, in_address: bool) -> tuple[tuple[str, ...], Template]:
    names = tuple(use.name for use in read(text).variables)
    return names, (_ADDRESSES if in_address else _TEXTS).from_string(text)


def _in_address(value: object) -> str:
    return told(link_part(value))


_ADDRESSES = environment(_in_address, FILTERS)
_TEXTS = environment(told, FILTERS)

"""The JSON Schema of the language: every word with what it means, and which values are more than plain text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path as FilePath
from typing import Any

from engine.language.document import Path

Schema = Mapping[str, Any]

ROLE = "x-busos"
_NAME = "schema/sequences.schema.json"
_KINDS = {"string": str, "object": dict, "array": list, "integer": int}


@dataclass(frozen=True, slots=True)
class Place:
    """A value that plays a role of its own (a condition, a template's name, a step) and where it stands.

    ``key`` says that it is not the value at ``path`` but the key itself.
    """

    path: Path
    value: Any
    key: bool = False


@cache
def schema() -> dict[str, Any]:
    """The schema, from the checkout or from the installed package."""
    engine = FilePath(__file__).parents[1]
    homes = (engine.parent / _NAME, engine / "_data" / _NAME)
    text = next(home for home in homes if home.exists()).read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def verbs() -> list[str]:
    """The words that make a step; ``use`` makes several, and is written out before anybody looks."""
    words = [way["required"][0] for way in schema()["$defs"]["step"]["oneOf"]]
    return [word for word in words if word != "use"]


def roles(data: Any, part: str = "") -> dict[str, list[Place]]:
    """Every value of the file that plays a role, by role, in the order of the file; ``part`` names one of ``$defs``."""
    found: dict[str, list[Place]] = {}
    for role, place in _walk(data, schema()["$defs"][part] if part else schema(), ()):
        found.setdefault(role, []).append(place)
    return found


def resolve(part: Schema) -> Schema:
    """A part of the schema with its ``$ref`` written out."""
    ref = part.get("$ref")
    if ref is None:
        return part
    target: Schema = schema()["$defs"][ref.rsplit("/", 1)[1]]
    return {**resolve(target), **{word: value for word, value in part.items() if word != "$ref"}}


def fits(value: Any, part: Schema) -> bool:
    """Whether a value is of the kind that one of several ways to write something asks for."""
    if "enum" in part:
        return value in part["enum"]
    kind: type = _KINDS[part["type"]]
    return isinstance(value, kind) and bool(re.search(part.get("pattern", ""), str(value)))


def _walk(value: Any, part: Schema, path: Path) -> Iterator[tuple[str, Place]]:
    part = resolve(part)
    way = next((way for way in part.get("anyOf", ()) if fits(value, way)), None)
    if way:
        yield from _walk(value, way, path)
    if role := part.get(ROLE):
        yield role, Place(path, value)
    if isinstance(value, dict):
        for name, child in value.items():
            yield from _walk_entry(name, child, part, path)
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _walk(child, part.get("items", {}), (*path, index))


def _walk_entry(name: str, child: Any, part: Schema, path: Path) -> Iterator[tuple[str, Place]]:
    here = (*path, name)
    if role := part.get("propertyNames", {}).get(ROLE):
        yield role, Place(here, name, key=True)
    inner = part.get("properties", {}).get(name, part.get("additionalProperties"))
    if isinstance(inner, dict):
        yield from _walk(child, inner, here)

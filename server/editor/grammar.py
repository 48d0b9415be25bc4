"""What the schema says of a path: which words can stand there, which values, and which roles they play."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.language.document import Path
from engine.language.schema import ROLE, Schema, resolve, schema

Parts = Sequence[Schema]


def parts_at(path: Path) -> Parts:
    """Every part of the schema that speaks of the value at a path."""
    parts: list[Schema] = list(_ways(schema()))
    for step in path:
        parts = [way for part in parts for inner in _below(part, step) for way in _ways(inner)]
    return parts


def roles_of(parts: Parts) -> set[str]:
    """The roles that a value can play."""
    return {str(part[ROLE]) for part in parts if ROLE in part}


def key_roles(parts: Parts) -> set[str]:
    """The roles that the names in a mapping play."""
    found = (resolve(part.get("propertyNames", {})).get(ROLE) for part in parts)
    return {str(role) for role in found if role is not None}


def words_of(parts: Parts) -> Mapping[str, Schema]:
    """The words that a mapping can have, each with what is said of it."""
    return {name: resolve(word) for part in parts for name, word in part.get("properties", {}).items()}


def fitting(parts: Parts, beside: frozenset[str]) -> Mapping[str, Schema]:
    """The words that fit beside others: no second verb, nothing that belongs to another verb."""
    words = {name: word for name, word in words_of(parts).items() if name not in beside}
    for part in parts:
        only = {way["required"][0] for way in part.get("oneOf", ()) if len(way.get("required", ())) == 1}
        if not only & beside:
            continue
        foreign = {word for word, owners in part.get("dependentRequired", {}).items() if not set(owners) & beside}
        words = {name: word for name, word in words.items() if name not in only | foreign}
    return words


def choices_of(parts: Parts) -> list[tuple[str, str]]:
    """The values that the schema itself lists, each with what is said of them: all there are, or examples."""
    found: dict[str, str] = {}
    for part in parts:
        listed = [*part.get("enum", ()), *([part["const"]] if "const" in part else [])]
        ticks = ["true", "false"] if part.get("type") == "boolean" else []
        for value in [*listed, *ticks, *(() if listed else part.get("examples", ()))]:
            if isinstance(value, str | int | float):
                found.setdefault(_written(value), str(part.get("description", "")))
    return list(found.items())


def is_list(parts: Parts) -> bool:
    """Whether a list stands there."""
    return any(part.get("type") == "array" for part in parts)


def described(parts: Parts) -> str:
    """What the schema says of the value there."""
    return next((str(part["description"]) for part in parts if "description" in part), "")


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _below(part: Schema, step: str | int) -> Iterator[Schema]:
    inner = part.get("items") if isinstance(step, int) else part.get("properties", {}).get(step)
    if inner is None and isinstance(step, str):
        inner = part.get("additionalProperties")
    if isinstance(inner, dict):
        yield inner


def _ways(part: Schema) -> Iterator[Schema]:
    resolved = resolve(part)
    yield resolved
    for way in resolved.get("anyOf", ()):
        if "required" not in way:
            yield from _ways(way)

"""A trigger knows whom it is about, listens alone at its address, and takes each field once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from engine.errors import Problem
from engine.language.book import Checkable
from engine.language.document import Path
from engine.language.schema import Place
from engine.language.vocabulary import as_list

OURS = frozenset(
    [
        "api",
        "assets",
        "contacts",
        "edit",
        "health",
        "metrics",
        "outbox",
        "outbox.json",
        "runs",
        "schema",
        "sequences",
        "templates",
        "u",
    ]
)
"""First parts of addresses at which busos itself answers (``interface.md``, HTTP)."""
DELIVERIES = "/webhook/resend"


def check(book: Checkable) -> Iterator[Problem]:
    """Problems with ``triggers:``."""
    paths: dict[str, Path] = {}
    for place in book.mappings("trigger-definition"):
        yield from _email(book, place)
        yield from _twice(book, place)
        yield from _listens(book, place, paths)
    for step in book.mappings("step"):
        if step.path[0] == "triggers" and "wait" in step.value:
            message = "a trigger acts at once: there is no wait in then"
            hint = "move the wait and what follows into a sequence, and  start: NAME  here"
            yield book.problem((*step.path, "wait"), "wait-in-then", message, hint=hint)


def _email(book: Checkable, place: Place) -> Iterator[Problem]:
    required = place.value.get("requires")
    if isinstance(required, list) and required and "email" not in required:
        message = 'without "email" nobody knows whom this is about'
        hint = f"write  requires: [{', '.join(['email', *map(str, required)])}]"
        yield book.problem((*place.path, "requires"), "trigger-email", message, hint=hint)


def _twice(book: Checkable, place: Place) -> Iterator[Problem]:
    seen: dict[str, Place] = {}
    for taken in _taken(place):
        if taken.value in seen:
            message = f'"{taken.value}" is named twice: first at {book.where(seen[taken.value])}, and again here'
            yield book.problem(taken, "field-twice", message, hint="keep it under requires, or under accepts")
        seen.setdefault(taken.value, taken)


def _taken(place: Place) -> Iterator[Place]:
    """Every field that a trigger takes, where it is named."""
    for word in ("requires", "accepts"):
        for index, item in enumerate(as_list(place.value.get(word))):
            yield from _names(item, (*place.path, word, index))


def _names(item: Any, path: Path) -> Iterator[Place]:
    if isinstance(item, str):
        yield Place(path, item)
    elif isinstance(item, dict):
        for name in item:
            yield Place((*path, name), name, key=True)


def _listens(book: Checkable, place: Place, paths: dict[str, Path]) -> Iterator[Problem]:
    name = str(place.path[-1])
    address = place.value.get("path", f"/webhook/{name}")
    here: Path = (*place.path, "path") if "path" in place.value else place.path
    if not isinstance(address, str):
        return
    if address in paths:
        message = f"two triggers listen at {address}: the one at {book.where(paths[address])}, and this one"
        yield book.problem(here, "duplicate-path", message, hint=f"write  path: {address}_2  or take one away")
    paths.setdefault(address, here)
    if address.rstrip("/") == DELIVERIES or address.strip("/").partition("/")[0] in OURS:
        message = f"busos itself answers at {address}, so no trigger can listen there"
        yield book.problem(here, "reserved-path", message, hint=f"write  path: /webhook/my_{name}")

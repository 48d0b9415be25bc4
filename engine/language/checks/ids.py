"""Every step of a sequence has an id of its own: people wait at it while the file changes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from engine.errors import Problem
from engine.language.book import Checkable
from engine.language.schema import Place
from engine.steps import WAIT, default_id

END_OF = "end of "
BEFORE = "wait before "
"""How the compiler's ids of places to rest begin: a step with such an id could take the place of its waits."""


def check(book: Checkable) -> Iterator[Problem]:
    """Steps without an id, and two steps with one id."""
    steps = [place for place in book.mappings("step") if book.sound(place.path) and WAIT not in place.value]
    for _, members in groupby(steps, key=lambda place: place.path[:2]):
        yield from _program(book, list(members))


def _program(book: Checkable, steps: list[Place]) -> Iterator[Problem]:
    seen: dict[str, Place] = {}
    for step in steps:
        name = step.value.get("id") or default_id(step.value)
        if name is None:
            message = "an email that is chosen by segment needs an id, a name for all of its templates"
            yield book.problem((*step.path, "email"), "missing-id", message, hint="add  id: email_2")
        elif name.startswith((END_OF, BEFORE)):
            begin = END_OF if name.startswith(END_OF) else BEFORE
            message = f'"{name}" is how busos itself calls a place where people wait'
            hint = f"choose an id that does not begin with  {begin.strip()}"
            yield book.problem((*step.path, "id"), "reserved-name", message, hint=hint)
        elif name in seen:
            yield _twice(book, name, seen[name], step)
        else:
            seen[name] = step


def _twice(book: Checkable, name: str, first: Place, second: Place) -> Problem:
    word = "id" if "id" in second.value else next(iter(second.value))
    message = f'two steps have the id "{name}": the one at {book.where(_named(first))}, and this one'
    hint = f"give this one an id of its own:  id: {name.replace(' ', '_')}_again"
    return book.problem((*second.path, word), "duplicate-id", message, hint=hint)


def _named(step: Place) -> Place:
    word = "id" if "id" in step.value else next(iter(step.value))
    return Place((*step.path, word), word, key=True)

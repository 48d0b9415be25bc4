"""``was:`` names a step that is no longer there, once, at a step where people can stand."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from engine.errors import Problem
from engine.language.book import Checkable
from engine.language.schema import Place
from engine.model import NEW
from engine.steps import WAIT, default_id


def check(book: Checkable) -> Iterator[Problem]:
    """Problems with ``was:``."""
    for _, members in groupby(book.mappings("step"), key=lambda place: place.path[:2]):
        steps = [place for place in members if book.sound(place.path)]
        yield from _program(book, steps)


def _program(book: Checkable, steps: list[Place]) -> Iterator[Problem]:
    ids = {_id(step): step for step in steps}
    seen: dict[str, Place] = {}
    for step in steps:
        was, here = step.value.get("was"), Place((*step.path, "was"), step.value.get("was"))
        if was is None:
            continue
        if WAIT in step.value:
            message = "a wait has no id, so it cannot have had another one"
            yield book.problem(here, "was", message, hint="a changed wait counts from the same beginning by itself")
        elif was == _id(step):
            yield book.problem(here, "was", f'this step is called "{was}" now', hint="take  was:  away")
        elif was in ids:
            message = f'"{was}" is still here, at {book.where(ids[was])}, so this step cannot have been it'
            yield book.problem(here, "was", message, hint="take  was:  away, or that step")
        elif was in seen and was != NEW:
            message = f'two steps say that they were "{was}": the one at {book.where(seen[was])}, and this one'
            yield book.problem(here, "was", message, hint="keep it at the step that is the same")
        seen.setdefault(was, here)


def _id(step: Place) -> str:
    return str(step.value.get("id") or default_id(step.value) or "")

"""Steps that never happen, waits before nothing, sequences that nothing starts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from engine.errors import Problem, Severity
from engine.language.book import Checkable
from engine.language.schema import Place
from engine.language.spelling import closest
from engine.language.vocabulary import OTHERWISE, as_dict, as_list

WARNING = Severity.WARNING


def check(book: Checkable) -> Iterator[Problem]:
    """What is written but has no effect, and branches in an order that cannot be."""
    for place in book.lists("steps"):
        yield from _after_stop(book, place)
    for place in book.lists("branches"):
        yield from _branches(book, place)
    for name, sequence in book.section("sequences").items():
        steps = as_list(as_dict(sequence).get("steps"))
        last = ("sequences", name, "steps", len(steps) - 1)
        if steps and "wait" in as_dict(steps[-1]) and book.sound(last):
            yield _last_wait(book, Place((*last, "wait"), None, key=True))
    yield from _unstarted(book)
    yield from _stopped_by_name(book)


def _stopped_by_name(book: Checkable) -> Iterator[Problem]:
    """``stop: nurture`` ends this run with the reason "nurture", which is hardly what somebody means."""
    for step in book.mappings("step"):
        reason = step.value.get("stop")
        if isinstance(reason, str) and reason in book.section("sequences"):
            message = f'"{reason}" is the name of a sequence; here it would only be the reason for ending this run'
            hint = f"write  stop: {{sequence: {reason}}}"
            yield book.problem((*step.path, "stop"), "stop-reason", message, hint=hint)


def _after_stop(book: Checkable, place: Place) -> Iterator[Problem]:
    for index, step in enumerate(place.value[:-1]):
        if _ends(step):
            following = as_dict(place.value[index + 1])
            word = next(iter(following), None)
            here = (*place.path, index + 1, *([word] if word else []))
            message = f"nobody gets to this step: the one at {book.where((*place.path, index))} always ends the run"
            hint = "take it away, or give the stop a  when:"
            yield book.problem(here, "unreachable-step", message, hint=hint, severity=WARNING)
            return


def _ends(step: Any) -> bool:
    """Whether everybody who comes to a step ends there."""
    step = as_dict(step)
    if "when" in step:
        return False
    if isinstance(step.get("stop"), str):
        return True
    branches = [as_dict(branch) for branch in as_list(step.get("choose"))]
    blocks = [branch.get("steps", branch.get(OTHERWISE)) for branch in branches]
    return any(OTHERWISE in branch for branch in branches) and all(any(map(_ends, as_list(block))) for block in blocks)


def _branches(book: Checkable, place: Place) -> Iterator[Problem]:
    for index, branch in enumerate(place.value[:-1]):
        if OTHERWISE in as_dict(branch):
            message = "only the last branch can be otherwise: nobody gets to the ones below"
            yield book.problem((*place.path, index, OTHERWISE), "branch-order", message, hint="move it to the end")


def _last_wait(book: Checkable, place: Place) -> Problem:
    message = "nothing comes after this wait"
    return book.problem(place, "last-wait", message, hint="take it away, or add a step below it", severity=WARNING)


def _unstarted(book: Checkable) -> Iterator[Problem]:
    started = {step.value.get("start") for step in book.mappings("step") if isinstance(step.value.get("start"), str)}
    named = list(book.section("sequences"))
    meant = {closest(name, named) for name in started if name not in named}
    for name in named:
        if name not in started and name not in meant:
            message = f'nothing starts the sequence "{name}"'
            hint = f"add to a trigger, under then:  - start: {name}"
            yield book.problem(("sequences", name), "unstarted-sequence", message, hint=hint, severity=WARNING)

"""What a start gives to a run, and which of its emails it says were sent already."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine.errors import Problem
from engine.language.book import Checkable
from engine.language.flaws import Flaw
from engine.language.schema import Place
from engine.language.spelling import did_you_mean
from engine.language.values import UNKNOWN, read_moment
from engine.language.vocabulary import as_dict
from engine.steps import default_id


def check(book: Checkable) -> Iterator[Problem]:
    """Problems with ``with:`` and ``already_sent:``."""
    for step in book.mappings("step"):
        if "start" in step.value:
            yield from _unknowns(book, step, "with")
            yield from _unknowns(book, step, "already_sent")
            yield from _sent(book, step)


def _unknowns(book: Checkable, step: Place, word: str) -> Iterator[Problem]:
    """A value that is unknown is none: what is not given is read from the contact, what is not marked is sent."""
    for name, value in as_dict(step.value.get(word)).items():
        if value == UNKNOWN:
            message = f'"{word}" says what is known, so nothing can be unknown here'
            yield book.problem(
                Place((*step.path, word, name), value), "given-unknown", message, hint=f'take "{name}" away'
            )


def _sent(book: Checkable, step: Place) -> Iterator[Problem]:
    there = _steps(book, step.value["start"])
    for name, value in as_dict(step.value.get("already_sent")).items():
        here = Place((*step.path, "already_sent", name), value)
        if there is not None:
            yield from _email(book, here, name, there)
        flaw = None if not book.sound(here.path) else read_moment(value, book.vocabulary)
        if isinstance(flaw, Flaw):
            yield book.problem(here, "value", flaw.message, hint=flaw.hint)


def _steps(book: Checkable, sequence: object) -> Mapping[str, Mapping[str, Any]] | None:
    """The steps of a sequence by id, those in branches too; None where there is no such sequence."""
    if not isinstance(sequence, str) or sequence not in book.section("sequences"):
        return None
    steps = [one for one in book.mappings("step") if one.path[:2] == ("sequences", sequence) and book.sound(one.path)]
    named = {one.value.get("id") or default_id(one.value): one.value for one in steps}
    return {name: spec for name, spec in named.items() if isinstance(name, str)}


def _email(book: Checkable, here: Place, name: str, there: Mapping[str, Mapping[str, Any]]) -> Iterator[Problem]:
    key = Place(here.path, name, key=True)
    emails = [one for one, spec in there.items() if "email" in spec]
    if name not in there:
        hint = did_you_mean(name, emails) or f"its emails are {', '.join(emails)}"
        message = f'no email of that sequence has the id "{name}"'
        yield book.problem(key, "already-sent", message, hint=hint if emails else "")
    elif name not in emails:
        message = f'"{name}" is no email, and only emails can have been sent already'
        yield book.problem(key, "already-sent", message, hint=f"its emails are {', '.join(emails)}" if emails else "")

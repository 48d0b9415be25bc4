"""A document to its problems: its shape first, then every check in ``checks/``, all of them in one go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from importlib import import_module
from itertools import islice
from pkgutil import iter_modules
from typing import Any

from engine.errors import MOST_PROBLEMS, Problem, Severity
from engine.language import checks
from engine.language.book import Check, Checkable, Shelf
from engine.language.document import Document
from engine.language.schema import roles
from engine.language.shape import shape
from engine.language.source import examine
from engine.language.sources import Sources
from engine.language.vocabulary import vocabulary

__all__ = ["Checkable", "Shelf", "all_checks", "check", "read_and_check", "vocabulary"]

_MOST_NOTES = 4


def read_and_check(
    text: str | bytes, file: str, shelf: Shelf, sources: Sources | None = None
) -> tuple[Document | None, list[Problem]]:
    """The document and every problem, sorted by place; None when YAML cannot read it. Problems call it ``file``.

    What it includes is found as ``examine`` says. Where a part of it cannot be read, only that is told: what is
    declared there would be missed at every name.
    """
    document, problems = examine(text, file, sources)
    if document and document.whole and len(problems) < MOST_PROBLEMS:
        told = {(one.file, one.line, one.column) for one in problems}
        checked = check(document, shelf, sound=not problems)
        problems += [one for one in checked if (one.file, one.line, one.column) not in told]
    return document, _bounded(_sorted(problems, file))


def check(document: Document, shelf: Shelf, *, sound: bool = True) -> list[Problem]:
    """Every problem of a document, sorted by place. ``shelf`` knows the templates; ``sound``: YAML had no objection."""
    problems, book = opened(document, shelf)
    if len(problems) < MOST_PROBLEMS:
        problems += islice(_all_problems(book), MOST_PROBLEMS)
    if sound and not any(one.severity is Severity.ERROR for one in problems):
        problems += islice(_all_problems(book, last=True), MOST_PROBLEMS)
    return _sorted(problems, document.file)


def opened(document: Document, shelf: Shelf) -> tuple[list[Problem], Checkable]:
    """A document ready to be checked, and what is wrong with its shape."""
    problems, broken = shape(document)
    words, places = vocabulary(document), roles(document.data)
    return problems, Checkable(document=document, vocabulary=words, shelf=shelf, places=places, broken=broken)


@cache
def all_checks() -> Mapping[str, Check]:
    """The checks by name: the modules of the folder ``checks``."""
    return {name: module.check for name, module in _modules().items()}


@cache
def _modules() -> Mapping[str, Any]:
    names = sorted(module.name for module in iter_modules(checks.__path__))
    return {name: import_module(f"{checks.__name__}.{name}") for name in names}


def _all_problems(book: Checkable, *, last: bool = False) -> Iterator[Problem]:
    """What every check says; those marked ``LAST`` are only asked about a file without errors."""
    for one in _modules().values():
        if getattr(one, "LAST", False) is last:
            yield from one.check(book)


def _sorted(problems: list[Problem], main: str) -> list[Problem]:
    """The main file first. What is wrong with a blueprint is told once, however often it is used."""
    merged: dict[Problem, list[str]] = {}
    for one in problems:
        merged.setdefault(replace(one, notes=()), []).extend(one.notes)
    found = [replace(one, notes=_few(notes)) for one, notes in merged.items()]
    return sorted(found, key=lambda one: (one.file != main, one.file, one.line, one.column, one.rule, one.message))


def _bounded(problems: list[Problem]) -> list[Problem]:
    """As many as somebody may read, and at the last of them that there are more."""
    if len(problems) < MOST_PROBLEMS:
        return problems
    last = replace(problems[MOST_PROBLEMS - 1], notes=(), severity=Severity.ERROR, rule="too-many")
    message = f"there are {MOST_PROBLEMS:,} problems up to here, and more may follow"
    return [*problems[:MOST_PROBLEMS], replace(last, message=message, hint="mend those above, and look again")]


def _few(notes: list[str]) -> tuple[str, ...]:
    kept = tuple(dict.fromkeys(notes))
    return kept if len(kept) <= _MOST_NOTES else (*kept[: _MOST_NOTES - 1], f"and {len(kept) - _MOST_NOTES + 1} more")

"""A document to its problems: its shape first, then every check in ``checks/``, all of them in one go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from engine.errors import Problem
from engine.language import checks
from engine.language.book import Check, Checkable, Shelf
from engine.language.document import Document
from engine.language.schema import roles
from engine.language.shape import shape
from engine.language.source import examine
from engine.language.vocabulary import vocabulary

__all__ = ["Checkable", "Shelf", "all_checks", "check", "read_and_check", "vocabulary"]


def read_and_check(text: str | bytes, file: str, shelf: Shelf) -> tuple[Document | None, list[Problem]]:
    """The document and every problem, sorted by place; None when YAML cannot read it. Problems call it ``file``."""
    document, problems = examine(text, file)
    if document:
        told = {(one.line, one.column) for one in problems}
        problems += [one for one in check(document, shelf) if (one.line, one.column) not in told]
    return document, _sorted(problems)


def check(document: Document, shelf: Shelf) -> list[Problem]:
    """Every problem of a document, sorted by place. ``shelf`` knows the templates."""
    problems, broken = shape(document)
    book = Checkable(
        document=document,
        vocabulary=vocabulary(document),
        shelf=shelf,
        places=roles(document.data),
        broken=broken,
    )
    return _sorted([*problems, *_all_problems(book)])


@cache
def all_checks() -> Mapping[str, Check]:
    """The checks by name: the modules of the folder ``checks``."""
    names = sorted(module.name for module in iter_modules(checks.__path__))
    return {name: import_module(f"{checks.__name__}.{name}").check for name in names}


def _all_problems(book: Checkable) -> Iterator[Problem]:
    for one in all_checks().values():
        yield from one(book)


def _sorted(problems: list[Problem]) -> list[Problem]:
    return sorted(dict.fromkeys(problems), key=lambda one: (one.line, one.column, one.rule, one.message))

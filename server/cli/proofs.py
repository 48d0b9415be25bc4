"""The segments of a file, as it is and as it was, for the verb that proves them. What emails say does not matter."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import InvalidFile, Problem, SettingsError, Severity
from server.cli.files import content, templates_in

if TYPE_CHECKING:
    from engine.language.book import Checkable
    from engine.language.sources import Sources
    from engine.model import Vocabulary


def book_of(path: Path) -> Checkable:
    """The file as it is, if its segments can be read. Raises ``InvalidFile``, or ``SettingsError``: there are none."""
    return _book(content(path), path, None)


def words_before(against: str, path: Path) -> Vocabulary:
    """The segments as they are in another file, or were at a commit. Raises ``SettingsError``."""
    from engine.adapters.git import AtCommit, content_at
    from engine.language.proving.stated import stated_words

    other = Path(against)
    try:
        if other.is_file():
            return stated_words(book_of(other))
        return stated_words(_book(content_at(against, path), path, AtCommit(against, path)))
    except InvalidFile as invalid:
        raise SettingsError(
            f"the segments of {against} cannot be read, so nothing can be compared: {invalid}"
        ) from None


def problems_of(book: Checkable) -> list[Problem]:
    """What is wrong with the segments."""
    from engine.language.checks.segments import check

    return [problem for problem in check(book) if problem.rule != "segment-map"]


def _book(text: bytes, path: Path, sources: Sources | None) -> Checkable:
    from engine.language.checking import check, opened
    from engine.language.proving.stated import stated_rules
    from engine.language.source import examine

    document, problems = examine(text, str(path), sources)
    if document is None or not document.whole:
        raise InvalidFile(problems)
    _, book = opened(document, templates_in(path))
    if "segments" not in document.data:
        raise SettingsError(f"there are no segments in {path}")
    if stated_rules(book) is None:
        raise InvalidFile([one for one in check(document, book.shelf) if one.severity is Severity.ERROR])
    return book

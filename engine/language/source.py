"""Text to Document: YAML 1.2 core scalars, a place for every value, and every trap refused in plain words.

PyYAML (libyaml) is used for its events only; no tag ever runs and nothing is resolved as YAML 1.1 would.
Events come one at a time, so that depth is refused before anything recurses: libyaml's own composer
crashes the process on deep nesting. Where the mistake is local (a key twice, a tag) reading goes on, so
that one look shows all of them; where the text cannot be parsed further there is one problem for it.
"""

from __future__ import annotations

import re

import yaml

from engine.errors import InvalidFile, Problem
from engine.language.composing import Composer, UnreadableError
from engine.language.document import Document, Entries, Lines, Range, Scalar, place_problem
from engine.language.syntax import Trouble, explain, tab_trouble

MAX_BYTES = 1_000_000
# What YAML forbids, and three line breaks of older YAML that would end a comment or be folded unseen.
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_COMMENT = re.compile(r"(?m)(?:^|(?<=\s))#.*$")
_TABS = re.compile(r"\t[ \t]*")


def read(text: str | bytes, file: str) -> Document:
    """The document of a file; ``InvalidFile`` with every problem that YAML itself has with it."""
    document, problems = examine(text, file)
    if document is None or problems:
        raise InvalidFile(problems)
    return document


def examine(text: str | bytes, file: str) -> tuple[Document | None, list[Problem]]:
    """The document as far as it can be read (None: not at all), and the problems on the way."""
    try:
        raw = text if isinstance(text, bytes) else text.encode()
        lines = Lines(raw.decode().removeprefix("\ufeff"))
    except (UnicodeDecodeError, UnicodeEncodeError) as error:
        return None, [_problem(file, *_misencoded(error))]
    if refused := _unfit(lines.text, len(raw)):
        return None, [_problem(file, lines, refused)]
    root, troubles = _compose(lines)
    problems = [_problem(file, lines, trouble) for trouble in troubles]
    if not isinstance(root, Entries):
        return None, problems
    return Document(file, lines.text, root, lines), problems


def _misencoded(error: UnicodeDecodeError | UnicodeEncodeError) -> tuple[Lines, Trouble]:
    """The place of the first byte (or half of a character) that is not UTF-8."""
    good = error.object[: error.start]
    before = good if isinstance(good, str) else good.decode().removeprefix("\ufeff")
    hint = 'save it again and choose "UTF-8" as its encoding'
    at = (len(before), len(before) + 1)
    return Lines(f"{before}?"), Trouble(at, "not-utf-8", "from here on the file is not written in UTF-8", hint)


def _unfit(text: str, size: int) -> Trouble | None:
    """What keeps a text from being read at all."""
    if size > MAX_BYTES:
        message = f"the file has {size:,} bytes; the limit is {MAX_BYTES:,}"
        return Trouble((0, 0), "too-large", message, "take out what is no longer used")
    if found := _UNPRINTABLE.search(text):
        message = f"there is an invisible character here (U+{ord(found[0]):04X})"
        return Trouble(found.span(), "control-character", message, "delete it; it often comes along with pasted text")
    return None


def _compose(lines: Lines) -> tuple[object, list[Trouble]]:
    composer = Composer(yaml.parse(lines.text, Loader=yaml.CBaseLoader), lines)
    try:
        root = composer.document()
    except UnreadableError:
        return None, composer.troubles
    except yaml.MarkedYAMLError as error:
        last = explain(error, lines, composer.last_quoted)
        return None, [*(known for known in composer.troubles if known.at[0] != last.at[0]), last]
    composer.troubles += _tabs(lines, composer.scalars)
    if root is None or (isinstance(root, Scalar) and root.data is None):
        hint = "start with  version: 1"
        return None, [*composer.troubles, Trouble((0, 0), "empty-file", "there is nothing in this file", hint)]
    if not isinstance(root, Entries):
        message = "the whole file is a list or a text, and not lines of  key: value"
        hint = "start with  version: 1  and write  contact:,  triggers:  and  sequences:  below it"
        return None, [*composer.troubles, Trouble((root.start, root.end), "not-a-mapping", message, hint)]
    return root, composer.troubles


def _tabs(lines: Lines, scalars: list[Range]) -> list[Trouble]:
    """Tabs between values; inside texts, in comments and at the end of a line they do no harm."""
    if "\t" not in lines.text:
        return []
    found, last = [], 0
    for start, end in [*scalars, (len(lines.text), len(lines.text))]:
        # One character more, so that a tab right before the value is seen to stand before something.
        gap = _COMMENT.sub(lambda comment: " " * len(comment[0]), lines.text[last : start + 1])
        tabs = [tab.start() for tab in _TABS.finditer(gap) if gap[tab.end() : tab.end() + 1].strip()]
        found += [tab_trouble(last + tab) for tab in tabs]
        last = max(last, end)
    return found


def _problem(file: str, lines: Lines, trouble: Trouble) -> Problem:
    span = lines.span(*trouble.at)
    return place_problem(file, span, trouble.rule, trouble.message, hint=trouble.hint)

"""One file to nodes: YAML 1.2 core scalars, a place for every value, and every trap refused in plain words.

PyYAML (libyaml) is used for its events only; no tag ever runs and nothing is resolved as YAML 1.1 would.
Events come one at a time, so that depth is refused before anything recurses: libyaml's own composer
crashes the process on deep nesting. Where the mistake is local (a key twice, a tag) reading goes on, so
that one look shows all of them; where the text cannot be parsed further there is one problem for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import yaml

from engine.errors import MOST_PROBLEMS, Problem
from engine.language.composing import Composer, Shared, UnreadableError
from engine.language.document import Entries, Lines, Range, Scalar, place_problem
from engine.language.syntax import Trouble, explain, tab_trouble

MAX_BYTES = 1_000_000
# What YAML forbids, and three line breaks of older YAML that would end a comment or be folded unseen.
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_COMMENT = re.compile(r"(?m)(?:^|(?<=\s))#.*$")
_TABS = re.compile(r"\t[ \t]*")


@dataclass(frozen=True, slots=True)
class Reading:
    """A file as far as YAML could read it: no ``root`` where it could not. ``troubled`` are its problems."""

    lines: Lines
    root: Entries | None
    troubled: Sequence[Problem]


def read_file(raw: bytes | str, file: str, shared: Shared | None = None) -> Reading:
    """One file by itself. ``shared`` is what the files that are read together have in common."""
    try:
        raw = raw if isinstance(raw, bytes) else raw.encode()
        lines = Lines(raw.decode().removeprefix("\ufeff"), file)
    except (UnicodeDecodeError, UnicodeEncodeError) as error:
        lines, trouble = _misencoded(error, file)
        return Reading(lines, None, [_problem(file, lines, trouble)])
    if refused := _unfit(lines.text, len(raw)):
        return Reading(lines, None, [_problem(file, lines, refused)])
    root, troubles = _compose(lines, shared or Shared())
    problems = [_problem(file, lines, trouble) for trouble in troubles]
    return Reading(lines, root if isinstance(root, Entries) else None, problems)


def _misencoded(error: UnicodeDecodeError | UnicodeEncodeError, file: str) -> tuple[Lines, Trouble]:
    """The place of the first byte (or half of a character) that is not UTF-8."""
    good = error.object[: error.start]
    before = good if isinstance(good, str) else good.decode().removeprefix("\ufeff")
    hint = 'save it again and choose "UTF-8" as its encoding'
    at = (len(before), len(before) + 1)
    return Lines(f"{before}?", file), Trouble(at, "not-utf-8", "from here on the file is not written in UTF-8", hint)


def _unfit(text: str, size: int) -> Trouble | None:
    """What keeps a text from being read at all."""
    if size > MAX_BYTES:
        message = f"the file has more than {MAX_BYTES:,} bytes"
        return Trouble((0, 0), "too-large", message, "take out what is no longer used")
    if found := _UNPRINTABLE.search(text):
        message = f"there is an invisible character here (U+{ord(found[0]):04X})"
        return Trouble(found.span(), "control-character", message, "delete it; it often comes along with pasted text")
    return None


def _compose(lines: Lines, shared: Shared) -> tuple[object, list[Trouble]]:
    composer = Composer(yaml.parse(lines.text, Loader=yaml.CBaseLoader), lines, shared)
    try:
        root = composer.document()
    except UnreadableError:
        return None, composer.troubles
    except yaml.MarkedYAMLError as error:
        last = explain(error, lines, composer.last_quoted)
        return None, [*(known for known in composer.troubles if known.at[0] != last.at[0]), last]
    if any(trouble.rule == "many-documents" for trouble in composer.troubles):
        return None, composer.troubles  # half of the file is in the other one, and would seem to be missing
    composer.troubles += islice(_tabs(lines, composer.scalars), MOST_PROBLEMS)
    if root is None or (isinstance(root, Scalar) and root.data is None):
        hint = "start with  version: 1"
        return None, [*composer.troubles, Trouble((0, 0), "empty-file", "there is nothing in this file", hint)]
    if not isinstance(root, Entries):
        message = "the whole file is a list or a text, and not lines of  key: value"
        hint = "start with  version: 1  and write  contact:,  triggers:  and  sequences:  below it"
        return None, [*composer.troubles, Trouble((root.start, root.end), "not-a-mapping", message, hint)]
    return root, composer.troubles


def _tabs(lines: Lines, scalars: list[Range]) -> Iterator[Trouble]:
    """Tabs between values; inside texts, in comments and at the end of a line they do no harm."""
    if "\t" not in lines.text:
        return
    last = 0
    for start, end in [*scalars, (len(lines.text), len(lines.text))]:
        # One character more, so that a tab right before the value is seen to stand before something.
        gap = _COMMENT.sub(lambda comment: " " * len(comment[0]), lines.text[last : start + 1])
        tabs = [tab.start() for tab in _TABS.finditer(gap) if gap[tab.end() : tab.end() + 1].strip()]
        yield from (tab_trouble(last + tab) for tab in tabs)
        last = max(last, end)


def _problem(file: str, lines: Lines, trouble: Trouble) -> Problem:
    span = lines.span(*trouble.at)
    return place_problem(file, span, trouble.rule, trouble.message, hint=trouble.hint)

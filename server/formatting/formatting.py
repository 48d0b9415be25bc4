"""A file as it would be written by somebody who knows the language well; every comment and blank line stays.

Texts are replaced where they stand, never written anew from data. Each of the passes is checked by reading its result:
a pass that would change what the file says is left out, whatever the reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from engine.language.document import Document
from engine.language.reading import read_file
from server.formatting.indenting import indented
from server.formatting.ordering import ordered
from server.formatting.scanning import remarks
from server.formatting.trimming import trimmed
from server.formatting.wording import quoted, worded

Pass = Callable[[Document], str]


def formatted(text: str) -> str:
    """The text in its canonical form. It must be one that can be read; formatting twice changes nothing more."""
    text = text.removeprefix("\ufeff")
    for one in (worded, quoted, ordered, indented, trimmed):
        text = _applied(one, text)
    return text


def _applied(one: Pass, text: str) -> str:
    before = _read(text)
    if before is None:
        return text
    changed = one(before)
    return changed if changed == before.text or _same(before, changed, words=one is worded) else text


def _same(before: Document, changed: str, *, words: bool) -> bool:
    """Whether the data is the same (``words``: but for texts whose meaning was compared) and no comment is lost."""
    after = _read(changed)
    if after is None or Counter(remarks(before)) != Counter(remarks(after)):
        return False
    return words or after.data == before.data


def _read(text: str) -> Document | None:
    """The file by itself: what it includes or uses is in other files, and no concern of this one's form."""
    reading = read_file(text, "")
    if reading.root is None or reading.troubled:
        return None
    return Document("", reading.lines.text, reading.root, reading.lines)

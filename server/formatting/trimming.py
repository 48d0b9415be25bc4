"""No spaces at the ends of lines, one line break at the end of the file."""

from __future__ import annotations

import re
from collections.abc import Iterator

from engine.language.document import Document
from server.formatting.scanning import inner_lines
from server.formatting.splicing import Edit, spliced

_ENDING = re.compile(r"[ \t]+(?=\r\n|\r|\n|\Z)")
_LAST = re.compile(r"(\r\n|\r|\n)?\s*\Z")


def trimmed(document: Document) -> str:
    """The text without them; within a text of several lines every space stays."""
    text = spliced(document.text, _spaces(document))
    inside = inner_lines(document)
    if max(inside, default=0) >= document.lines.number(len(document.text)) - 1:
        return text  # a block text at the end may end in line breaks that count
    found = _LAST.search(text)
    newline = re.search(r"\r\n|\r|\n", text)
    return text[: found.start() if found else len(text)] + (newline[0] if newline else "\n")


def _spaces(document: Document) -> Iterator[Edit]:
    inside = inner_lines(document)
    for found in _ENDING.finditer(document.text):
        line = document.lines.number(found.start())
        if line not in inside and line + 1 not in inside:
            yield found.start(), found.end(), ""

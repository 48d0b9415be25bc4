"""What comes along from other mail programs: their way to write a field, and the quotes of word processors."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

# [First Name] is Markdown for a link too, so brackets count only around the name of a field.
_MARKS = re.compile(
    r"""\*\|\s*(?P<star>\w[^|\n]{0,60}?)\s*\|\*
      | (?<![\w!])\[(?P<bracket>[^\W\d][\w -]{1,60})\](?![\[(:])
      | <<\s*(?P<angle>[^\W\d][\w -]{1,60}?)\s*>>
      | (?<![\w%])%(?P<percent>[^\W\d]\w{1,60})%(?!\w)
      | (?<!\{)\{\s*(?P<brace>[^\W\d]\w{0,60})\s*\}(?!\})""",
    re.VERBOSE,
)
_CERTAIN = ("star", "brace")
_CURLED = re.compile(r"[“„”«‘]\s*(.+?)\s*[”“»’]", re.DOTALL)


def foreign_fields(text: str, fields: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each place that looks like a field and would be sent as it stands, with the field that is meant, if one is."""
    by_plain = {_plain(name): name for name in fields}
    for found in _MARKS.finditer(text):
        kind = found.lastgroup or ""
        field = by_plain.get(_plain(found[kind]), "")
        if field or kind in _CERTAIN:
            yield found[0], field


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name).casefold()


def uncurled(text: str) -> str:
    """The text inside curly quotes that stand around all of it; an empty text where there are none."""
    found = _CURLED.fullmatch(text.strip())
    return found[1] if found else ""

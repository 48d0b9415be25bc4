"""Unquoted words of the file, read as YAML 1.2 core: true, false, null, numbers, and otherwise text.

Four things stay text although the standard would make numbers of them, because people mean text:
``012`` (a postal code), ``.inf`` and ``.nan``, and numbers too long to be counted with.
"""

from __future__ import annotations

import math
import re

_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_BASED = re.compile(r"0o[0-7]{1,20}|0x[0-9a-fA-F]{1,15}")
_DECIMAL = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]{0,17})(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?")


def resolve(word: str) -> str | int | float | bool | None:
    """What an unquoted word means."""
    if word in _WORDS:
        return _WORDS[word]
    if _WHOLE.fullmatch(word):
        return int(word)
    if _BASED.fullmatch(word):
        return int(word, 0)
    if _DECIMAL.fullmatch(word) and math.isfinite(number := float(word)):
        return number
    return word

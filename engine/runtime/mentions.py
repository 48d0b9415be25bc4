"""Whether a text names an address: as the whole of it, not as a part of somebody else's."""

from __future__ import annotations

import re
from urllib.parse import quote

from engine.runtime.ledger import email_key

_BEFORE = r"(?<![\w.+-])"
_AFTER = r"(?![\w-]|\.\w)"
_ESCAPED = re.compile(r"\\[nrtbf]")
"""A line break as JSON and Python write it: its letter is no part of an address behind it."""


class Mentions:
    """Looks for one address, in whatever capitals, also as links write it.

    ``ada@example.com`` is not in ``mcada@example.com``; it is in ``email=ada@example.com``, and in
    ``?to=ada%40example.com``.
    """

    def __init__(self, address: str) -> None:
        key = email_key(address)
        ways = "|".join(map(re.escape, dict.fromkeys((key, quote(key, safe="").casefold()))))
        self._whole = re.compile(f"{_BEFORE}(?:{ways}){_AFTER}")

    def __call__(self, text: str) -> bool:
        """Whether the text names it."""
        return self._whole.search(_ESCAPED.sub(" ", text).casefold()) is not None

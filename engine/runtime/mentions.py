"""Whether a text names an address: as the whole of it, not as a part of somebody else's."""

from __future__ import annotations

import re

from engine.runtime.ledger import email_key

_BEFORE = r"(?<![\w.+%&'*/=?^`{|}~!#$-])"
_AFTER = r"(?![\w-]|\.\w)"


class Mentions:
    """Looks for one address, in whatever capitals. ``ada@example.com`` is not in ``mcada@example.com``."""

    def __init__(self, address: str) -> None:
        self._key = email_key(address)
        self._whole = re.compile(_BEFORE + re.escape(self._key) + _AFTER)

    def __call__(self, text: str) -> bool:
        """Whether the text names it."""
        told = text.casefold()
        return self._key in told and self._whole.search(told) is not None

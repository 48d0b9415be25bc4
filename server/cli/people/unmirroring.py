"""Somebody's page in Notion goes to the trash there."""

from __future__ import annotations

import time

from engine.adapters.notion import NotionMirror
from engine.model import Refused, Retry

TRIES = 3
LONGEST_PAUSE = 10.0
"""Seconds that somebody before a terminal is kept waiting for Notion."""


def trashed(mirror: NotionMirror, email: str, page_id: str | None) -> int | str:
    """How many pages of an address went into the trash, or why that did not go."""
    found = mirror.forget(email, page_id)
    for _ in range(TRIES - 1):
        if not isinstance(found, Retry):
            break
        time.sleep(min(found.after or 1.0, LONGEST_PAUSE))
        found = mirror.forget(email, page_id)
    return found.reason if isinstance(found, Retry | Refused) else found

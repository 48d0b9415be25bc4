"""What is wrong with a file only where emails really go out: strangers can have them sent, or the law asks for more."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from engine.runtime.settings import TRIGGER_SECRET, environment

if TYPE_CHECKING:
    from engine.errors import Problem
    from engine.language.document import Document

_MAILERS = ("RESEND_API_KEY", "SMTP_URL")
_SECRET = "BUSOS_WEBHOOK_SECRET"  # noqa: S105 - a name
_LIMITS = ("BUSOS_RATE_LIMIT", "BUSOS_ADDRESS_LIMIT")


def where_emails_go_out(document: Document, path: Path) -> Iterator[Problem]:
    """Triggers without a lock or limits, marketing without a postal address; by the environment and the ``.env``."""
    found = {name for name, text in environment(os.environ, path).items() if text.strip()}
    if found.isdisjoint(_MAILERS):
        return
    from engine.language.doors import open_webhooks
    from engine.language.imprint import unaddressed_marketing

    everywhere = _SECRET in found or found.issuperset(_LIMITS)
    yield from open_webhooks(document, lambda name: everywhere or TRIGGER_SECRET + name.upper() in found)
    yield from unaddressed_marketing(document)

"""Emails as Resend shows them, and what is kept of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any


def digest(text: str) -> str:
    """What stands for a body that is not kept."""
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def listed(email: Mapping[str, Any]) -> dict[str, Any]:
    """An email as Resend lists it."""
    return {name: value for name, value in shown(email).items() if name not in ("html", "text")}


def shown(email: Mapping[str, Any]) -> dict[str, Any]:
    """An email as Resend shows it by itself."""
    known = ("id", "to", "from", "subject", "html", "text", "reply_to")
    kept = {name: email[name] for name in known if name in email}
    kept["created_at"] = datetime.fromtimestamp(email["at"], UTC).isoformat()
    for name in ("to", "reply_to"):
        if isinstance(kept.get(name), str):
            kept[name] = [kept[name]]
    return json.loads(json.dumps({"object": "email", "last_event": "sent", **kept}))  # type: ignore[no-any-return]

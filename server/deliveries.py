"""``/webhook/resend``: what Resend tells of emails, signed in its way (Svix, which is Standard Webhooks).

Nothing is believed before the signature over the raw bytes is. What is not known is kept and answered with a 200:
the sender repeats for days whatever is not.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any

import msgspec
from litestar import Request, post

from engine.errors import LedgerUnavailable
from server.problems import Problem, ledger_unavailable
from server.security import DeliveryLock
from server.system import System

LARGEST_BODY = 256 * 1024
"""Bytes: the event of an inbound email names all of its attachments."""
_ID = re.compile(rb"[!-~]{1,255}")
_decode = msgspec.json.Decoder().decode


@post("/webhook/resend", status_code=200, request_max_body_size=LARGEST_BODY)
async def resend(request: Request[Any, Any, Any]) -> dict[str, str]:
    """Take one event. Once it is on disk, it is answered; the same again changes nothing."""
    system: System = request.app.state.system
    headers, body, now = dict(request.scope["headers"]), await request.body(), system.clock.now()
    message_id = DeliveryLock(system.settings.resend_webhook_secret).prove(headers, body, now.timestamp())
    if not _ID.fullmatch(message_id):
        raise Problem(400, "svix-id must be 1 to 255 visible ASCII characters.")
    document = _read(body)
    try:
        new = await asyncio.to_thread(system.deliver, document, message_id.decode("ascii"))
    except LedgerUnavailable:
        raise ledger_unavailable() from None
    return {"status": "accepted" if new else "known"}


def _read(body: bytes) -> dict[str, Any]:
    try:
        document = _decode(body)
    except (RecursionError, UnicodeError, msgspec.MsgspecError, ValueError, OverflowError):
        raise Problem(400, "The body is not JSON.") from None
    if not isinstance(document, dict):
        raise Problem(400, "The body must be a JSON object with a type and data.")
    return document


ROUTES = (resend,)

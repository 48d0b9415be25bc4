"""What is asked of Resend: bodies and headers that depend on nothing but what is stored."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import httpx
import msgspec

from engine.errors import SettingsError
from engine.ports import Message

KEY = re.compile(r"[!-~]{1,256}")
CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def body(message: Message) -> bytes:
    """The request for one email: a function of the message alone, so that every try is the same to the byte."""
    return msgspec.json.encode(_parts(message), order="sorted")


def batch_body(messages: Sequence[Message]) -> bytes:
    """The request for many: a list of the same objects, in the order in which they are stored."""
    return msgspec.json.encode([_parts(message) for message in messages], order="sorted")


def _parts(message: Message) -> dict[str, Any]:
    parts: dict[str, Any] = {
        "from": one_line(message.sender),
        "to": [one_line(message.to)],
        "subject": one_line(message.subject),
        "html": message.html,
        "text": message.text,
        "headers": {one_line(name): one_line(value) for name, value in message.headers.items()},
        "reply_to": one_line(message.reply_to or ""),
    }
    return {name: part for name, part in parts.items() if part}


def one_line(text: str) -> str:
    """Text for a header field: a line break in it would begin another field."""
    return CONTROLS.sub(" ", text).strip()


def checked_key(key: str) -> str:
    """An idempotency key; ValueError when it cannot be one."""
    if not KEY.fullmatch(key):
        raise ValueError("its key is not 1 to 256 printable ASCII characters")
    return key


def checked(api_key: str, base_url: str) -> tuple[str, str]:
    """The API key and the address to ask; SettingsError when they cannot be what they should."""
    if not KEY.fullmatch(api_key.strip()):
        raise SettingsError("RESEND_API_KEY holds a space, a line break or a letter beyond ASCII: copy the key again")
    url = base_url.rstrip("/")
    try:
        fits = httpx.URL(url).scheme in ("http", "https") and httpx.URL(url).host
    except httpx.InvalidURL:
        fits = False
    if not fits:
        raise SettingsError(f"RESEND_API_URL is {base_url!r}: expected an address such as https://api.resend.com")
    return api_key.strip(), url

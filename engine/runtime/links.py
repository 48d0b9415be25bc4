"""Links that only we can make: contact and sequence with a signature, so that no table of tokens is needed."""

from __future__ import annotations

import base64
import binascii
import hmac
from dataclasses import dataclass

_SIGNATURE_BYTES = 16  # 128 bits: nobody guesses one


_BETWEEN = "\0"  # stands in no id and in no name


@dataclass(frozen=True, slots=True)
class WayOut:
    """Whom a link is for, and of which sequence the email was that it stood in: None for links of before 0004."""

    contact_id: str
    sequence: str | None = None


def unsubscribe_url(base_url: str, secret_key: str, contact_id: str, sequence: str | None = None) -> str:
    """The address that stands in an email: a page with buttons, and the target of one-click unsubscribing."""
    return f"{base_url.rstrip('/')}/u/{make_token(secret_key, contact_id, sequence)}"


def make_token(secret_key: str, contact_id: str, sequence: str | None = None) -> str:
    """The contact's id, the sequence and a signature as text that is safe in a URL. The same have the same token."""
    name = (contact_id if sequence is None else f"{contact_id}{_BETWEEN}{sequence}").encode()
    return f"{_text(name)}.{_text(_sign(secret_key, name))}"


def read_token(secret_key: str, token: str) -> WayOut | None:
    """Whom the link is for, or None when we did not make this token with this key."""
    name, _, signature = token.partition(".")
    try:
        told = _bytes(name)
        if not hmac.compare_digest(_sign(secret_key, told), _bytes(signature)):
            return None
        contact, _, sequence = told.decode().partition(_BETWEEN)
    except (binascii.Error, UnicodeError):
        return None
    return WayOut(contact, sequence or None)


def _sign(secret_key: str, name: bytes) -> bytes:
    message = b"unsubscribe:" + name  # the purpose is signed too: no other signature of ours fits here
    return hmac.digest(secret_key.encode(), message, "sha256")[:_SIGNATURE_BYTES]


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)

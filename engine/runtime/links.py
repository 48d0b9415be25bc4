"""Links that only we can make: the contact's id with a signature, so that no table of tokens is needed."""

from __future__ import annotations

import base64
import binascii
import hmac

_SIGNATURE_BYTES = 16  # 128 bits: nobody guesses one


def unsubscribe_url(base_url: str, secret_key: str, contact_id: str) -> str:
    """The address that stands in an email: a page with a button, and the target of one-click unsubscribing."""
    return f"{base_url.rstrip('/')}/u/{make_token(secret_key, contact_id)}"


def make_token(secret_key: str, contact_id: str) -> str:
    """The contact's id and its signature as text that is safe in a URL. The same contact has the same token."""
    name = contact_id.encode()
    return f"{_text(name)}.{_text(_sign(secret_key, name))}"


def read_token(secret_key: str, token: str) -> str | None:
    """The contact's id, or None when we did not make this token with this key."""
    name, _, signature = token.partition(".")
    try:
        contact = _bytes(name)
        return contact.decode() if hmac.compare_digest(_sign(secret_key, contact), _bytes(signature)) else None
    except (binascii.Error, UnicodeError):
        return None


def _sign(secret_key: str, contact: bytes) -> bytes:
    message = b"unsubscribe:" + contact  # the purpose is signed too: no other signature of ours fits here
    return hmac.digest(secret_key.encode(), message, "sha256")[:_SIGNATURE_BYTES]


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)

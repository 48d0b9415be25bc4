"""What every provider is, and what their signatures have in common."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from engine.model import Field

Headers = Mapping[bytes, bytes]
"""Header fields of a request; names in small letters."""

MISFIT = "The signature does not fit this body and the secret of this server."


class Provider(Protocol):
    """A module of this package.

    ``SETTING`` names the setting with the signing secret, ``HEADER`` the header field with the signature. ``EVENTS``
    are the events it is known to send; the first starts a trigger that names none. ``FIELDS`` says where values
    stand, by the name of a contact field, the likeliest place first.
    """

    NAME: str
    TITLE: str
    SETTING: str
    HEADER: str
    EVENTS: Sequence[str]
    FIELDS: Mapping[str, Sequence[str]]

    def refusal(self, headers: Headers, body: bytes, secret: str, now: float) -> str | None:
        """Why this request does not prove that it comes from there; None when it does. ``now`` is Unix time."""
        ...

    def places(self, field: Field) -> Sequence[str]:
        """The paths at which a field may stand, the likeliest first; none where nobody can know."""
        ...

    def event(self, payload: Mapping[str, Any]) -> str | None:
        """Which event this is; None where it does not say."""
        ...

    def key(self, payload: Mapping[str, Any]) -> str | None:
        """What is the same at every delivery of this event, and of no other; None where it does not say."""
        ...


def digest(secret: str, content: bytes) -> bytes:
    """HMAC-SHA256."""
    return hmac.new(secret.encode(), content, hashlib.sha256).digest()


def same(one: bytes, other: bytes) -> bool:
    """Whether two signatures are the same, in a time that does not tell where they differ."""
    return hmac.compare_digest(one, other)


def refusal_of_stamped(header: bytes, name: str, body: bytes, secret: str, now: float, tolerance: int) -> str | None:
    """Why a signature ``t=…,v1=…`` over ``t.body`` is none: Stripe's form, which Calendly has taken over.

    During a change of secrets there may be several ``v1``; one that fits will do.
    """
    parts = [part.strip().partition(b"=") for part in header.split(b",")]
    stamps = [value for key, _, value in parts if key == b"t"]
    given = [value for key, _, value in parts if key == b"v1"]
    if not (stamps and given):
        return f"{name} must be t=…,v1=… as the provider signs."
    stamp = stamps[0]
    if not (stamp.isdigit() and len(stamp) <= 12) or abs(now - int(stamp)) > tolerance:
        return f"{name} was made more than {tolerance // 60} minutes from now by our clock: have it sent again."
    wanted = digest(secret, stamp + b"." + body).hex().encode()
    return None if any(same(one, wanted) for one in given) else MISFIT


def text(value: Any) -> str | None:
    """A text with something in it, else None."""
    return value if isinstance(value, str) and value else None


def inside(payload: Mapping[str, Any], *names: str) -> Any:
    """A value deeper in a payload; None where the way there is missing."""
    here: Any = payload
    for name in names:
        here = here.get(name) if isinstance(here, Mapping) else None
    return here


def joined(*parts: Any) -> str | None:
    """Parts of a key as one, if all of them are there."""
    return " ".join(parts) if all(isinstance(part, str) and part for part in parts) else None

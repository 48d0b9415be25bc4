"""Reading the value of one setting. Each reader raises ValueError with the end of a sentence that begins with its name.

What was found is repeated only where it can be no secret.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

_NOTION_VERSIONS = ("2025-09-03", "2022-06-28")


def flag(text: str) -> bool:
    """Yes or no."""
    if text.lower() in ("true", "yes", "on", "1"):
        return True
    if text.lower() in ("false", "no", "off", "0"):
        return False
    raise ValueError(f'must be true or false, not "{text[:40]}"')


def requests(window: str) -> Callable[[str], int]:
    """A reader of how many requests there may be in a window of time, such as ``a minute``."""

    def read(text: str) -> int:
        if not re.fullmatch("[0-9]{1,9}", text) or int(text) == 0:
            raise ValueError(f'must be a whole number of requests {window} such as 600, not "{text[:40]}"')
        return int(text)

    return read


SHORTEST_KEPT = timedelta(days=7)
"""A webhook is known again by its key for at least so long: senders repeat theirs for days."""


def kept(text: str) -> timedelta:
    """How long ended runs are kept. Raises ValueError with the end of a sentence."""
    from engine.language.durations import parse_duration  # noqa: PLC0415 - for the few that set it
    from engine.model import Duration  # noqa: PLC0415 - as above

    found = parse_duration(text)
    if not isinstance(found, Duration):
        raise ValueError(f'must be a length of time such as 400 days, not "{text[:40]}"')
    length = timedelta(days=found.days, seconds=found.seconds)
    if length < SHORTEST_KEPT:
        raise ValueError(f"must be {SHORTEST_KEPT.days} days or longer: senders repeat webhooks for days")
    return length


def emails(text: str) -> int:
    """How many emails."""
    if not re.fullmatch("[0-9]{1,9}", text):
        raise ValueError(f'must be a whole number of emails such as 100, not "{text[:40]}"')
    return int(text)


def overdue(text: str) -> timedelta | None:
    """A length of time, or None for never."""
    from engine.language.durations import parse_duration  # noqa: PLC0415 - for the few that set it
    from engine.model import Duration  # noqa: PLC0415 - as above

    if text.lower() == "never":
        return None
    found = parse_duration(text)
    if not isinstance(found, Duration):
        raise ValueError(f'must be a length of time such as 1 day, or never, not "{text[:40]}"')
    return timedelta(days=found.days, seconds=found.seconds)


def notion_version(text: str) -> str:
    """A version of Notion that is spoken here."""
    if text not in _NOTION_VERSIONS:
        raise ValueError(f'must be {" or ".join(_NOTION_VERSIONS)}, not "{text[:40]}"')
    return text


def url(*schemes: str, example: str) -> Callable[[str], str]:
    """A reader of URLs. What was found is not repeated: such a URL may carry a password."""

    def read(text: str) -> str:
        try:
            parts = urlsplit(text)
            whole = parts.scheme in schemes and bool(parts.hostname) and (parts.port or 1) > 0
        except ValueError:
            whole = False
        if not whole:
            raise ValueError(f"is not a URL that busos understands; write one like {example}")
        return text.rstrip("/")

    return read


def queue(text: str) -> str:
    """An address of Redis. Its own library takes any other path for database 0, or for the digits in it."""
    found = url("redis", "rediss", example="redis://127.0.0.1:6379/0, or leave it out to use the ledger")(text)
    if not re.fullmatch("(/[0-9]*)?", urlsplit(found).path):
        raise ValueError("must end in the number of a database of Redis, as in redis://127.0.0.1:6379/0")
    return found


def database(text: str) -> str:
    """The address of a ledger."""
    if re.fullmatch(r"sqlite:///\S.*", text):
        return text
    if text.startswith("postgres://"):  # what hosting companies print; SQLAlchemy wants the full name
        text = "postgresql" + text.removeprefix("postgres")
    if re.fullmatch(r"postgresql(\+psycopg)?://([^@/?#]*@)?/[^\s?#]+(\?\S*)?", text):
        return text  # by a socket, or with the servers in the options: ?host=a:5432&host=b:5432
    return url(
        "postgresql", "postgresql+psycopg", example="sqlite:///busos.db or postgresql://user:password@host/busos"
    )(text)


def callees(text: str) -> tuple[str, ...]:
    """Whom http steps may call."""
    names = tuple(name.strip().lower() for name in text.split(",") if name.strip())
    for name in names:
        if not re.fullmatch(r"[a-z0-9.:_-]+(/[0-9]{1,3})?", name):
            raise ValueError(f'has "{name[:80]}"; write public, or hosts and networks like crm.example.com, 10.0.0.0/8')
    return names


def origins(text: str) -> tuple[str, ...]:
    """Origins of browsers."""
    origins = tuple(origin.strip().rstrip("/").lower() for origin in text.split(",") if origin.strip())
    for origin in origins:
        if not re.fullmatch(r"https?://[^/?#@*\s]+", origin):
            raise ValueError(
                f'has "{origin[:80]}", which is not one origin; name each, like https://www.example.com, '
                "with commas between"
            )
    return origins


def webhook_keys(secret: str) -> tuple[bytes, ...]:
    """The keys that a webhook secret may stand for: ``whsec_`` and base64 is one, any other text is itself.

    Raises ValueError when ``whsec_`` is followed by anything but base64.
    """
    encoded = secret.removeprefix("whsec_")
    try:
        decoded = base64.b64decode(encoded, validate=True)
    except ValueError:  # not base64, or not even ASCII
        decoded = b""
    if encoded == secret:
        return (secret.encode(), decoded) if decoded else (secret.encode(),)
    if not decoded:
        raise ValueError("starts with whsec_ but what follows is not base64; copy the whole secret again")
    return (decoded,)


def signing_secret(text: str) -> str:
    """A secret of webhooks, as it is written."""
    webhook_keys(text)
    return text

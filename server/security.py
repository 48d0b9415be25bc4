"""Who may come in: signatures of webhooks, browsers' origins, a rate limit, and the lock on the dashboard's pages."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from engine.providers import Headers, Provider
from engine.runtime.readings import webhook_keys
from engine.runtime.settings import Settings
from server.problems import Problem
from server.system import System

TOLERANCE = 300  # seconds that a signature's timestamp may differ from our clock
ADMIN = "busos"
_FORWARDED = (b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip", b"via")
_REMEMBERED = 10_000  # clients, or email addresses, a limit keeps; the one seen longest ago is forgotten first


# -- Webhooks: a shared secret ------------------------------------------------------------------


class WebhookLock:
    """Standard Webhooks signatures, or the secret itself as a bearer key. Without a secret everyone may enter."""

    __slots__ = ("_bearer", "_keys")

    def __init__(self, secret: str | None) -> None:
        self._bearer = secret.encode() if secret else b""
        self._keys = webhook_keys(secret) if secret else ()

    def check(self, headers: Headers, body: bytes, now: float) -> None:
        """Raise a 401 unless the request proves that its sender knows the secret. ``now`` is Unix time."""
        if not self._keys:
            return
        reason = self._refuse(headers, body, now)
        if reason:
            raise Problem(401, reason, headers={"www-authenticate": "Bearer"})

    def _refuse(self, headers: Headers, body: bytes, now: float) -> str | None:
        scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
        if scheme.lower() == b"bearer":
            known = hmac.compare_digest(token.strip(), self._bearer)
            return None if known else "The Authorization: Bearer key is not the secret of this server."
        signed = _signed(headers)
        if signed is None:
            return (
                "This webhook must be signed: send webhook-id, webhook-timestamp and webhook-signature "
                "(Standard Webhooks), or Authorization: Bearer and the secret."
            )
        return self._refuse_signature(*signed, body, now)

    def _refuse_signature(self, name: bytes, stamp: bytes, signatures: bytes, body: bytes, now: float) -> str | None:
        if not (stamp.isdigit() and len(stamp) <= 12) or abs(now - int(stamp)) > TOLERANCE:
            return (
                f"webhook-timestamp must be the Unix time within {TOLERANCE // 60} minutes of ours: "
                "check the sender's clock, and sign again when sending again."
            )
        content = b".".join((name, stamp, body))
        wanted = [hmac.new(key, content, hashlib.sha256).digest() for key in self._keys]
        given = [_decoded(part[3:]) for part in signatures.split() if part.startswith(b"v1,")]
        if any(hmac.compare_digest(one, other) for one in wanted for other in given):
            return None
        return "The signature does not fit this body and the secret of this server."


class DeliveryLock(WebhookLock):
    """Signatures of Resend and nothing else: without a secret nobody may enter, since nobody can prove anything."""

    __slots__ = ()

    def prove(self, headers: Headers, body: bytes, now: float) -> bytes:
        """The id of the message; a 401 unless Resend has signed it. ``now`` is Unix time."""
        signed = _signed(headers)
        if not self._keys:
            reason = "This server has no RESEND_WEBHOOK_SECRET, so nobody can prove to be Resend."
        elif signed is None:
            reason = "Only Resend may post here: svix-id, svix-timestamp and svix-signature are missing."
        elif (refusal := self._refuse_signature(*signed, body, now)) is None:
            return signed[0]
        else:
            reason = refusal
        raise Problem(401, reason)


class ProviderLock:
    """The signature of the provider that a trigger names. Without its secret nobody may enter: nobody can prove it."""

    __slots__ = ("_provider", "_secret")

    def __init__(self, provider: Provider, secret: str | None) -> None:
        self._provider = provider
        self._secret = secret

    def check(self, headers: Headers, body: bytes, now: float) -> None:
        """Raise a 401 unless the request proves that the provider sent it. ``now`` is Unix time."""
        name = self._provider.HEADER
        if self._secret is None:
            reason = f"This server has no {self._provider.SETTING}, so nobody can prove to be {self._provider.TITLE}."
        elif name.lower().encode() not in headers:
            reason = f"Only {self._provider.TITLE} may post here, with its signature in {name}."
        else:
            refusal = self._provider.refusal(headers, body, self._secret, now)
            if refusal is None:
                return
            reason = refusal
        raise Problem(401, reason)


def _signed(headers: Headers) -> tuple[bytes, bytes, bytes] | None:
    for prefix in (b"webhook-", b"svix-"):
        parts = tuple(headers.get(prefix + part, b"") for part in (b"id", b"timestamp", b"signature"))
        if all(parts):
            return parts[0], parts[1], parts[2]
    return None


def _decoded(text: bytes) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return b""


# -- Browsers -----------------------------------------------------------------------------------


class Origins:
    """Cross-origin rules of the webhooks: the named origins may post, and nobody's cookies count."""

    __slots__ = ("_allowed",)

    _PREFLIGHT = (
        (b"access-control-allow-methods", b"POST"),
        (
            b"access-control-allow-headers",
            b"authorization, content-type, idempotency-key, webhook-id, webhook-signature, webhook-timestamp, "
            b"x-request-id",
        ),
        (b"access-control-max-age", b"600"),
    )
    _EXPOSED = (b"access-control-expose-headers", b"idempotent-replayed, retry-after, x-request-id")

    def __init__(self, origins: tuple[str, ...]) -> None:
        self._allowed = frozenset(origin.encode() for origin in origins)

    def headers(self, headers: Headers) -> list[tuple[bytes, bytes]]:
        """What an answer carries for a browser at the request's origin."""
        if not self._allowed:
            return []
        origin = headers.get(b"origin", b"")
        if origin.lower() not in self._allowed:
            return [(b"vary", b"Origin")]
        return [(b"vary", b"Origin"), (b"access-control-allow-origin", origin), self._EXPOSED]

    def preflight(self, headers: Headers) -> tuple[tuple[bytes, bytes], ...]:
        """What a preflight is told besides; a 403 for an origin that is not allowed."""
        origin = headers.get(b"origin")
        if origin is None or b"access-control-request-method" not in headers:
            return ()
        if origin.lower() not in self._allowed:
            raise Problem(403, "This origin may not post here; the operator can add it to BUSOS_CORS_ORIGINS.")
        return self._PREFLIGHT


# -- Too many requests --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Window:
    """How long the time is for which a limit is said, in seconds, and how a refusal begins that tells of it."""

    seconds: int
    refusal: str


OF_A_CLIENT = Window(60, "More than {most} requests in a minute from your address")
OF_AN_ADDRESS = Window(3600, "More than {most} webhooks in an hour for this email address")


class RateLimit:
    """A bucket of tokens for each client, or each email address: it holds a window's worth and fills steadily."""

    __slots__ = ("_buckets", "_most", "_window")

    def __init__(self, most: int | None, window: Window = OF_A_CLIENT) -> None:
        self._most = most
        self._window = window
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def check(self, who: str, now: float) -> None:
        """Take a token, or raise a 429 that says when there will be one. ``now`` is any steady clock, in seconds."""
        if self._most is None:
            return
        tokens, since = self._buckets.pop(who, (float(self._most), now))
        rate = self._most / self._window.seconds
        tokens = min(self._most, tokens + (now - since) * rate)
        self._buckets[who] = (max(tokens - 1, 0) if tokens >= 1 else tokens, now)
        if len(self._buckets) > _REMEMBERED:
            self._buckets.popitem(last=False)
        if tokens < 1:
            wait = int((1 - tokens) / rate) + 1
            detail = f"{self._window.refusal.format(most=self._most)}; try again in {wait} seconds."
            raise Problem(429, detail, headers={"retry-after": str(wait)})


# -- Pages that show people's data --------------------------------------------------------------


def require_admin(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """A guard: the admin password, or this very machine while there is none."""
    system: System = connection.app.state.system
    headers = dict(connection.scope["headers"])
    if system.settings.admin_password:
        _check_password(headers, system.settings)
    elif not _is_local(connection, headers):
        raise Problem(
            403,
            "Without a password this page is shown only to a browser on the same machine. "
            "Set BUSOS_ADMIN_PASSWORD, start again, and log in as busos.",
        )


def _check_password(headers: Headers, settings: Settings) -> None:
    wanted = base64.b64encode(f"{ADMIN}:{settings.admin_password}".encode())
    scheme, _, given = headers.get(b"authorization", b"").partition(b" ")
    if scheme.lower() != b"basic" or not hmac.compare_digest(given.strip(), wanted):
        challenge = {"www-authenticate": 'Basic realm="busos", charset="UTF-8"'}
        raise Problem(401, "Log in as busos with the password in BUSOS_ADMIN_PASSWORD.", headers=challenge)


def _is_local(connection: ASGIConnection[Any, Any, Any, Any], headers: Headers) -> bool:
    """Whether the browser itself is on this machine.

    A proxy on this machine would make everyone look local, so its headers are refused; and a page elsewhere may have
    its name pointed at 127.0.0.1, so the name the browser used must be ours.
    """
    if any(name in headers for name in _FORWARDED) or connection.client is None:
        return False
    return _is_loopback(connection.client.host) and _is_loopback(_host(headers))


def _host(headers: Headers) -> str:
    host = headers.get(b"host", b"").decode("latin-1")
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

"""The webhooks of the triggers: a small ASGI app of its own, because this is the path that has to be fast.

The order of checks is from cheap to dear, and nothing is believed before the signature is: path, method, rate, media
type, size, signature over the raw bytes, JSON, fields, idempotency key. Then the event goes to disk, and only after
that the sender gets its 202. Paths come from the playbook of the moment, so a reloaded file needs no restart.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
import secrets
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import msgspec
from litestar.types import HTTPScope, Receive, Send

from engine.errors import LedgerUnavailable
from engine.model import Playbook, Trigger
from engine.payloads import Payload, PayloadReader
from engine.providers import Headers, Provider, providers
from engine.runtime.arrivals import Arrival, KeyReused, Receipt, TriggerGone
from engine.runtime.ledger import email_key
from server.problems import MEDIA_TYPE, Problem, ledger_unavailable, unexpected
from server.security import OF_AN_ADDRESS, Origins, ProviderLock, RateLimit, WebhookLock
from server.system import System

LARGEST_BODY = 64 * 1024
PATIENCE = 30  # seconds for a body to come in, and for the ledger to take it

_JSON_TYPE = re.compile(rb"application/(?:json|[a-z0-9.+_-]+\+json)\s*(?:;\s*charset\s*=\s*\"?utf-?8\"?\s*)?", re.I)
_KEY = re.compile(rb"[!-~]{1,255}")
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:-]{1,128}")
_ALLOW = (b"allow", b"POST, OPTIONS")
_decode = msgspec.json.Decoder().decode
_canonical = msgspec.json.Encoder(order="sorted").encode

logger = logging.getLogger("busos.server")

RawHeaders = list[tuple[bytes, bytes]]


class _Disconnected(Exception):
    """Nobody is left to answer."""


class _Accepted(msgspec.Struct):
    """The body of a 202, in the order in which it is written."""

    status: str
    event_id: str
    email: str
    segment: str | None
    timestamp: str


class _Ignored(msgspec.Struct):
    """The body of a 202 for an event of a provider that starts nothing here."""

    status: str
    event: str | None


@dataclass(frozen=True, slots=True)
class Hook:
    """One trigger's webhook: its name, who may call it, and what reads its payloads.

    ``provider`` is who calls it, if it is one that busos knows, and ``events`` are those of its that count.
    """

    trigger: str
    reader: PayloadReader
    lock: WebhookLock | ProviderLock
    provider: Provider | None = None
    events: frozenset[str] = frozenset()


class Webhooks:
    """Answers the paths of the playbook's triggers."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._origins = Origins(system.settings.cors_origins)
        self._rate = RateLimit(system.settings.rate_limit)
        self._addresses = RateLimit(system.settings.address_limit, OF_AN_ADDRESS)
        self.ignored: Counter[tuple[str, str | None]] = Counter()
        self._playbook: Playbook | None = None
        self._hooks: Mapping[str, Hook] = {}

    def find(self, path: str) -> Hook | None:
        """The trigger at a path of the present playbook, or None."""
        playbook = self._system.playbook()
        if playbook is not self._playbook:
            self._hooks = {trigger.path: self._hook(trigger, playbook) for trigger in playbook.triggers.values()}
            self._playbook = playbook
        return self._hooks.get(path) or self._hooks.get(path.rstrip("/"))

    def _hook(self, trigger: Trigger, playbook: Playbook) -> Hook:
        reader, provider = PayloadReader(trigger, playbook.vocabulary), providers().get(trigger.provider or "")
        if provider is None:
            return Hook(trigger.name, reader, WebhookLock(self._system.settings.webhook_secret_of(trigger.name)))
        lock = ProviderLock(provider, self._system.settings.provider_secrets.get(provider.NAME))
        return Hook(trigger.name, reader, lock, provider, frozenset(trigger.events))

    async def answer(self, hook: Hook, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """Answer one request for a path of a trigger."""
        headers = dict(scope["headers"])
        name = request_id(headers)
        extra = [(b"x-request-id", name.encode()), *self._origins.headers(headers)]
        try:
            status, body, more = await self._answer(hook, scope, headers, receive)
        except _Disconnected:
            return
        except Exception as error:  # whatever it is, the sender gets a document and no trace
            problem = error if isinstance(error, Problem) else unexpected(error)
            status, body = problem.status, problem.body(name)
            more = [(b"content-type", MEDIA_TYPE.encode()), *_raw(problem.headers)]
        await _send(send, status, body, more + extra)

    async def _answer(
        self, hook: Hook, scope: HTTPScope, headers: Headers, receive: Receive
    ) -> tuple[int, bytes, RawHeaders]:
        if scope["method"] == "OPTIONS":
            return 204, b"", [_ALLOW, *self._origins.preflight(headers)]
        if scope["method"] != "POST":
            raise Problem(405, "A webhook takes POST.", headers={"allow": "POST, OPTIONS"})
        self._rate.check(scope["client"][0] if scope["client"] else "", time.monotonic())
        arrival = self._read(hook, headers, await _body(headers, receive))
        if isinstance(arrival, _Ignored):
            return self._ignored(hook, arrival)
        return _accepted(await self._write(arrival))

    def _ignored(self, hook: Hook, found: _Ignored) -> tuple[int, bytes, RawHeaders]:
        """A provider sends all of its events to one address, and again what is not answered with a 2xx."""
        self.ignored[hook.trigger, found.event] += 1
        logger.info("event ignored: trigger %s, event %s", hook.trigger, found.event)
        return 202, msgspec.json.encode(found), [(b"content-type", b"application/json")]

    def _read(self, hook: Hook, headers: Headers, body: bytes) -> Arrival | _Ignored:
        now = self._system.clock.now()
        hook.lock.check(headers, body, now.timestamp())
        document, raw = _parse(body)
        if hook.provider is not None and isinstance(document, dict):
            event = hook.provider.event(document)
            if event not in hook.events:
                return _Ignored("ignored", event if event and _REQUEST_ID.fullmatch(event.encode()) else None)
        payload = hook.reader.read(document, now)
        if not isinstance(payload, Payload):
            thing = "field" if all(error.field for error in payload) else "thing"
            many = f"{len(payload)} {thing}s are" if len(payload) > 1 else f"One {thing} is"
            raise Problem(422, f"{many} wrong: {'; '.join(error.message for error in payload)}.", errors=payload)
        self._addresses.check(email_key(payload.email), time.monotonic())
        key, told = _key(headers), raw
        if key is None and hook.provider is not None and (known := hook.provider.key(cast("dict[str, Any]", document))):
            key = f"{hook.provider.NAME}-{hashlib.sha256(known.encode()).hexdigest()}"
            told = key.encode()  # what a provider sends again may differ in what says how often it was sent
        digest = hashlib.sha256(told).hexdigest()
        return Arrival(trigger=hook.trigger, payload=payload, raw=raw, key=key, body_hash=digest)

    async def _write(self, arrival: Arrival) -> Receipt:
        future = self._system.submit(arrival)
        try:
            return await _patiently(future)
        except LedgerUnavailable:
            raise ledger_unavailable() from None
        except KeyReused:
            detail = "This Idempotency-Key came before with another body. Use a new key for a new event."
            raise Problem(409, detail) from None
        except TriggerGone:
            raise Problem(404, "This address was taken out of the file just now; nothing was accepted.") from None


async def _patiently(future: Future[Receipt]) -> Receipt:
    """The receipt. Only an event that nobody has begun to write may be given up: its sender will send it again."""
    waiting = asyncio.wrap_future(future)
    try:
        async with asyncio.timeout(PATIENCE):
            return await asyncio.shield(waiting)
    except TimeoutError:
        if future.cancel():
            raise LedgerUnavailable(f"nobody wrote the event within {PATIENCE} seconds") from None
        return await waiting


async def _body(headers: Headers, receive: Receive) -> bytes:
    """The whole body, if its type and size allow. Chunked bodies are counted as they come."""
    if not _JSON_TYPE.fullmatch(headers.get(b"content-type", b"").strip()):
        raise Problem(415, "Send the fields as JSON in UTF-8, with Content-Type: application/json.")
    length = headers.get(b"content-length", b"")
    if length.isdigit() and int(length[:18]) > LARGEST_BODY:
        raise _too_large()
    try:
        async with asyncio.timeout(PATIENCE):
            return await _receive_all(receive)
    except TimeoutError:
        detail = f"The body did not come in within {PATIENCE} seconds."
        raise Problem(408, detail, headers={"connection": "close"}) from None


async def _receive_all(receive: Receive) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise _Disconnected
        size += len(message["body"])
        if size > LARGEST_BODY:
            raise _too_large()
        chunks.append(message["body"])
        if not message.get("more_body", False):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _too_large() -> Problem:
    detail = f"The body is larger than {LARGEST_BODY // 1024} KiB; a webhook needs only its fields."
    return Problem(413, detail, headers={"connection": "close"})


def _parse(body: bytes) -> tuple[object, bytes]:
    """The document, and the same as canonical JSON. The parser's own words name no value of the sender's."""
    try:
        document = _decode(body)
        return document, _canonical(document)
    except RecursionError:
        raise Problem(400, "The JSON is nested too deeply; a webhook needs only its fields.") from None
    except UnicodeError:
        raise Problem(400, "The body is not UTF-8; send the JSON in UTF-8.") from None
    except (msgspec.MsgspecError, ValueError, OverflowError) as error:
        raise Problem(400, f"The body is not JSON: {error}.") from None


def _key(headers: Headers) -> str | None:
    key = headers.get(b"idempotency-key", headers.get(b"webhook-id") or headers.get(b"svix-id") or None)
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        raise Problem(400, "Idempotency-Key must be 1 to 255 visible ASCII characters without spaces, such as a UUID.")
    return key.decode("ascii")


def request_id(headers: Headers) -> str:
    """The sender's own id of the request when it is harmless to repeat, else a new one."""
    given = headers.get(b"x-request-id", b"")
    return given.decode("ascii") if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)


def iso(moment: datetime) -> str:
    """An instant as answers write it: UTC, milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def _accepted(receipt: Receipt) -> tuple[int, bytes, RawHeaders]:
    body = _Accepted("accepted", receipt.event_id, receipt.email, receipt.segment, iso(receipt.accepted_at))
    headers = [(b"content-type", b"application/json")]
    if receipt.replayed:
        headers.append((b"idempotent-replayed", b"true"))
    return 202, msgspec.json.encode(body), headers


def _raw(headers: Mapping[str, str]) -> RawHeaders:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]


async def _send(send: Send, status: int, body: bytes, headers: RawHeaders) -> None:
    if status != 204:
        headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})

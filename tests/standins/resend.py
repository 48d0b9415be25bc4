"""Resend, played: sends, batches, the memory of idempotency keys, the rate limit and the error bodies."""

from __future__ import annotations

import hashlib
import json
import math
import re
import time
import uuid
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from tests.standins.contract import Contract
from tests.standins.server import Pause, Reply, Request, Vendor

SENT = "#/components/schemas/SendEmailRequest"
ADDRESS = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+\.[^\s@<>,;]+|[^<>\r\n]*<[^\s@<>,;]+@[^\s@<>,;]+\.[^\s@<>,;]+>")
BREAKS = re.compile(r"[\r\n\0]")
UNLIMITED = 1_000_000
KEPT_S = 86_400.0
BATCH = 100

FAULTS = {
    "500": (500, "internal_server_error", "An unexpected error occurred."),
    "429": (429, "rate_limit_exceeded", "Too many requests."),
    "quota": (429, "daily_quota_exceeded", "You have reached your daily email sending quota."),
}


def error(status: int, name: str, message: str, headers: Mapping[str, str] | None = None) -> Reply:
    """An error in Resend's shape."""
    return Reply(status, {"statusCode": status, "name": name, "message": message}, headers or {})


class Resend(Vendor):
    """``rate`` is requests a second (0: no limit); ``lean`` keeps hashes instead of bodies, for long runs.

    ``accepted`` holds every email that would have gone out, in order, each with the ``key`` it came with.
    """

    name = "resend"

    def __init__(self, rate: float = 5.0, *, lean: bool = False) -> None:
        self.rate, self.lean = rate, lean
        self.contract = Contract("resend/openapi.json")
        super().__init__()

    def reset(self) -> None:
        """Forget every email, key and complaint."""
        super().reset()
        self.accepted: list[dict[str, Any]] = []
        self.answers: dict[tuple[str, str], tuple[str, Reply | None, float]] = {}
        self.times: deque[float] = deque()

    @property
    def judges(self) -> bool:
        """Whether the published OpenAPI was found."""
        return self.contract.judges

    def state(self) -> dict[str, Any]:
        """The emails in order, and the keys under which more than one email went out."""
        counted = Counter(email["key"] for email in self.accepted if email["key"])
        return {"accepted": self.accepted, "doubled": [key for key, times in counted.items() if times > 1]}

    def fault(self, kind: str) -> Reply:
        """Resend's own words for a fault."""
        if kind not in FAULTS:
            return super().fault(kind)
        return error(*FAULTS[kind], {"retry-after": "1"} if kind == "429" else None)

    async def answer(self, request: Request, pause: Pause) -> Reply:
        """Authorise, count, and do what the path asks for."""
        if refusal := self._authorise(request) or self._count():
            return refusal
        match request.method, request.path:
            case "POST", "/emails" | "/emails/batch":
                reply = await self._once(request, pause)
            case "GET", "/emails":
                reply = self._list(request.query)
            case "GET", path if path.startswith("/emails/"):
                reply = self._show(path.removeprefix("/emails/"))
            case _:
                reply = error(404, "not_found", "The requested endpoint does not exist.")
        return Reply(reply.status, reply.body, {**self._limits(), **reply.headers})

    # -- Who asks, and how often --------------------------------------------------------------

    def _authorise(self, request: Request) -> Reply | None:
        if not request.headers.get("user-agent"):
            self.violation(f"{request.path}: no User-Agent")
            return Reply(403, b"error code: 1010", {"content-type": "text/plain"})
        kind, _, key = request.headers.get("authorization", "").partition(" ")
        if kind != "Bearer" or not key:
            self.violation(f"{request.path}: no API key in the Authorization header")
            return error(401, "missing_api_key", "Missing API key in the authorization header.")
        return None if key.startswith("re_") else error(403, "invalid_api_key", "API key is invalid.")

    def _count(self) -> Reply | None:
        now = time.monotonic()
        while self.times and self.times[0] <= now - 1:
            self.times.popleft()
        if self.rate and len(self.times) >= self.rate:
            wait = str(math.ceil(self.times[0] + 1 - now))
            return error(429, "rate_limit_exceeded", "Too many requests.", {**self._limits(), "retry-after": wait})
        self.times.append(now)
        return None

    def _limits(self) -> dict[str, str]:
        limit = self.rate or UNLIMITED
        left = max(0, int(limit) - len(self.times))
        return {"ratelimit-limit": f"{limit:g}", "ratelimit-remaining": str(left), "ratelimit-reset": "1"}

    # -- Sending ------------------------------------------------------------------------------

    async def _once(self, request: Request, pause: Pause) -> Reply:
        """The first answer again where the key is known, else the answer, remembered."""
        key = request.headers.get("idempotency-key")
        if key is None:
            await pause()
            return self._send(request, None)
        if not 1 <= len(key) <= 256:
            self.violation(f"an idempotency key of {len(key)} characters")
            return error(400, "invalid_idempotency_key", "The key must be between 1-256 chars.")
        place, digest = (request.path, key), hashlib.sha256(request.body).hexdigest()
        if place in self.answers and self.answers[place][2] > time.monotonic() - KEPT_S:
            return self._again(key, digest, *self.answers[place][:2])
        self.answers[place] = (digest, None, time.monotonic())
        await pause()
        reply = self._send(request, key)
        self.answers[place] = (digest, reply, time.monotonic())
        if reply.status != 200:
            del self.answers[place]
        return reply

    def _again(self, key: str, digest: str, first: str, reply: Reply | None) -> Reply:
        if digest != first:
            self.violation(f"key {key!r} came again with another body")
            return error(
                409, "invalid_idempotent_request", "Same idempotency key used with a different request payload."
            )
        if reply is None:
            text = "Same idempotency key used while original request is still in progress."
            return error(409, "concurrent_idempotent_requests", text)
        return reply

    def _send(self, request: Request, key: str | None) -> Reply:
        try:
            body = request.json()
        except ValueError:
            self.violation(f"{request.path}: the body is not JSON")
            return error(400, "validation_error", "The request body is not valid JSON.")
        if request.path == "/emails/batch":
            return self._batch(body, key, permissive=request.headers.get("x-batch-validation") == "permissive")
        if refusal := self._judged(body):
            return refusal
        return Reply(body={"id": self._accept(body, key)})

    def _batch(self, emails: Any, key: str | None, *, permissive: bool) -> Reply:
        if not isinstance(emails, list) or not 1 <= len(emails) <= BATCH:
            self.violation(f"a batch is a list of 1 to {BATCH} emails")
            return error(422, "validation_error", f"The batch must hold 1 to {BATCH} emails.")
        refusals = {index: said for index, email in enumerate(emails) if (said := self._judged(email, batch=True))}
        if refusals and not permissive:
            return next(iter(refusals.values()))
        data = [{"id": self._accept(email, key)} for index, email in enumerate(emails) if index not in refusals]
        errors = [{"index": index, "message": said.body["message"]} for index, said in refusals.items()]
        return Reply(body={"data": data, "errors": errors} if permissive else {"data": data})

    def _judged(self, email: Any, *, batch: bool = False) -> Reply | None:
        """The refusal of an email that is not as the contract asks."""
        problems = [*self.contract.problems(SENT, email), *unfit(email, batch=batch)]
        self.violations.extend(problems)
        if not problems:
            return None
        missing = any("is a required property" in said or said.startswith("neither") for said in problems)
        names = "missing_required_field" if missing else "validation_error"
        return error(422, "invalid_from_address" if problems[0].startswith("from:") else names, "; ".join(problems))

    def _accept(self, email: Mapping[str, Any], key: str | None) -> str:
        ident = str(uuid.uuid4())
        kept = dict(email)
        if self.lean:
            kept.update({part: digest(email[part]) for part in ("html", "text") if part in email})
        self.accepted.append({"id": ident, "key": key, "created_at": datetime.now(UTC).isoformat(), **kept})
        return ident

    # -- Looking up ---------------------------------------------------------------------------

    def _list(self, query: Mapping[str, str]) -> Reply:
        newest = [shown(email) for email in reversed(self.accepted)]
        after, limit = query.get("after"), int(query.get("limit", "20"))
        if after:
            places = [place for place, email in enumerate(newest) if email["id"] == after]
            newest = newest[places[0] + 1 :] if places else []
        return Reply(body={"object": "list", "has_more": len(newest) > limit, "data": newest[:limit]})

    def _show(self, ident: str) -> Reply:
        found = [shown(email) for email in self.accepted if email["id"] == ident]
        return Reply(body=found[0]) if found else error(404, "not_found", "Email not found")


def unfit(email: Any, *, batch: bool) -> Iterator[str]:
    """What Resend refuses although the OpenAPI is silent about it."""
    if not isinstance(email, dict):
        yield "an email is an object"
        return
    known = {"from", "to", "subject", "bcc", "cc", "reply_to", "html", "text", "template", "headers"}
    known |= {"scheduled_at", "attachments", "tags", "topic_id"}
    yield from (f"{name}: there is no such member" for name in email.keys() - known)
    if not ADDRESS.fullmatch(str(email.get("from"))):
        yield "from: Invalid `from` field. It needs to be `email@example.com` or `Name <email@example.com>`."
    for name in ("to", "cc", "bcc", "reply_to"):
        given = email.get(name, [])
        if not all(ADDRESS.fullmatch(str(one)) for one in ([given] if isinstance(given, str) else given)):
            yield f"{name}: Invalid `{name}` field."
    if not {"html", "text", "template"} & email.keys():
        yield "neither `html` nor `text` nor `template`"
    yield from (f"{name}: not in a batch" for name in ("attachments", "scheduled_at") if batch and name in email)
    yield from injections(email)


def injections(email: Mapping[str, Any]) -> Iterator[str]:
    """Line breaks that would become header fields of the email."""
    headers = email.get("headers", {})
    lines = [email.get("from"), email.get("subject"), email.get("reply_to"), *headers, *headers.values()]
    yield from (
        f"a line break in a header: {line!r}" for line in lines if isinstance(line, str) and BREAKS.search(line)
    )


def digest(text: str) -> str:
    """What stands for a body that is not kept."""
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def shown(email: Mapping[str, Any]) -> dict[str, Any]:
    """An email as Resend lists it."""
    known = ("id", "to", "from", "created_at", "subject", "html", "text", "reply_to")
    kept = {name: email[name] for name in known if name in email}
    for name in ("to", "reply_to"):
        if isinstance(kept.get(name), str):
            kept[name] = [kept[name]]
    return json.loads(json.dumps({"object": "email", "last_event": "sent", **kept}))  # type: ignore[no-any-return]

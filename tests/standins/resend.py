"""Resend, played: sends, batches, the memory of idempotency keys, the rate limit and the error bodies."""

from __future__ import annotations

import hashlib
import math
import re
import time
import uuid
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from typing import Any

from tests.standins.contract import Contract
from tests.standins.resend_rules import ordinary, unfit
from tests.standins.resend_shapes import digest, listed, shown
from tests.standins.vendor import Pause, Vendor
from tests.standins.wire import Reply, Request

SENT = "#/components/schemas/SendEmailRequest"
UNLIMITED = 1_000_000
KEPT_S = 86_400.0
BATCH = 100
MOST_LISTED = 100

FAULTS = {
    "500": (500, "internal_server_error", "An unexpected error occurred."),
    "429": (429, "rate_limit_exceeded", "Too many requests."),
    "quota": (429, "daily_quota_exceeded", "You have reached your daily email sending quota."),
    "monthly": (429, "monthly_quota_exceeded", "You have reached your monthly email sending quota."),
    "revoked": (403, "invalid_api_key", "API key is invalid."),
}
RECIPIENT = re.compile(rb'"to":\s*\["([^"]+)"\]')
Asked = tuple[str, tuple[bytes, ...]]
"""A body: its digest, and to whom."""
Known = tuple[Asked, Reply | None, float]
"""What is remembered under a key: what was asked, the answer (None: still at it), and since when."""


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
        self.domains = {"example.com": "verified"}
        self.accepted: list[dict[str, Any]] = []
        self.answers: dict[tuple[str, str], Known] = {}
        self.times: deque[float] = deque()

    @property
    def judges(self) -> bool:
        """Whether the published OpenAPI was found."""
        return self.contract.judges

    def state(self) -> dict[str, Any]:
        """The emails in order, and the keys under which an email went out more than once."""
        counted = Counter((email["key"], email["index"]) for email in self.accepted if email["key"])
        return {"accepted": self.accepted, "doubled": [key for (key, _), times in counted.items() if times > 1]}

    def rows(self, after: int) -> list[Any]:
        """Of each accepted email: seconds since 1970, key, place in the batch, to whom, subject, with which API key."""
        names = ("at", "key", "index", "to", "subject", "account")
        return [[email[name] for name in names] for email in self.accepted[after:]]

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
            case "GET", "/domains":  # not in the contract; resend.com/docs/api-reference/domains/list-domains
                rows = [{"id": name, "name": name, "status": state} for name, state in self.domains.items()]
                reply = Reply(200, {"object": "list", "has_more": False, "data": rows})
            case "GET", path if path.startswith("/emails/"):
                reply = self._show(path.removeprefix("/emails/"))
            case _:
                reply = error(404, "not_found", "The requested endpoint does not exist.")
        return Reply(reply.status, reply.body, {**self._limits(), **reply.headers})

    # -- Who asks, and how often --------------------------------------------------------------

    def _authorise(self, request: Request) -> Reply | None:
        """A key that begins with ``re_sending`` may send and nothing else."""
        if not request.headers.get("user-agent"):
            self.violation(f"{request.path}: no User-Agent")
            return Reply(403, b"error code: 1010", {"content-type": "text/plain"})
        kind, _, key = request.headers.get("authorization", "").partition(" ")
        if kind != "Bearer" or not key:
            self.violation(f"{request.path}: no API key in the Authorization header")
            return error(401, "missing_api_key", "Missing API key in the authorization header.")
        if request.method == "GET" and key.startswith("re_sending"):
            return error(401, "restricted_api_key", "This API key is restricted to only send emails.")
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
            return self._send(request)
        if not 1 <= len(key) <= 256:
            self.violation(f"an idempotency key of {len(key)} characters")
            return error(400, "invalid_idempotency_key", "The key must be between 1-256 chars.")
        place = (request.path, key)
        asked = (hashlib.sha256(request.body).hexdigest(), tuple(RECIPIENT.findall(request.body)))
        if place in self.answers and self.answers[place][2] > time.monotonic() - KEPT_S:
            return self._again(key, asked, *self.answers[place][:2], batch=request.path == "/emails/batch")
        self.answers[place] = (asked, None, time.monotonic())
        await pause()
        reply = self._send(request)
        self.answers[place] = (asked, reply, time.monotonic())
        if reply.status != 200:
            del self.answers[place]
        return reply

    def _again(self, key: str, asked: Asked, first: Asked, reply: Reply | None, *, batch: bool) -> Reply:
        """The first answer, or that there is none for this. To ask with one email of a batch is no mistake."""
        if asked[0] != first[0]:
            if not (batch and one_of(asked[1], first[1])):
                self.violation(f"key {key!r} came again with another body")
            return error(
                409, "invalid_idempotent_request", "Same idempotency key used with a different request payload."
            )
        if reply is None:
            text = "Same idempotency key used while original request is still in progress."
            return error(409, "concurrent_idempotent_requests", text)
        return reply

    def _send(self, request: Request) -> Reply:
        try:
            body = request.json()
        except ValueError:
            self.violation(f"{request.path}: the body is not JSON")
            return error(400, "validation_error", "The request body is not valid JSON.")
        if request.path == "/emails/batch":
            return self._batch(body, request)
        if refusal := self._judged(body):
            return refusal
        return Reply(body={"id": self._accept(body, request, None)})

    def _batch(self, emails: Any, request: Request) -> Reply:
        permissive = request.headers.get("x-batch-validation") == "permissive"
        if not isinstance(emails, list) or not 1 <= len(emails) <= BATCH:
            self.violation(f"a batch is a list of 1 to {BATCH} emails")
            return error(422, "validation_error", f"The batch must hold 1 to {BATCH} emails.")
        refusals = {index: said for index, email in enumerate(emails) if (said := self._judged(email, batch=True))}
        if refusals and not permissive:
            return next(iter(refusals.values()))
        data = [{"id": self._accept(email, request, n)} for n, email in enumerate(emails) if n not in refusals]
        errors = [{"index": index, "message": said.body["message"]} for index, said in refusals.items()]
        return Reply(body={"data": data, "errors": errors} if permissive else {"data": data})

    def _judged(self, email: Any, *, batch: bool = False) -> Reply | None:
        """The refusal of an email that is not as the contract asks, or to somebody whom we are told to refuse."""
        if self.faults.addresses and self._unwanted(email):
            return error(422, "validation_error", "Invalid `to` field: the address is on our list.")
        if ordinary(email):
            return None
        problems = [*self.contract.problems(SENT, email), *unfit(email, batch=batch)]
        self.violations.extend(problems)
        if not problems:
            return None
        missing = any("is a required property" in said or said.startswith("neither") for said in problems)
        names = "missing_required_field" if missing else "validation_error"
        return error(422, "invalid_from_address" if problems[0].startswith("from:") else names, "; ".join(problems))

    def _unwanted(self, email: Any) -> bool:
        to = email.get("to", []) if isinstance(email, dict) else []
        return any(self.faults.addresses.get(one) == "422" for one in ([to] if isinstance(to, str) else to))

    def _accept(self, email: Mapping[str, Any], request: Request, index: int | None) -> str:
        key, account = (request.headers.get(name) for name in ("idempotency-key", "authorization"))
        ident, at = str(uuid.uuid4()), time.time()
        kept = {**email, "id": ident, "key": key, "index": index, "at": at, "account": account}
        if self.lean:
            kept.update({part: digest(email[part]) for part in ("html", "text") if part in email})
        self.accepted.append(kept)
        return ident

    # -- Looking up ---------------------------------------------------------------------------

    def _list(self, query: Mapping[str, str]) -> Reply:
        """Newest first, without their texts, behind the one that ``after`` names."""
        newest = [listed(email) for email in reversed(self.accepted)]
        after, limit = query.get("after"), int(query.get("limit", "20"))
        if not 1 <= limit <= MOST_LISTED:
            self.violation(f"limit={limit}: a page has 1 to {MOST_LISTED} emails")
            return error(422, "validation_error", "The `limit` must be between 1 and 100.")
        if after:
            places = [place for place, email in enumerate(newest) if email["id"] == after]
            newest = newest[places[0] + 1 :] if places else []
        return Reply(body={"object": "list", "has_more": len(newest) > limit, "data": newest[:limit]})

    def _show(self, ident: str) -> Reply:
        found = [shown(email) for email in self.accepted if email["id"] == ident]
        return Reply(body=found[0]) if found else error(404, "not_found", "Email not found")


def one_of(recipients: Sequence[bytes], others: Sequence[bytes]) -> bool:
    """Whether one of them is a single email, to somebody of the other, or both are, to different people."""
    small, large = sorted((recipients, others), key=len)
    return len(small) == 1 and (small[0] in large) == (len(large) > 1)

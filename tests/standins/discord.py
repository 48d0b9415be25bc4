"""Discord, played: one webhook's door, with every limit of an embed."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Iterator
from typing import Any

from tests.standins.contract import Contract
from tests.standins.vendor import Pause, Vendor
from tests.standins.wire import Reply, Request

PATH = re.compile(r"/api(?:/v10)?/webhooks/(\d+)/([\w.-]+)")
BODY = "#/paths/~1webhooks~1{webhook_id}~1{webhook_token}/post/requestBody/content/application~1json/schema"
WINDOW_S = 2.0
TOTAL = 6000

FAULTS = {
    "500": Reply(500, {"message": "500: Internal Server Error", "code": 0}),
    "429": Reply(429, {"message": "You are being rate limited.", "retry_after": 0.65, "global": False}),
    "gone": Reply(404, {"message": "Unknown Webhook", "code": 10015}),
    "token": Reply(401, {"message": "Invalid Webhook Token", "code": 50027}),
}


class Discord(Vendor):
    """``rate`` is messages in two seconds; 0: no limit. ``messages`` holds what was posted."""

    name = "discord"

    def __init__(self, rate: int = 5) -> None:
        self.rate = rate
        self.contract = Contract("discord/openapi-execute-webhook.json")
        super().__init__()

    def reset(self) -> None:
        """Forget every message."""
        super().reset()
        self.messages: list[dict[str, Any]] = []
        self.times: deque[float] = deque()

    @property
    def judges(self) -> bool:
        """Whether the published OpenAPI was found."""
        return self.contract.judges

    def state(self) -> dict[str, Any]:
        """The messages in order."""
        return {"messages": self.messages}

    def fault(self, kind: str) -> Reply:
        """Discord's own words for a fault: also "gone" (the webhook was deleted) and "token"."""
        return FAULTS[kind] if kind in FAULTS else super().fault(kind)

    async def answer(self, request: Request, pause: Pause) -> Reply:
        """Post the message, if it is one."""
        await pause()
        if request.method != "POST" or not PATH.fullmatch(request.path):
            self.violation(f"{request.method} is not for this path: expected POST /api/webhooks/ID/TOKEN")
            return Reply(404, {"message": "404: Not Found", "code": 0})
        if limited := self._count():
            return limited
        return self._post(request)

    def _count(self) -> Reply | None:
        now = time.monotonic()
        while self.times and self.times[0] <= now - WINDOW_S:
            self.times.popleft()
        if self.rate and len(self.times) >= self.rate:
            wait = round(self.times[0] + WINDOW_S - now, 3)
            body = {"message": "You are being rate limited.", "retry_after": wait, "global": False}
            return Reply(429, body, {"retry-after": str(int(wait) + 1)})
        self.times.append(now)
        return None

    def _post(self, request: Request) -> Reply:
        try:
            body = request.json()
        except ValueError:
            self.violation("the body is not JSON")
            return Reply(400, {"message": "The request body contains invalid JSON.", "code": 50109})
        problems = [*self.contract.problems(BODY, body), *unfit(body)]
        self.violations.extend(problems)
        if problems:
            return Reply(400, {"message": "Invalid Form Body", "code": 50035, "errors": {"_errors": problems}})
        self.messages.append(body)
        if request.query.get("wait") != "true":
            return Reply(204)
        return Reply(body={"id": str(10**18 + len(self.messages)), "type": 0, "content": body.get("content", "")})


def unfit(body: Any) -> Iterator[str]:
    """What Discord refuses, or what we promise, beyond the OpenAPI."""
    if not isinstance(body, dict):
        yield "the body is not an object"
        return
    embeds = body.get("embeds") or []
    if not embeds and not str(body.get("content") or "").strip():
        yield "Cannot send an empty message"
    if (body.get("allowed_mentions") or {}).get("parse") != []:
        yield 'allowed_mentions must be {"parse": []}: the text is not ours'
    if (size := sum(total(embed) for embed in embeds)) > TOTAL:
        yield f"Embed size exceeds maximum size of {TOTAL}: {size}"
    for embed in embeds:
        yield from overfull(embed)


def overfull(embed: dict[str, Any]) -> Iterator[str]:
    """Fields without text, and embeds without anything."""
    fields = embed.get("fields") or []
    if not any(str(embed.get(part) or "").strip() for part in ("title", "description")) and not fields:
        yield "an embed without a title, a description or a field"
    for field in fields:
        yield from (f"field {part}: This field is required" for part in ("name", "value") if not field[part].strip())


def total(embed: dict[str, Any]) -> int:
    """The characters that count toward the limit of all embeds together."""
    texts = [embed.get("title"), embed.get("description")]
    texts += [(embed.get("footer") or {}).get("text"), (embed.get("author") or {}).get("name")]
    texts += [text for field in embed.get("fields") or [] for text in (field["name"], field["value"])]
    return sum(len(text or "") for text in texts)

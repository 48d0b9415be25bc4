"""What a vendor is to a stand-in: an answer for a request, and a memory of what came."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from tests.standins.faults import PROXIES, Fault, Faults
from tests.standins.wire import Reply, Request

Pause = Callable[[], Awaitable[None]]

IN_THE_AIR = 0.25
"""Seconds after a 429 in which a request may still come that its caller sent before he had read the answer."""
HAIR = 0.05
"""Seconds that two clocks, and the way to us, may make of a pause."""


class Vendor:
    """What a stand-in answers and remembers. Subclasses say ``answer`` and, for their own state, ``state``.

    ``lean`` vendors count requests instead of remembering each. ``faults`` are those of the stand-in: a vendor looks
    only for the recipients whom it is to refuse.
    """

    name = "vendor"
    lean = False

    def __init__(self) -> None:
        self.faults = Faults()
        self.reset()

    def reset(self) -> None:
        """Forget everything; subclasses add what they remember."""
        self.requests: list[dict[str, Any]] = []
        self.violations: list[str] = []
        self.statuses: Counter[str] = Counter()
        self.routes: Counter[str] = Counter()
        self.tries: Counter[str] = Counter()
        self.hurried = 0
        """Requests that came before the pause was over that a ``Retry-After`` had asked for."""
        self._pause = (0.0, 0.0)

    @property
    def judges(self) -> bool:
        """Whether requests are held against the vendor's published contract."""
        return False

    async def answer(self, request: Request, pause: Pause) -> Reply:
        """Do what the vendor does. ``await pause()`` stands where the vendor takes its time."""
        raise NotImplementedError

    def fault(self, kind: str) -> Reply:
        """How this vendor says a fault ("500", "429", "quota"), or one of its own."""
        if kind in PROXIES:
            return PROXIES[kind]
        raise NotImplementedError(f"{self.name} has no fault {kind!r}")

    def state(self) -> dict[str, Any]:
        """What ``GET /_seen`` shows beyond requests and violations."""
        return {}

    def rows(self, after: int) -> list[Any]:
        """What was accepted, without bodies, from this number on: ``GET /_accepted``."""
        return []

    def violation(self, sentence: str) -> None:
        """Remember that a request was not what the contract asks for."""
        self.violations.append(sentence)

    def arrived(self, at: float | None = None) -> None:
        """Somebody asks, at a moment of the monotonic clock: was he to wait?"""
        since, until = self._pause
        now = time.monotonic() if at is None else at
        self.hurried += since + IN_THE_AIR < now < until - HAIR

    def said(self, reply: Reply | None, at: float | None = None) -> None:
        """What he is told: after a 429, when to come again."""
        asked = reply.headers.get("retry-after", "") if reply and reply.status == 429 else ""
        if asked.isdecimal():  # some say a date, or nonsense, when they are told to
            now = time.monotonic() if at is None else at
            self._pause = (now, max(self._pause[1], now + int(asked)))

    def note(self, request: Request, fault: Fault, status: int | None) -> dict[str, Any]:
        """Remember a request and what came of it (None: no answer)."""
        key = request.headers.get("idempotency-key")
        self.statuses[str(status)] += 1
        self.routes[f"{request.method} {route(request.path)}"] += 1
        if key:
            self.tries[key] += 1
        line = {"method": request.method, "path": request.path, "key": key, "status": status, "fault": fault}
        if not self.lean:
            self.requests.append(line)
        return line


def route(path: str) -> str:
    """A path without its ids, to be counted by."""
    return "/".join("*" if any(sign.isdigit() for sign in part) and len(part) > 8 else part for part in path.split("/"))

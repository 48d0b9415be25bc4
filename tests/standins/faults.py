"""How a stand-in misbehaves: what is drawn for each request, and what every fault is called."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.standins.wire import Reply

Fault = str | Mapping[str, Any]

BEFORE = ("lost", "stall", "500", "502", "503", "429", "quota", "revoked", "echo")
"""Faults that come instead of the work: the connection closes or hangs, or the vendor says no.

"echo" is an error that repeats the whole request, its key and its body, as some proxies do.
"""

AFTERWARDS = ("drop", "hang", "garbage", "500 after", "late")
"""Faults that come after the vendor has done the work: the caller cannot know that it was done.

Only after ``late`` the true answer comes, ``window`` seconds after the work: the moment in which a kill
falls between what the vendor knows and what the caller has written down.
"""

PROXIES = {
    "502": Reply(502, b"<html><h1>502 Bad Gateway</h1></html>", {"content-type": "text/html"}),
    "503": Reply(503, b"<html><h1>503 Service Unavailable</h1></html>", {"content-type": "text/html"}),
}
"""What stands before a vendor says these by itself, and in no vendor's shape."""


@dataclass
class Faults:
    """How the stand-in misbehaves.

    ``addresses`` comes first: the fault of every request in which a recipient is named ("422": he is refused,
    alone of his batch). Then ``script``, one entry a request: "ok", one of ``BEFORE`` or ``AFTERWARDS``, a fault
    that the vendor knows by name, or an answer as ``{"status": 422, "body": {...}, "headers": {...}}``. Then
    ``chances`` says how often each fault happens (0 to 1). ``latency`` (before the work), ``window`` (after it, for
    "late"), ``hang`` and ``retry_after`` (of "429") are seconds. ``down``: "closed" (or true) closes every connection,
    "reset" breaks it, "refused" does not even listen; a request in hand ends without an answer.
    """

    script: list[Fault] = field(default_factory=list)
    chances: Mapping[str, float] = field(default_factory=dict)
    addresses: Mapping[str, str] = field(default_factory=dict)
    latency: float = 0.0
    window: float = 0.2
    hang: float = 60.0
    retry_after: float = 1
    down: bool | Literal["closed", "reset", "refused"] = False
    seed: int = 1

    def __post_init__(self) -> None:
        self.script = list(self.script)
        self._random = random.Random(self.seed)
        if (chance := sum(self.chances.values())) > 1:
            raise ValueError(f"the chances of all faults add up to {chance:g}: at most 1")

    def draw(self, body: bytes) -> Fault:
        """What happens to the request with this body."""
        if self.addresses and (named := self._named(body)):
            return named
        if self.script:
            return self.script.pop(0)
        if not self.chances:
            return "ok"
        kinds = [*self.chances, "ok"]
        weights = [*self.chances.values(), max(0.0, 1 - sum(self.chances.values()))]
        return self._random.choices(kinds, weights)[0]

    def _named(self, body: bytes) -> str | None:
        """The fault of somebody in it; a single refusal is the vendor's to tell, with its place in the batch."""
        kinds = [kind for address, kind in self.addresses.items() if f'"{address}"'.encode() in body]
        return next((kind for kind in kinds if kind != "422"), None)

    async def pause(self) -> None:
        """The vendor takes its time."""
        if self.latency:
            await asyncio.sleep(self.latency)

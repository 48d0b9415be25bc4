"""The questions that a stand-in answers about itself, and the orders it takes, over HTTP.

``GET /_seen`` (``?brief=1`` without the lists), ``GET /_accepted?after=N`` (what was accepted, from number N on),
``GET /_window?patience=S`` (answers once the vendor has done something and holds back its answer),
``POST /_faults``, ``POST /_reset``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from tests.standins.faults import Faults
from tests.standins.wire import Reply, Request

if TYPE_CHECKING:
    from tests.standins.server import StandIn

HELP = "GET /_seen, GET /_accepted, GET /_window, POST /_faults or POST /_reset"


class Control:
    """What whoever runs a stand-in as a process may ask of it."""

    def __init__(self, server: StandIn[Any]) -> None:
        self._server = server
        self._open = 0
        self._opened: asyncio.Event | None = None

    async def answer(self, request: Request) -> Reply:
        """Answer a question, or carry out an order."""
        match request.method, request.path:
            case "GET", "/_seen":
                return Reply(body=self.seen(brief="brief" in request.query))
            case "GET", "/_accepted":
                return Reply(body=self._server.vendor.rows(int(request.query.get("after", 0))))
            case "GET", "/_window":
                return Reply(body={"open": await self._window(float(request.query.get("patience", 1)))})
            case "POST", "/_faults":
                return await self._misbehave(request)
            case "POST", "/_reset":
                self._server.vendor.reset()
                return await self._take(Faults())
        return Reply(404, {"message": HELP})

    async def held(self, seconds: float, *, done: bool) -> None:
        """Hold an answer back; ``done`` when what was asked for is done."""
        if done:
            self._open += 1
            if self._opened:
                self._opened.set()
        try:
            await asyncio.sleep(seconds)
        finally:
            self._open -= done

    async def _window(self, patience: float) -> int:
        """How many answers are held back, as soon as there is one; 0 when the patience ends."""
        if not self._open:
            self._opened = self._opened or asyncio.Event()
            self._opened.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._opened.wait(), patience)
        return self._open

    async def _misbehave(self, request: Request) -> Reply:
        try:
            return await self._take(Faults(**request.json()))
        except (TypeError, ValueError) as error:
            return Reply(400, {"message": str(error)})

    async def _take(self, faults: Faults) -> Reply:
        self._server.faults = faults
        if faults.down == "refused":
            self._server.refuse()
        else:
            await self._server.listen()
        return Reply(204)

    def seen(self, *, brief: bool) -> dict[str, Any]:
        """Everything that was seen; ``brief`` counts the lists instead of showing them."""
        vendor = self._server.vendor
        judged = "judged by the published contract" if vendor.judges else "NOTHING WAS JUDGED: no contracts were found"
        full = {"requests": vendor.requests, "violations": vendor.violations, **vendor.state()}
        shown = {name: len(value) if isinstance(value, Sequence) else value for name, value in full.items()}
        return {
            "vendor": vendor.name,
            "judges": vendor.judges,
            "note": judged,
            "statuses": vendor.statuses,
            "routes": vendor.routes,
            "hurried": vendor.hurried,
            "most_tries": max(vendor.tries.values(), default=0),
            **(shown if brief else full),
        }

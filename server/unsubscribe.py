"""The link in every marketing email: a page with buttons, and the one-click target of RFC 8058.

Only POST changes anything: mail scanners follow links, and a scanner must not take anybody off the list. The token is
the authority: it names the contact and the sequence, and the body only says what to do. A body that says nothing of
ours, as a mail program sends it, means all marketing email.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

from litestar import HttpMethod, Request, Response, route

from engine.model import UNSUBSCRIBED
from engine.runtime.ledger import Suppression
from engine.runtime.ledger.records import EVERYTHING
from engine.runtime.links import WayOut, read_token
from server.problems import Problem
from server.rendering import page
from server.system import System

SOURCE = "unsubscribe link"
LEAVE, COME_BACK, UNDO = "leave", "come_back", "undo"
"""What the buttons of the page say beside the one that ends everything."""
_STATES = {LEAVE: "left", COME_BACK: "back", UNDO: "back"}

Change = Callable[[Suppression, datetime], Suppression]


def _way_out(request: Request[Any, Any, Any]) -> WayOut | None:
    system: System = request.app.state.system
    key = system.settings.secret_key
    return read_token(key, request.path_params["token"]) if key else None


def _unknown(request: Request[Any, Any, Any]) -> Response[str]:
    if "text/html" in request.headers.get("accept", ""):
        return page("unsubscribe.html", status=404, state="unknown", token="", sequence=None)
    raise Problem(
        404, "This unsubscribe link is not one of ours, or it was cut short; use the link as it is in the email."
    )


@route(
    "/u/{token:str}",
    http_method=[HttpMethod.GET, HttpMethod.HEAD, HttpMethod.POST],
    status_code=200,
    request_max_body_size=64 * 1024,
)
async def unsubscribe(request: Request[Any, Any, Any]) -> Response[str]:
    """Show the page with the buttons; on POST, do what the button says. Doing it again is no error."""
    way = _way_out(request)
    if way is None:
        return _unknown(request)
    state = "ask"
    if request.method == HttpMethod.POST:
        said = parse_qs((await request.body()).decode("latin-1")).get("do", [""])[0]
        state = _STATES.get(said, "done") if way.sequence or said == UNDO else "done"
        system: System = request.app.state.system
        await asyncio.to_thread(system.change_suppression, way.contact_id, _change(said, way.sequence))
    shown = way.sequence.replace("_", " ") if way.sequence else None
    return page("unsubscribe.html", state=state, token=request.path_params["token"], sequence=shown)


def _change(said: str, sequence: str | None) -> Change:
    if said == UNDO:
        return lambda one, _: _taken_back(one)
    if said == LEAVE and sequence:
        return lambda one, now: one.leaving(sequence, now, SOURCE)
    if said == COME_BACK and sequence:
        return lambda one, _: one.coming_back(sequence)
    return lambda one, now: one.with_reason(UNSUBSCRIBED, now, SOURCE)


def _taken_back(one: Suppression) -> Suppression:
    """Only what they did themselves: an address that bounced or complained stays on the list."""
    return one.without_reason() if one.reason == UNSUBSCRIBED else one.coming_back(EVERYTHING)


ROUTES = (unsubscribe,)

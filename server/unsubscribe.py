"""The link in every marketing email: a page with buttons, and the one-click target of RFC 8058.

Only POST changes anything: mail scanners follow links, and a scanner must not take anybody off the list. The token is
the authority: it names the contact and the sequence. The body only says what to do, and to which of the sequences that
this contact has been in; one that says nothing of ours, as a mail program sends it, means all marketing email.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

from litestar import HttpMethod, Request, Response, route

from engine.model import UNSUBSCRIBED, Program
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
        return page("unsubscribe.html", status=404, state="unknown", token="", sequence=None, others=[])
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
    system: System = request.app.state.system
    state, sequence, before = "ask", way.sequence, await asyncio.to_thread(system.subscriptions, way.contact_id)
    if request.method == HttpMethod.POST:
        form = parse_qs((await request.body()).decode("utf-8", "replace"))
        said, named = form.get("do", [""])[0], form.get("sequence", [""])[0]
        sequence = named if named in before.sequences else way.sequence
        state = _STATES.get(said, "done") if sequence or said == UNDO else "done"
        await asyncio.to_thread(system.change_suppression, way.contact_id, _change(said, sequence))
    return await asyncio.to_thread(_shown, system, way, request.path_params["token"], state, sequence)


def _shown(system: System, way: WayOut, token: str, state: str, sequence: str | None) -> Response[str]:
    """The page as it is after whatever was done. Other sequences are left out where nothing of any goes to them."""
    now, programs = system.subscriptions(way.contact_id), system.playbook().sequences
    others = [name for name in now.sequences if name != sequence] if now.suppression.reason is None else []
    title = _title(programs, sequence) if sequence else None
    rows = [{"name": name, "title": _title(programs, name), "stopped": now.stopped(name)} for name in others]
    return page("unsubscribe.html", state=state, token=token, sequence=title, key=sequence, others=rows)


def _title(programs: Mapping[str, Program], name: str) -> str:
    """What readers call a sequence, also one that is gone from the file."""
    program = programs.get(name)
    return (program.title if program else None) or name.replace("_", " ")


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

"""The link in every marketing email: a page with a button, and the one-click target of RFC 8058.

Only POST unsubscribes: mail scanners follow links, and a scanner must not take anybody off the list. The token is the
authority; the body only says which of the two ways it was.
"""

from __future__ import annotations

from typing import Any

from litestar import HttpMethod, Request, Response, route

from engine.runtime.links import read_token
from server.problems import Problem
from server.rendering import page
from server.system import System


def _contact(request: Request[Any, Any, Any]) -> str | None:
    system: System = request.app.state.system
    key = system.settings.secret_key
    return read_token(key, request.path_params["token"]) if key else None


def _unknown(request: Request[Any, Any, Any]) -> Response[str]:
    if "text/html" in request.headers.get("accept", ""):
        return page("unsubscribe.html", status=404, state="unknown", token="")
    raise Problem(
        404, "This unsubscribe link is not one of ours, or it was cut short; use the link as it is in the email."
    )


@route(
    "/u/{token:str}",
    http_method=[HttpMethod.GET, HttpMethod.HEAD, HttpMethod.POST],
    status_code=200,
    sync_to_thread=True,
    request_max_body_size=64 * 1024,
)
def unsubscribe(request: Request[Any, Any, Any]) -> Response[str]:
    """Show the page with the button; on POST, stop marketing email to this contact. Doing it again is no error."""
    contact = _contact(request)
    if contact is None:
        return _unknown(request)
    if request.method != HttpMethod.POST:
        return page("unsubscribe.html", state="ask", token=request.path_params["token"])
    system: System = request.app.state.system
    system.suppress(contact, "unsubscribed")
    return page("unsubscribe.html", state="done", token="")


ROUTES = (unsubscribe,)

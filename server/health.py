"""Whether the server lives, and whether the whole system is ready to take events and send email."""

from __future__ import annotations

from typing import Any

from litestar import HttpMethod, Request, Response, route

from engine import __version__
from server.system import System
from server.webhooks import iso

_FRESH = {"cache-control": "no-store"}


@route("/health", http_method=[HttpMethod.GET, HttpMethod.HEAD], sync_to_thread=False)
def health(request: Request[Any, Any, Any]) -> Response[dict[str, Any]]:
    """Say that the process answers, and how it is set up."""
    system: System = request.app.state.system
    settings = system.settings
    body = {
        "status": "healthy",
        "version": __version__,
        "timestamp": iso(system.clock.now()),
        "environment": {
            "testing_mode": settings.testing_mode,
            "notion_configured": settings.notion_configured,
            "resend_configured": settings.resend_configured,
            "discord_configured": settings.discord_configured,
        },
    }
    return Response(body, headers=_FRESH)


@route("/health/ready", http_method=[HttpMethod.GET, HttpMethod.HEAD], sync_to_thread=True)
def ready(request: Request[Any, Any, Any]) -> Response[dict[str, Any]]:
    """Say whether every part works: 200, or 503 with the parts that do not."""
    system: System = request.app.state.system
    checks = {name: {"ok": works, "state": state} for name, (works, state) in system.ready().items()}
    whole = all(check["ok"] for check in checks.values())
    body = {"status": "ready" if whole else "not ready", "checks": checks}
    return Response(body, status_code=200 if whole else 503, headers=_FRESH)


ROUTES = (health, ready)

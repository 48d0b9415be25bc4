"""The outbox: every email that was kept or sent, as its reader sees it. For the operator's eyes only."""

from __future__ import annotations

import re
import shlex
from typing import Any
from urllib.parse import quote, urlencode

from litestar import Request, Response, get
from litestar.response import Redirect

from server.openapi import example_payload
from server.problems import Problem
from server.rendering import email_document, page
from server.security import require_admin
from server.system import SentEmail, System, ToldAlert
from server.webhooks import iso

PER_PAGE = 50
MOST = 200
ALERTS = 5
WHEN = "%a %d %b %Y, %H:%M:%S UTC"


@get("/", sync_to_thread=False)
def home() -> Redirect:
    """The first page."""
    return Redirect("/outbox")


@get("/outbox", guards=[require_admin], sync_to_thread=True)
def outbox(request: Request[Any, Any, Any]) -> Response[str]:
    """The list, newest first."""
    system: System = request.app.state.system
    q, before = _asked(request, "q"), _asked(request, "before")
    emails, further = _emails(system, PER_PAGE, before, q)
    return page(
        "outbox.html",
        emails=[_row(email) for email in emails],
        alerts=[] if q or before else [_alert_row(alert) for alert in system.alerts(limit=ALERTS)],
        q=q,
        before=before,
        further=f"/outbox?{urlencode({'q': q, 'before': further})}" if further else None,
        example=_example(system, _address(request)),
        sending=system.settings.resend_configured or system.settings.smtp_url is not None,
        testing=system.settings.testing_mode,
    )


@get("/outbox/{key:path}", guards=[require_admin], sync_to_thread=True)
def one_email(request: Request[Any, Any, Any]) -> Response[str]:
    """One email: what was sent, as HTML and as text. ``part=html`` is the email's own document, for the frame."""
    system: System = request.app.state.system
    found = system.email(str(request.path_params["key"]).removeprefix("/"))
    if found is None:
        raise Problem(404, "There is no such email in the outbox; GET /outbox lists them.")
    if _asked(request, "part") == "html":
        return email_document(found.html)
    return page("email.html", email=_row(found), headers=sorted(found.headers.items()), text=found.text)


@get("/outbox.json", guards=[require_admin], sync_to_thread=True)
def outbox_json(request: Request[Any, Any, Any]) -> Response[Any]:
    """The same for programs; ``next`` is the ``before`` of the following page, ``alerts`` are the latest ones."""
    limit = _limit(_asked(request, "limit"))
    system: System = request.app.state.system
    emails, further = _emails(system, limit, _asked(request, "before"), _asked(request, "email"))
    alerts = [_alert(alert) for alert in system.alerts(limit=limit)]
    body = {"emails": [_record(email) for email in emails], "next": further, "alerts": alerts}
    return Response(body, headers={"cache-control": "no-store"})


def _asked(request: Request[Any, Any, Any], name: str) -> str:
    return str(request.query_params.get(name, ""))


def _limit(text: str) -> int:
    if not text:
        return PER_PAGE
    if not re.fullmatch("[0-9]{1,3}", text) or not 1 <= int(text) <= MOST:
        raise Problem(400, f"limit must be a whole number from 1 to {MOST}.")
    return int(text)


def _emails(system: System, limit: int, before: str, search: str) -> tuple[list[SentEmail], str | None]:
    """A page of emails, and where the next one starts, if there is one."""
    found = list(system.outbox(limit=limit + 1, before=before or None, search=search.strip() or None))
    return found[:limit], found[limit - 1].key if len(found) > limit else None


def _record(email: SentEmail) -> dict[str, Any]:
    members = ("key", "to", "subject", "template", "html", "text", "run_id", "step", "mailer", "status")
    return {"at": iso(email.at), "headers": dict(email.headers)} | {name: getattr(email, name) for name in members}


def _alert(alert: ToldAlert) -> dict[str, Any]:
    members = ("title", "message", "status", "error")
    return {"at": iso(alert.at)} | {name: getattr(alert, name) for name in members}


def _alert_row(alert: ToldAlert) -> dict[str, Any]:
    return {**_alert(alert), "when": alert.at.strftime(WHEN)}


def _row(email: SentEmail) -> dict[str, Any]:
    return {
        "href": f"/outbox/{quote(email.key, safe='')}",
        "when": email.at.strftime(WHEN),
        **_record(email),
    }


def _address(request: Request[Any, Any, Any]) -> str:
    """Where this server is: as the browser on this machine knows it (on any port), else its public address."""
    settings = request.app.state.system.settings
    return settings.base_url if settings.admin_password else str(request.base_url).rstrip("/")


def _example(system: System, address: str) -> str:
    """A line for the shell that makes an email appear here: the trigger that does the most."""
    playbook = system.playbook()
    if not playbook.triggers:
        return ""
    trigger = max(playbook.triggers.values(), key=lambda one: len(one.program.steps))
    payload = shlex.quote(example_payload(trigger, playbook.vocabulary))
    return f"curl {address}{trigger.path} -H 'Content-Type: application/json' -d {payload}"


ROUTES = (home, outbox, one_email, outbox_json)

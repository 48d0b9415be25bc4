"""The vendors that are configured: whether they can be reached and take our key. Nothing is sent or changed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from engine.errors import BusosError
from engine.runtime.settings import Settings
from server.cli.checkup.finding import Finding, fail, ok, warn

TIMEOUT = 10.0
_DISCORD = re.compile(r"https://(?:\w+\.)?discord(?:app)?\.com/api/(?:v\d+/)?webhooks/\d+/[\w-]+")


def vendor_findings(settings: Settings) -> Iterator[Finding]:
    """A finding for each vendor that is configured."""
    if settings.notion_configured:
        yield from notion_findings(settings)
    if settings.resend_api_key:
        yield resend_finding(settings, settings.resend_api_key)
    if settings.smtp_url:
        yield smtp_finding(settings.smtp_url)
    if not settings.resend_api_key and not settings.smtp_url:
        yield ok("email", "no mailer is set: emails are kept and shown at /outbox, nothing is sent")
    if settings.discord_webhook_url:
        yield discord_finding(settings.discord_webhook_url)


# -- Notion -----------------------------------------------------------------------------------


def notion_findings(settings: Settings) -> Iterator[Finding]:
    """Whether both databases can be read."""
    yield _templates(settings)
    yield _contacts(settings)


def _templates(settings: Settings) -> Finding:
    from server.cli.files import NOTION, templates_from

    try:
        names = templates_from(NOTION, settings).names()
    except BusosError as error:
        return fail("notion templates", str(error), "check NOTION_TOKEN and NOTION_TEMPLATES_DB_ID")
    return ok("notion templates", f"{len(names)} can be used, those in files included")


def _contacts(settings: Settings) -> Finding:
    from engine.adapters.notion import NotionMirror
    from engine.model import Retry
    from server.cli.files import notion_connection

    fix = "check NOTION_TOKEN and NOTION_CONTACTS_DB_ID"
    try:
        mirror = NotionMirror(notion_connection(settings), settings.notion_contacts_db_id or "", _fields(settings))
        found = mirror.changes(datetime.now(UTC))
    except BusosError as error:
        return fail("notion contacts", str(error), fix)
    if isinstance(found, Retry):
        return fail("notion contacts", found.reason, fix)
    return ok("notion contacts", "the database can be read")


def _fields(settings: Settings) -> Any:
    from engine.language.source import examine
    from engine.language.vocabulary import vocabulary
    from engine.model import Vocabulary
    from server.cli.files import content

    document, _ = examine(content(settings.file), str(settings.file))
    nothing = Vocabulary(fields={}, segments=(), zone=ZoneInfo("UTC"))
    return (vocabulary(document) if document else nothing).fields


# -- Mailers and Discord ------------------------------------------------------------------------


def resend_finding(settings: Settings, key: str) -> Finding:
    """Whether Resend takes the key; one that may only send cannot list emails, and says so."""
    import httpx

    url = f"{settings.resend_api_url or 'https://api.resend.com'}/emails?limit=1"
    try:
        answer = httpx.get(url, headers={"Authorization": f"Bearer {key}", "User-Agent": "busos"}, timeout=TIMEOUT)
    except httpx.HTTPError as error:
        return fail("resend", f"could not be reached ({type(error).__name__})", "check the network and RESEND_API_URL")
    except UnicodeError:
        return fail("resend", "RESEND_API_KEY holds characters that no key has", "copy the key again")
    if answer.is_success or "restricted_api_key" in answer.text:
        return ok("resend", "the key is taken")
    if answer.status_code in (400, 401, 403):
        return fail("resend", f"the key is not taken (HTTP {answer.status_code})", "copy RESEND_API_KEY again")
    return warn("resend", f"answered HTTP {answer.status_code}", "try again later; see resend.com's status page")


def smtp_finding(url: str) -> Finding:
    """Whether the mail server lets us in."""
    from engine.adapters.smtp import UnconnectedError, connect, leave, server_of

    try:
        leave(connect(server_of(url), TIMEOUT))
    except (UnconnectedError, BusosError) as error:
        return fail("smtp", str(error), "check SMTP_URL: host, port, user and password")
    return ok("smtp", "the mail server lets us in")


def discord_finding(url: str) -> Finding:
    """Whether the address looks like a webhook's; a test would be a message in the channel."""
    if _DISCORD.fullmatch(url):
        return ok("discord", "the address has the form of a webhook's (no test message is sent)")
    fix = "copy it again: channel settings, Integrations, Webhooks, Copy Webhook URL"
    return warn("discord", "DISCORD_WEBHOOK_URL does not look like a webhook of Discord", fix)

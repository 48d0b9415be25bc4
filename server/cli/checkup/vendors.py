"""The vendors that are configured: whether they can be reached and take our key. Nothing is sent or changed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parseaddr
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import BusosError
from engine.runtime.settings import Settings
from server.cli.checkup.finding import Finding, fail, ok, warn

if TYPE_CHECKING:
    import httpx

TIMEOUT = 10.0
_DISCORD = re.compile(r"https://(?:\w+\.)?discord(?:app)?\.com/api/(?:v\d+/)?webhooks/\d+/[\w-]+")


def vendor_findings(settings: Settings) -> Iterator[Finding]:
    """A finding for each vendor that is configured."""
    if settings.notion_configured:
        yield from notion_findings(settings)
    if settings.resend_api_key:
        yield from resend_findings(settings, settings.resend_api_key)
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
    from engine.model import Retry
    from server.cli.files import notion_mirror

    fix = "check NOTION_TOKEN and NOTION_CONTACTS_DB_ID"
    try:
        found = notion_mirror(settings).changes(datetime.now(UTC))
    except BusosError as error:
        return fail("notion contacts", str(error), fix)
    if isinstance(found, Retry):
        return fail("notion contacts", found.reason, fix)
    return ok("notion contacts", "the database can be read")


# -- Mailers and Discord ------------------------------------------------------------------------


def resend_findings(settings: Settings, key: str) -> Iterator[Finding]:
    """Whether Resend takes the key, and lets it send for the senders of the file.

    A key that may only send cannot list anything, and says so.
    """
    import httpx

    url = settings.resend_api_url or "https://api.resend.com"
    try:
        answer = httpx.get(f"{url}/domains", headers=_headers(key), timeout=TIMEOUT)
    except httpx.HTTPError as error:
        said = f"could not be reached ({type(error).__name__})"
        yield fail("resend", said, "check the network and RESEND_API_URL")
    except UnicodeError:
        yield fail("resend", "RESEND_API_KEY holds characters that no key has", "copy the key again")
    else:
        yield _key_finding(answer)
        if answer.is_success:
            yield from _domain_findings(_domains(answer), settings)


def _headers(key: str) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {key}", "User-Agent": "busos"}


def _key_finding(answer: httpx.Response) -> Finding:
    if answer.is_success:
        return ok("resend", "the key is taken")
    if "restricted_api_key" in answer.text:
        return ok("resend", "the key is taken; it may only send, so the sender's domain was not looked up")
    if answer.status_code in (400, 401, 403):
        return fail("resend", f"the key is not taken (HTTP {answer.status_code})", "copy RESEND_API_KEY again")
    return warn("resend", f"answered HTTP {answer.status_code}", "try again later; see resend.com's status page")


def _domains(answer: httpx.Response) -> Mapping[str, str]:
    """The domains of the account and their states (resend.com/docs/api-reference/domains/list-domains)."""
    try:
        rows = answer.json()["data"]
        return {str(row["name"]).lower(): str(row["status"]) for row in rows}
    except (ValueError, KeyError, TypeError):
        return {}


def _domain_findings(known: Mapping[str, str], settings: Settings) -> Iterator[Finding]:
    for domain in senders(settings.file):
        state = known.get(domain)
        if state == "verified":
            yield ok("resend domain", f"{domain} is verified")
        elif state is None:
            said = f"{domain} is not among the domains of this account, so no email can be sent from it"
            others = ", ".join(known) or "none"
            yield fail("resend domain", said, f"add it at resend.com/domains, or send from one that is there: {others}")
        else:
            said = f"{domain} is not verified yet, so no email can be sent from it (Resend calls it {state})"
            yield fail("resend domain", said, "add the DNS records that resend.com/domains shows, and have it verified")


def senders(file: Path) -> list[str]:
    """The domains that the file sends from, as far as it can be read."""
    from engine.language.schema import roles
    from server.cli.texts import document_of

    try:
        found = roles(document_of(file).data).get("address", ())
    except (BusosError, OSError):
        return []
    said = [str(place.value) for place in found if place.path[-1] == "from"]
    return sorted({parseaddr(one)[1].rpartition("@")[2].lower() for one in said} - {""})


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

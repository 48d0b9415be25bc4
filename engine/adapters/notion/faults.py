"""What can go wrong with Notion, told as an outcome: whether to ask again, when, and who must act."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
from notion_client.errors import HTTPResponseError, RequestTimeoutError

from engine.model import Refused, Retry
from engine.quoting import quoted

ADVICE = {
    400: "Notion refused the request",
    401: "Notion does not accept NOTION_TOKEN: copy the secret of the integration again",
    403: "Notion does not let this integration do that: give it the right to read, update and insert content",
    404: "Notion does not show this to the integration: open it in Notion, choose Connections and add the integration",
}


class NotionError(Exception):
    """A request that did not succeed. It never leaves this package: the doors turn it into its outcome.

    ``status`` is the HTTP status, 0 when there was no answer that makes sense.
    """

    def __init__(self, outcome: Retry | Refused, status: int = 0) -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome
        self.status = status

    @property
    def invalid(self) -> bool:
        """Notion found something wrong with what was asked: perhaps the database has changed."""
        return self.status == 400

    @property
    def gone(self) -> bool:
        """There is no such thing, or it is not shared with the integration."""
        return self.status == 404


def refused(reason: str) -> NotionError:
    """A fault that asking again does not solve."""
    return NotionError(Refused(reason=reason))


def unreadable(what: str, *, writes: bool) -> NotionError:
    """Notion's answer made no sense; a write may have been done."""
    return NotionError(Retry(reason=f"Notion's answer could not be read ({what})", uncertain=writes))


def without_answer(error: Exception, *, writes: bool) -> NotionError:
    """Notion did not answer. The error's own text is left out: it may repeat a header, and so the token."""
    if isinstance(error, RequestTimeoutError | httpx.TimeoutException):
        return NotionError(Retry(reason="Notion did not answer in time", uncertain=writes))
    never_left = isinstance(error, httpx.ConnectError | httpx.UnsupportedProtocol | httpx.LocalProtocolError)
    reason = f"Notion could not be reached ({type(error).__name__})"
    return NotionError(Retry(reason=reason, uncertain=writes and not never_left))


def from_answer(error: HTTPResponseError, *, writes: bool, told: object, token: str) -> NotionError:
    """What an error answer means: errors.json of the contracts, by status. ``told`` is what we had sent."""
    status, said = error.status, quoted(_said(error.body), told, {token: "***"})
    if status == 429:
        wait = retry_after(error.headers)
        return NotionError(Retry(reason="Notion asks for fewer requests", after=wait), status)
    if status in (408, 409):
        return NotionError(Retry(reason=f"Notion could not do it just now (HTTP {status}): {said}"), status)
    if status >= 500:
        # It may have been done all the same: creating a page is not idempotent, so the caller looks first.
        after = retry_after(error.headers) if "retry-after" in error.headers else None
        reason = f"Notion has a fault (HTTP {status}): {said}"
        return NotionError(Retry(reason=reason, after=after, uncertain=writes), status)
    advice = ADVICE.get(status, f"Notion answered HTTP {status}; is NOTION_API_URL right?")
    return NotionError(Refused(reason=f"{advice} ({said})" if said else advice), status)


def retry_after(headers: Mapping[str, str]) -> float:
    """Seconds to wait after a 429: a number or a date; 1 when Notion does not say."""
    said = headers.get("retry-after", "")
    try:
        seconds = float(said)
    except ValueError:
        seconds = _seconds_until(said)
    return seconds if 0 <= seconds < 86_400 else 1.0


def _seconds_until(moment: str) -> float:
    try:
        return (parsedate_to_datetime(moment) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return 1.0


def _said(body: str) -> str:
    """Notion's own sentence in an error answer; nothing when the answer is not Notion's."""
    try:
        answer: Any = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    message = answer.get("message") if isinstance(answer, dict) else None
    return str(message) if message else ""

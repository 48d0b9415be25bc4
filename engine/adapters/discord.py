"""Alerts to Discord, as one embed, cut to fit: an alert that is too long is told in part rather than refused.

The webhook's address is its password. It is in no reason, no ``repr`` and no log: httpx writes every URL at INFO,
so a filter on its logger drops those lines for webhooks. Nobody can be pinged from within an alert, whatever a
contact wrote into a field: ``allowed_mentions`` is empty.

Lengths are counted in UTF-16 units, the way an emoji counts two: never less than Discord counts.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import msgspec

from engine.errors import SettingsError
from engine.model import Accepted, RaiseAlert, Refused, Retry
from engine.pacing import PaceState, Unpaced
from engine.ports import Delivery, Pace
from engine.quoting import quoted

BEGIN = PaceState(limit=5, seconds=2.0)
"""5 alerts in 2 seconds for a webhook (discord/discord-api-docs#367), until the headers say otherwise."""
PATIENCE = 5.0
"""Seconds that an alert may stand in line; what takes longer is put off."""

TITLE, DESCRIPTION, FIELDS, NAME, VALUE, TOTAL = 256, 4096, 25, 256, 1024, 6000
MORE_FIELDS = 60
"""Room kept for the sentence that says how many fields were left out."""

NOTHING = "—"
"""What stands where there is no text: Discord refuses empty names and values."""

COLOURS = {
    "red": 0xD92D20,
    "orange": 0xF79009,
    "yellow": 0xFACC15,
    "green": 0x12B76A,
    "blue": 0x2E90FA,
    "purple": 0x7A5AF8,
    "grey": 0x98A2B3,
    "gray": 0x98A2B3,
    "black": 0x000000,
    "white": 0xFFFFFF,
}
HEX = re.compile(r"#?([0-9a-f]{6})", re.IGNORECASE)
WEBHOOK = re.compile(r"/webhooks/[^/]+/[^/?]+")

DELETED = "Discord does not know the webhook any more: make a new one and put its address into DISCORD_WEBHOOK_URL"


class NoWebhooks(logging.Filter):
    """Drops the log lines that hold the address of a webhook."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line may be logged."""
        return not WEBHOOK.search(record.getMessage())


class DiscordAlerts:
    """Tells the team in a Discord channel. ``url`` is the channel's webhook. ``close`` it at the end."""

    name = "discord"

    def __init__(
        self, url: str, client: httpx.Client | None = None, *, pace: Pace | None = None, timeout: float = 10.0
    ) -> None:
        self._url = checked(url)
        self._pace = pace or Unpaced()
        self._client = client or httpx.Client()
        self._owned = client is None
        self._timeouts = httpx.Timeout(timeout / 4, read=timeout / 2)
        quiet()

    def __repr__(self) -> str:
        return "DiscordAlerts()"

    def close(self) -> None:
        """Let go of the connection (not of a client that was given)."""
        if self._owned:
            self._client.close()

    def tell(self, alert: RaiseAlert) -> Delivery:
        """Post one alert."""
        try:
            content = msgspec.json.encode(payload(alert))
        except ValueError:
            return Refused(reason="the alert holds characters that cannot be sent (half of an emoji?)")
        if away := self._pace.turn(PATIENCE):
            shut = self._pace.shut()
            return Retry(reason=shut[1] if shut else "waiting for a turn under Discord's rate limit", after=away)
        outcome = self._post(content, alert)
        if isinstance(outcome, Retry):
            self._pace.failed(outcome.reason)
        else:
            self._pace.worked()
        return outcome

    def _post(self, content: bytes, alert: RaiseAlert) -> Delivery:
        """One request. A 429 closes the pace; any other trouble is the caller's to count."""
        headers = {"Content-Type": "application/json", "User-Agent": "busos"}
        try:
            answer = self._client.post(self._url, content=content, headers=headers, timeout=self._timeouts)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            return Retry(reason=f"Discord could not be reached ({type(error).__name__})")
        except httpx.HTTPError as error:
            reason = f"the connection to Discord broke before its answer ({type(error).__name__})"
            return Retry(reason=reason, uncertain=True)
        self._learn(answer.headers)
        outcome = judge(answer, alert)
        if answer.status_code == 429 and isinstance(outcome, Retry):
            self._pace.close(outcome.after or 0.0, outcome.reason)
        return outcome

    def _learn(self, headers: Mapping[str, str]) -> None:
        """The headers of the webhook's own bucket (discord/discord-api-docs topics/rate-limits)."""
        limit, left = whole(headers, "x-ratelimit-limit"), whole(headers, "x-ratelimit-remaining")
        self._pace.learn(limit=limit, left=left, reset=seconds_in(headers.get("x-ratelimit-reset-after")))


def checked(url: str) -> httpx.URL:
    """The webhook's address, asking for an answer that names the message. The error does not repeat the address."""
    try:
        found = httpx.URL(url.strip())
    except httpx.InvalidURL:
        found = httpx.URL()
    if found.scheme not in ("http", "https") or not found.host or not WEBHOOK.search(found.path):
        shape = "https://discord.com/api/webhooks/<number>/<token>"
        raise SettingsError(f"DISCORD_WEBHOOK_URL is not the address of a webhook: expected {shape}")
    return found.copy_set_param("wait", "true")


def quiet() -> None:
    """Put the filter on httpx's logger, once."""
    logger = logging.getLogger("httpx")
    if not any(isinstance(one, NoWebhooks) for one in logger.filters):
        logger.addFilter(NoWebhooks())


# -- What is sent -------------------------------------------------------------------------------


def payload(alert: RaiseAlert) -> dict[str, Any]:
    """The request body: one embed within every limit."""
    title = cut(alert.title or "", TITLE)
    embed: dict[str, Any] = {"title": title} if title else {}
    embed["description"] = cut(alert.message, DESCRIPTION) or NOTHING
    if (colour := colour_of(alert.colour)) is not None:
        embed["color"] = colour
    if alert.times > 1:
        embed["footer"] = {"text": f"the last of {alert.times:,} of this kind"}
    room = TOTAL - size(title) - size(embed["description"]) - size(embed.get("footer", {}).get("text", ""))
    if fields := fields_within(alert.fields, room):
        embed["fields"] = fields
    return {"embeds": [embed], "allowed_mentions": {"parse": []}}


def fields_within(pairs: Sequence[tuple[str, str]], room: int) -> list[dict[str, Any]]:
    """The fields that fit, the last of them cut, and a line that says how many did not."""
    shown: list[dict[str, Any]] = []
    room -= MORE_FIELDS
    for label, text in pairs[: FIELDS if len(pairs) <= FIELDS else FIELDS - 1]:
        name = cut(label, NAME) or NOTHING
        value = cut(text, min(VALUE, room - size(name))) or NOTHING
        room -= size(name) + size(value)
        if room < 0:
            break
        shown.append({"name": name, "value": value, "inline": size(value) <= 40})
    if len(shown) < len(pairs):
        shown.append({"name": "…", "value": f"and {len(pairs) - len(shown)} more", "inline": False})
    return shown


def cut(text: str, most: int) -> str:
    """At most so many UTF-16 units, with an ellipsis where something was left out; no half of an emoji."""
    text = text.strip()
    if size(text) <= most:
        return text
    if most < 1:
        return ""
    kept = text.encode("utf-16-le", "surrogatepass")[: 2 * (most - 1)].decode("utf-16-le", "ignore")
    return kept.rstrip() + "…"


def size(text: str) -> int:
    """The length in UTF-16 units."""
    return len(text) + sum(character > "\uffff" for character in text)


def colour_of(name: str | None) -> int | None:
    """A colour by name or as #rrggbb; None for none, and for one that is not known."""
    if name is None:
        return None
    code = HEX.fullmatch(name.strip())
    return int(code[1], 16) if code else COLOURS.get(name.strip().casefold())


# -- What it means ------------------------------------------------------------------------------


def judge(answer: httpx.Response, alert: RaiseAlert) -> Delivery:
    """The outcome that an answer stands for (contracts: errors.json)."""
    said = parsed(answer)
    match answer.status_code:
        case 200 | 204:
            ident = said.get("id")
            return Accepted(template="alert", subject=alert.title or "", provider_id=str(ident) if ident else None)
        case 429:
            return Retry(reason="Discord asks to go slower", after=wait_of(said, answer))
        case 401 | 403 | 404:
            return Refused(reason=DELETED)
        case status if status >= 500:
            return Retry(reason=f"Discord failed ({status})", uncertain=True)
        case status if status < 400:
            return Retry(reason=f"an answer {status} that is not Discord's; is a proxy between?", after=300.0)
    words = quoted(str(said.get("message") or ""), payload(alert))
    return Refused(reason=f"Discord refused the alert ({answer.status_code}): {words}")


def wait_of(said: Mapping[str, Any], answer: httpx.Response) -> float:
    """The seconds to wait after a 429: the body's to the millisecond, or the header's; 1 when both are silent."""
    for told in (said.get("retry_after"), answer.headers.get("retry-after")):
        if (seconds := seconds_in(told)) is not None:
            return seconds
    return 1.0


def seconds_in(told: object) -> float | None:
    """A number of seconds of at least 0; None for anything else."""
    try:
        seconds = float(told) if isinstance(told, str | int | float) else math.nan
    except (ValueError, OverflowError):
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


def whole(headers: Mapping[str, str], name: str) -> int | None:
    """A header that is a whole number; None otherwise."""
    found = headers.get(name, "")
    return int(found) if re.fullmatch(r"[0-9]{1,9}", found) else None


def parsed(answer: httpx.Response) -> Mapping[str, Any]:
    """The JSON object of an answer, or an empty one for anything else."""
    try:
        found = msgspec.json.decode(answer.content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}

"""What an answer of Resend means: for one email, and for a batch with an answer for each place in it."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from engine.model import Accepted, Refused, Retry
from engine.ports import Conflict, Delivery, Message
from engine.quoting import quoted

QUOTAS = {"daily_quota_exceeded": "daily", "monthly_quota_exceeded": "monthly"}
KEYS = ("missing_api_key", "restricted_api_key", "invalid_api_key")
"""Errors that every email would meet. Of one sender's domain, ``validation_error`` (403) is said."""
FIVE_MINUTES, AN_HOUR, A_MOMENT = 300.0, 3600.0, 1.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, the headers, and the body as far as it is a JSON object.

    ``secrets`` are texts that nobody is to read in what the vendor said, and what stands there instead. ``asked`` is
    the body of the request, of which the vendor's words repeat nothing.
    """

    status: int
    headers: Mapping[str, str]
    body: Mapping[str, Any]
    secrets: Mapping[str, str] = field(repr=False)
    asked: bytes = field(default=b"", repr=False)

    @property
    def name(self) -> str:
        """Resend's name for the error; empty when the answer has not Resend's shape."""
        return str(self.body.get("name") or "")

    @property
    def said(self) -> str:
        """The vendor's own sentence."""
        return self.shown(self.body.get("message"))

    def shown(self, sentence: object) -> str:
        """A sentence of the vendor's that may be read by anybody."""
        told = msgspec.json.decode(self.asked) if self.asked else None
        return quoted(str(sentence or ""), told, self.secrets) or "no reason given"


# -- One email ------------------------------------------------------------------------------------


def judge(answer: Answer, message: Message) -> Delivery:
    """The outcome that an answer stands for (contracts: errors.json)."""
    if answer.status < 300:
        return taken(answer, message)
    if answer.status == 409:
        return conflict(answer, message)
    return trouble(answer)


def taken(answer: Answer, message: Message) -> Delivery:
    """2xx: taken when it names the email. Without an id nobody knows what was taken."""
    ident = answer.body.get("id")
    if isinstance(ident, str) and ident:
        return accepted(message, ident)
    reason = f"Resend answered {answer.status} without the id of an email; is RESEND_API_URL right?"
    return Retry(reason=reason, uncertain=True)


def accepted(message: Message, ident: str | None) -> Accepted:
    """Resend has it, under this id."""
    return Accepted(template=message.template, subject=message.subject, provider_id=ident)


def conflict(answer: Answer, message: Message) -> Delivery:
    """409: this key was used before.

    ``invalid_idempotent_request`` says that the email first sent under the key had another body. One
    email went out for this step, and a second one must not: accepted, without an id to show, and with a warning,
    because a stored message ought not to change.
    """
    if answer.name == "invalid_idempotent_request":
        log.warning("Resend holds another email under the key %s; it was sent, this one is not", message.key)
        return accepted(message, None)
    return busy("this email")


def busy(what: str) -> Retry:
    """409 as well: the first request under this key is still under way."""
    return Retry(reason=f"Resend is still busy with the first try of {what}", after=5.0, uncertain=True)


# -- Either ---------------------------------------------------------------------------------------


def trouble(answer: Answer) -> Retry | Refused:
    """Whatever is neither 2xx nor 409."""
    if answer.status == 429:
        return limited(answer)
    if answer.status >= 500:
        after = number(answer.headers, "retry-after")
        return Retry(reason=f"Resend failed ({answer.status}): {answer.said}", after=after, uncertain=True)
    if answer.status == 413:
        return Refused(reason="Resend refused the email: it is too large")
    return mistake(answer)


def limited(answer: Answer) -> Retry:
    """429: too fast, or the quota is used up. Nothing was sent, and nobody else's email would be."""
    if quota := QUOTAS.get(answer.name):
        advice = "raise the plan at resend.com, or wait; the emails wait and none is lost"
        reason = f"Resend's {quota} sending quota is used up: {advice}"
        return Retry(reason=reason, after=AN_HOUR, vendor_wide=True)
    told = number(answer.headers, "retry-after")
    after = A_MOMENT if told is None else told
    return Retry(reason=f"Resend asks to go slower: {answer.said}", after=after, vendor_wide=True)


def mistake(answer: Answer) -> Retry | Refused:
    """3xx and 4xx: the operator's to mend (wait), or this email's fault (refuse)."""
    if not answer.name:
        reason = f"an answer {answer.status} that is not Resend's; is RESEND_API_URL right, is a proxy between?"
        return Retry(reason=reason, after=FIVE_MINUTES)
    waits = "the emails wait and none is lost"
    if answer.status == 401 or answer.name in KEYS:
        reason = f"Resend does not take the API key ({answer.said}): check RESEND_API_KEY; {waits}"
        return Retry(reason=reason, after=FIVE_MINUTES, vendor_wide=True)
    if answer.status == 403:
        advice = f"check that the sender's domain is verified, and RESEND_API_KEY; {waits}"
        reason = f"Resend does not let this API key send this email ({answer.said}): {advice}"
        return Retry(reason=reason, after=FIVE_MINUTES)
    return Refused(reason=f"Resend refused the email ({answer.name}): {answer.said}")


# -- A batch --------------------------------------------------------------------------------------


def judge_batch(answer: Answer, messages: Sequence[Message]) -> Sequence[Delivery] | Retry | Conflict:
    """An answer for each email of a batch, or one for all.

    A refusal of the whole says nothing about any one of them: a ``Retry``, after which each goes by itself.
    """
    if answer.status < 300:
        return by_place(answer, messages)
    if answer.status == 409:
        return Conflict() if answer.name == "invalid_idempotent_request" else busy("these emails")
    found = trouble(answer)
    if isinstance(found, Retry):
        return found
    return Retry(reason=f"Resend refused {len(messages)} emails in one request: {answer.said}; each goes by itself now")


def by_place(answer: Answer, messages: Sequence[Message]) -> Sequence[Delivery] | Retry:
    """2xx: ``errors`` names the places of those that were refused, ``data`` has the ids of all others in order.

    An answer that is not for exactly these emails is not believed at all.
    """
    refused = refusals(answer, len(messages))
    idents = ids(answer.body.get("data"))
    if refused is None or idents is None or len(idents) + len(refused) != len(messages):
        reason = f"Resend answered {answer.status} and not for each of {len(messages)} emails; is RESEND_API_URL right?"
        return Retry(reason=reason, uncertain=True)
    left = iter(idents)
    return [
        Refused(reason=f"Resend refused the email: {refused[place]}") if place in refused else accepted(one, next(left))
        for place, one in enumerate(messages)
    ]


def refusals(answer: Answer, count: int) -> dict[int, str] | None:
    """Why emails of a batch were refused, by their places; None when that cannot be read."""
    errors, found = answer.body.get("errors") or [], {}
    if not isinstance(errors, list):
        return None
    for error in errors:
        place = error.get("index") if isinstance(error, dict) else None
        if type(place) is not int or not 0 <= place < count or place in found:
            return None
        found[place] = answer.shown(error.get("message"))
    return found


def ids(data: Any) -> list[str] | None:
    """The ids of emails that were taken; None when one of them has none."""
    if not isinstance(data, list):
        return None
    found = [item["id"] for item in data if isinstance(item, dict) and isinstance(item.get("id"), str) and item["id"]]
    return found if len(found) == len(data) else None


# -- Reading --------------------------------------------------------------------------------------


def parsed(raw: bytes) -> Mapping[str, Any]:
    """The JSON object, or an empty one for anything else."""
    try:
        found = msgspec.json.decode(raw)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def number(headers: Mapping[str, str], name: str) -> float | None:
    """A header that is a number of at least 0 and not absurd; None otherwise."""
    try:
        found = float(headers.get(name, ""))
    except ValueError:
        return None
    return found if 0 <= found < 1e9 else None

"""Email through Resend: one request for each email, each under its own idempotency key.

Why single sends and not Resend's batches of 100: a batch is protected as a whole. Its key promises that the
same request sends nothing twice, and says nothing about the emails in it. Were a worker killed after Resend took
a batch, its leases would run out one by one and other workers would take the same emails in other company:
another request under another key, and everybody gets the email again. A batch would be safe if its composition were
stored before the call and only ever retried whole; one email's fate would then hang on 99 others. A single send
needs none of that: whoever retries it, when, and beside what, it is the same key and the same bytes, and Resend
answers with the first answer. So many emails go out side by side over kept connections, as fast as the limit
allows that Resend's own headers announce. At 5 requests a second that is 18,000 emails an hour.

Exactly once therefore rests on three things: ``Message`` is stored before its first try; ``body`` depends
on nothing but the message; and whoever calls stops within the 24 hours that Resend remembers a key.

What is never in a reason or a log: the API key, the recipient's address.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx
import msgspec

from engine.errors import SettingsError
from engine.model import Accepted, Refused, Retry
from engine.ports import Delivery, Message

PER_SECOND = 5
"""Requests a second for a team, until the first answer's headers say otherwise."""

NAP = 0.0625
"""The longest sleep for a turn, in seconds: another thread's answer may have raised the limit meanwhile."""

KEY = re.compile(r"[!-~]{1,256}")
CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
QUOTAS = {"daily_quota_exceeded": "daily", "monthly_quota_exceeded": "monthly"}
OPERATORS = {
    401: "Resend does not take the API key",
    403: "Resend does not let this API key send this email",
}
FIVE_MINUTES, AN_HOUR = 300.0, 3600.0
LONGEST_ANSWER = 1_000_000
LONGEST_REASON = 300

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, the headers, and the body as far as it is a JSON object."""

    status: int
    headers: Mapping[str, str]
    body: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Resend's name for the error; empty when the answer has not Resend's shape."""
        return str(self.body.get("name") or "")


class Window:
    """The rate limit as Resend tells it: so many requests until the window ends. Shared by all threads."""

    def __init__(
        self,
        limit: int = PER_SECOND,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._limit, self._clock, self._sleep = limit, clock, sleep
        self._left, self._ends = limit, 0.0
        self._lock = threading.Lock()

    def take(self, deadline: float) -> bool:
        """Wait for a turn; False, at once, when none comes before the deadline."""
        while wait := self._ask():
            if self._clock() + wait > deadline:
                return False
            self._sleep(min(wait, NAP))
        return True

    def _ask(self) -> float:
        """0 when a request may go now, else the seconds after which to ask again."""
        with self._lock:
            now = self._clock()
            if now >= self._ends:
                self._left, self._ends = self._limit, now + 1.0
            if self._left < 1:
                return self._ends - now
            self._left -= 1
            return 0.0

    def learn(self, headers: Mapping[str, str]) -> None:
        """Believe the headers: a lower number left counts, as do others who share the limit."""
        limit, left = number(headers, "ratelimit-limit"), number(headers, "ratelimit-remaining")
        reset = number(headers, "ratelimit-reset")
        with self._lock:
            if limit and limit >= 1:
                self._left += max(0, int(limit) - self._limit)
                self._limit = int(limit)
            if left is not None and left < self._left:
                self._left = int(left)
                self._ends = max(self._ends, self._clock() + (reset or 0.0)) if left < 1 else self._ends

    def close_for(self, seconds: float) -> None:
        """Nobody goes for so long: Resend said 429."""
        with self._lock:
            self._left, self._ends = 0, self._clock() + seconds


class ResendMailer:
    """Sends through Resend. Safe to share between threads; ``close`` it at the end.

    ``timeout`` is the seconds that one request may take, ``patience`` how long a call of ``send`` waits for turns
    under the rate limit. A call ends within the sum of both; what had no turn by then is a ``Retry``.
    """

    name = "resend"
    batch = 20  # four seconds at 5 a second: a call stays short against the lease, and a stop need not wait long

    def __init__(
        self,
        api_key: str,
        base_url: str = "https://api.resend.com",
        client: httpx.Client | None = None,
        *,
        timeout: float = 10.0,
        patience: float = 25.0,
        max_concurrency: int = 8,
    ) -> None:
        self.max_concurrency = max_concurrency
        self._api_key, self._url = checked(api_key, base_url)
        # A quarter to connect, a quarter to write, half to read: together no more than the whole.
        self._timeout, self._patience = timeout, patience
        self._timeouts = httpx.Timeout(timeout / 4, read=timeout / 2)
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=max_concurrency)
        self._client = client or httpx.Client(limits=limits)
        self._owned = client is None
        self._window = Window()
        self._pool = ThreadPoolExecutor(max_concurrency, thread_name_prefix="resend")

    def close(self) -> None:
        """Let go of threads and connections (not of a client that was given)."""
        self._pool.shutdown()
        if self._owned:
            self._client.close()

    def send(self, messages: Sequence[Message]) -> Sequence[Delivery]:
        """One answer per message, in the same order."""
        deadline = time.monotonic() + self._patience
        if len(messages) == 1:
            return [self._deliver(messages[0], deadline)]
        return list(self._pool.map(lambda message: self._deliver(message, deadline), messages))

    def _deliver(self, message: Message, deadline: float) -> Delivery:
        """Send one email as soon as the limit allows. A 429 is no try: nothing was sent, so it goes again."""
        try:
            request = self._request(message)
        except ValueError as error:
            return Refused(reason=f"the email cannot be put into a request: {error}")
        while self._window.take(deadline):
            outcome, wait = self._try(request, message)
            if wait is None:
                return outcome
            self._window.close_for(wait)
            if time.monotonic() + wait > deadline:
                return outcome
        return Retry(reason="waiting for a turn under Resend's rate limit", after=1.0)

    def _request(self, message: Message) -> httpx.Request:
        if not KEY.fullmatch(message.key):
            raise ValueError("its key is not 1 to 256 printable ASCII characters")
        headers = {
            "Authorization": f"Bearer {self._api_key}",
            "Content-Type": "application/json",
            "Idempotency-Key": message.key,
            "User-Agent": "busos",
        }
        return self._client.build_request(
            "POST", self._url, content=body(message), headers=headers, timeout=self._timeouts
        )

    def _try(self, request: httpx.Request, message: Message) -> tuple[Delivery, float | None]:
        """One request: its outcome, and the seconds to wait when it was only the rate limit."""
        try:
            answer = self._ask(request)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            return Retry(reason=f"Resend could not be reached ({type(error).__name__})"), None
        except httpx.HTTPError as error:
            reason = f"the connection to Resend broke before its answer ({type(error).__name__})"
            return Retry(reason=reason, uncertain=True), None
        self._window.learn(answer.headers)
        outcome = judge(answer, message, self._masked(answer, message))
        limited = isinstance(outcome, Retry) and answer.status == 429 and answer.name not in QUOTAS
        return outcome, (outcome.after if limited and isinstance(outcome, Retry) else None)

    def _ask(self, request: httpx.Request) -> Answer:
        """Send, and read no longer and no more than an answer of Resend needs."""
        until, read = time.monotonic() + self._timeout, bytearray()
        response = self._client.send(request, stream=True)
        try:
            for piece in response.iter_bytes():
                read += piece
                if time.monotonic() > until or len(read) > LONGEST_ANSWER:
                    raise httpx.ReadTimeout("the answer does not end", request=request)
        finally:
            response.close()
        return Answer(response.status_code, response.headers, parsed(bytes(read)))

    def _masked(self, answer: Answer, message: Message) -> str:
        """The vendor's sentence without the key and without the address."""
        said = str(answer.body.get("message") or "").replace(self._api_key, "[API key]")
        said = CONTROLS.sub(" ", said.replace(message.to, "[recipient]")).strip()
        return said[:LONGEST_REASON] or "no reason given"


def checked(api_key: str, base_url: str) -> tuple[str, str]:
    """The key and the address to post to; SettingsError when they cannot be what they should."""
    if not KEY.fullmatch(api_key.strip()):
        raise SettingsError("RESEND_API_KEY holds a space, a line break or a letter beyond ASCII: copy the key again")
    url = f"{base_url.rstrip('/')}/emails"
    try:
        fits = httpx.URL(url).scheme in ("http", "https") and httpx.URL(url).host
    except httpx.InvalidURL:
        fits = False
    if not fits:
        raise SettingsError(f"RESEND_API_URL is {base_url!r}: expected an address such as https://api.resend.com")
    return api_key.strip(), url


# -- What is sent -------------------------------------------------------------------------------


def body(message: Message) -> bytes:
    """The request body: a function of the message alone, so that every try is the same to the byte."""
    parts: dict[str, Any] = {
        "from": one_line(message.sender),
        "to": [one_line(message.to)],
        "subject": one_line(message.subject),
        "html": message.html,
        "text": message.text,
        "headers": {one_line(name): one_line(value) for name, value in message.headers.items()},
        "reply_to": one_line(message.reply_to or ""),
    }
    return msgspec.json.encode({name: part for name, part in parts.items() if part}, order="sorted")


def one_line(text: str) -> str:
    """Text for a header field: a line break in it would begin another field."""
    return CONTROLS.sub(" ", text).strip()


# -- What it means ------------------------------------------------------------------------------


def judge(answer: Answer, message: Message, said: str) -> Delivery:
    """The outcome that an answer stands for (contracts: errors.json). ``said`` is the vendor's sentence, masked."""
    match answer.status:
        case status if status < 300:
            return taken(answer, message)
        case 409:
            return conflict(answer, message)
        case 429:
            return limited(answer, said)
        case status if status >= 500:
            after = number(answer.headers, "retry-after")
            return Retry(reason=f"Resend failed ({status}): {said}", after=after, uncertain=True)
        case 413:
            return Refused(reason="Resend refused the email: it is too large")
    return mistake(answer, said)


def taken(answer: Answer, message: Message) -> Delivery:
    """2xx: taken when it names the email. Without an id nobody knows what was taken."""
    ident = answer.body.get("id")
    if isinstance(ident, str) and ident:
        return Accepted(template=message.template, subject=message.subject, provider_id=ident)
    reason = f"Resend answered {answer.status} without the id of an email; is RESEND_API_URL right?"
    return Retry(reason=reason, uncertain=True)


def conflict(answer: Answer, message: Message) -> Delivery:
    """409: this key was used before.

    ``invalid_idempotent_request`` says that the email first sent under the key had another body. One
    email went out for this step, and a second one must not: accepted, without an id to show, and with a warning,
    because a stored message ought not to change.
    """
    if answer.name == "invalid_idempotent_request":
        log.warning("Resend holds another email under the key %s; it was sent, this one is not", message.key)
        return Accepted(template=message.template, subject=message.subject)
    return Retry(reason="Resend is still busy with the first try of this email", after=5.0, uncertain=True)


def limited(answer: Answer, said: str) -> Retry:
    """429: too fast, or the quota is used up."""
    if quota := QUOTAS.get(answer.name):
        advice = "raise the plan at resend.com, or wait; the emails wait and none is lost"
        return Retry(reason=f"Resend's {quota} sending quota is used up: {advice}", after=AN_HOUR)
    told = number(answer.headers, "retry-after")
    return Retry(reason=f"Resend asks to go slower: {said}", after=1.0 if told is None else max(told, NAP))


def mistake(answer: Answer, said: str) -> Delivery:
    """3xx and 4xx: the operator's to mend (wait), or this email's fault (refuse)."""
    if not answer.name:
        reason = f"an answer {answer.status} that is not Resend's; is RESEND_API_URL right, is a proxy between?"
        return Retry(reason=reason, after=FIVE_MINUTES)
    if trouble := OPERATORS.get(answer.status):
        advice = "check RESEND_API_KEY and that the sender's domain is verified; the emails wait and none is lost"
        return Retry(reason=f"{trouble} ({said}): {advice}", after=FIVE_MINUTES)
    return Refused(reason=f"Resend refused the email ({answer.name}): {said}")


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

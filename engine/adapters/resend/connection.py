"""The way to Resend: requests over kept connections, and what their answers tell the pace."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping

import httpx

from engine.adapters.resend.answers import A_MOMENT, Answer, number, parsed
from engine.adapters.resend.requests import checked, checked_key
from engine.model import Retry
from engine.ports import Message, Pace

LONGEST_ANSWER = 1_000_000


class Connection:
    """Asks. ``timeout`` is the seconds that one request may take, ``kept`` how many connections stay open."""

    def __init__(
        self, api_key: str, base_url: str, client: httpx.Client | None, *, pace: Pace, timeout: float, kept: int
    ) -> None:
        self._api_key, self._url = checked(api_key, base_url)
        self._timeout = timeout
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=kept)
        self._client = client or httpx.Client(limits=limits)
        self._owned = client is None
        self.pace = pace

    def close(self) -> None:
        """Let go of connections (not of a client that was given)."""
        if self._owned:
            self._client.close()

    def post(self, path: str, content: bytes, key: str, **more: str) -> httpx.Request:
        """A request under an idempotency key; ValueError when it cannot be made."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": checked_key(key), **more}
        return self._client.build_request(
            "POST", self._url + path, content=content, headers=self._headers(headers), timeout=self._timeouts
        )

    def get(self, path: str, **query: str) -> httpx.Request:
        """A question."""
        return self._client.build_request(
            "GET", self._url + path, params=query, headers=self._headers({}), timeout=self._timeouts
        )

    def _headers(self, more: Mapping[str, str]) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self._api_key}", "User-Agent": "busos", **more}

    @property
    def _timeouts(self) -> httpx.Timeout:
        """A quarter to connect, a quarter to write, half to read: together no more than the whole."""
        return httpx.Timeout(self._timeout / 4, read=self._timeout / 2)

    def ask(self, request: httpx.Request, about: Iterable[Message] = ()) -> Answer | Retry:
        """The answer, or what it means that there is none: not reached, or broken with the outcome unknown.

        The addresses of those whom it is about are not shown in what the vendor says.
        """
        secrets = {self._api_key: "[API key]", **{message.to: "[recipient]" for message in about if message.to}}
        try:
            answer = self._ask(request, secrets)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            reason = f"Resend could not be reached ({type(error).__name__})"
            return Retry(reason=reason, after=A_MOMENT, vendor_wide=True)
        except httpx.HTTPError as error:
            reason = f"the connection to Resend broke before its answer ({type(error).__name__})"
            return Retry(reason=reason, uncertain=True)
        self._learn(answer.headers)
        return answer

    def _ask(self, request: httpx.Request, secrets: Mapping[str, str]) -> Answer:
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
        return Answer(response.status_code, response.headers, parsed(bytes(read)), secrets, request.content)

    def _learn(self, headers: Mapping[str, str]) -> None:
        limit, left = number(headers, "ratelimit-limit"), number(headers, "ratelimit-remaining")
        self.pace.learn(
            limit=None if limit is None else int(limit),
            left=None if left is None else int(left),
            reset=number(headers, "ratelimit-reset"),
        )


class Call:
    """One call of the mailer: what its answers tell the pace. Once nobody gets through, the rest is not tried."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self.stopped: Retry | None = None

    def missed(self, outcome: Retry) -> Retry:
        """There was no answer. That there is no way to Resend is one fault, however many emails would have gone."""
        if not outcome.vendor_wide:
            self._failed(outcome)
        elif self._stop(outcome):
            self._pace.failed(outcome.reason)
        return outcome

    def heard(self, answer: Answer, outcome: object) -> None:
        """There was one, and this is what it means."""
        if isinstance(outcome, Retry) and outcome.vendor_wide:
            if self._stop(outcome):
                self._pace.close(outcome.after or 0.0, outcome.reason)
        elif isinstance(outcome, Retry) and (answer.status >= 500 or not answer.name):
            self._failed(outcome)
        else:
            self._pace.worked()

    def _failed(self, outcome: Retry) -> None:
        """Resend failed on this request; too many of these in a row, and the rest of the call is not tried."""
        self._pace.failed(outcome.reason)
        if shut := self._pace.shut():
            self._stop(Retry(reason=shut[1], after=self._pace.wait(), vendor_wide=True))

    def _stop(self, answer: Retry) -> bool:
        """Nobody gets through; whether that is news in this call."""
        first, self.stopped = self.stopped is None, answer
        return first

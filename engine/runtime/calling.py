"""Calls to web addresses: made apart from the runs that asked for them, which wait and are told what came of it.

A call is an errand whose id is made of the run, its step and the moment at which it asked. So a run that asks again
while the call is out adds nothing, and one that was held and asks anew makes another call. What came of it is written
together with the run's being due; whoever takes the run next finds it there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256

import msgspec

from engine.model import Answered, CallWeb, Playbook, Refused, Replied, Retry, Run, RunStatus, Tick
from engine.payloads import read_answer
from engine.ports import Web, WebAnswer, WebCall
from engine.runtime.ledger import Ledger, OutboxItem, OutboxKind, Transaction
from engine.runtime.ledger.encoding import millis
from engine.runtime.post import Turn
from engine.runtime.settings import HTTP_SECRET

PAUSED = timedelta(minutes=1)
"""When the call of a paused run is looked at again."""


def call_item(call: CallWeb, run: Run, now: datetime) -> OutboxItem:
    """The errand of a run that is calling."""
    payload = {"run": run.id, "call": msgspec.to_builtins(call)}
    return OutboxItem(id=call_id(run), kind="call", payload=payload, due_at=now, created_at=now)


def call_id(run: Run) -> str:
    """Which call a run waits for: the receiver gets this as the idempotency key."""
    return id_of_call(run.id, run.step, millis(run.asked_at) if run.asked_at else 0)  # as it is after it was stored


def id_of_call(run_id: str, step: str | None, asked: int) -> str:
    """The id of the call that a run asked for at a step and a moment, in milliseconds."""
    return sha256(f"{run_id}\n{step}\n{asked}".encode()).hexdigest()[:40]


class CallErrand:
    """Makes the calls that runs wait for."""

    kind: OutboxKind = "call"
    batch = 4

    def __init__(
        self, ledger: Ledger, web: Web, playbook: Callable[[], Playbook], secrets: Mapping[str, str] | None = None
    ) -> None:
        self._ledger = ledger
        self._web = web
        self._playbook = playbook
        self._secrets = secrets or {}

    def run(self, items: Sequence[OutboxItem]) -> Sequence[Replied | Retry | Refused]:
        """Make each, unless nobody waits for it any more."""
        return [self._make(item) for item in items]

    def settled(self, tx: Transaction, items: Sequence[OutboxItem], now: datetime) -> None:
        """These calls are over: their runs want to know."""
        tx.wake_calling([item.payload["run"] for item in items], now)

    def _make(self, item: OutboxItem) -> Replied | Retry | Refused:
        with self._ledger.read() as tx:
            run = tx.run(item.payload["run"])
            paused = bool(tx.paused_among([item.payload["run"]]))
        if run is None or run.status is not RunStatus.CALLING or call_id(run) != item.id:
            return Refused(reason="nobody waits for this call any more")
        if paused:
            return Retry(reason="the run is paused", after=PAUSED.total_seconds())
        return self._answer(item.id, msgspec.convert(item.payload["call"], CallWeb))

    def _answer(self, key: str, call: CallWeb) -> Replied | Retry | Refused:
        missing = [HTTP_SECRET + name for _, name in call.secrets if name not in self._secrets]
        if missing:
            return Refused(reason=f"{' and '.join(missing)} must be set: a header of this call needs it")
        answer = self._web.call(self._request(key, call))
        if not isinstance(answer, WebAnswer):
            return answer
        if answer.status is None:
            return Replied(told=f"{answer.told}; nothing was saved" if call.save_as else answer.told)
        values = read_answer(answer.value, call.save_as, self._playbook().vocabulary)
        if isinstance(values, str):
            return Refused(reason=f"{answer.told}, but {values}")
        return Replied(told=answer.told, values=values)

    def _request(self, key: str, call: CallWeb) -> WebCall:
        kind = {"content-type": "application/json"} if call.body is not None else {}
        return WebCall(
            key=key,
            method=call.method,
            url=call.url,
            headers={**kind, **dict(call.headers), **{name: self._secrets[secret] for name, secret in call.secrets}},
            body=(call.body or "").encode(),
            expect=frozenset(call.expect),
        )


class RecordedWeb:
    """Nothing goes to the outside here: calls are told of in the story, and not made."""

    name = "recorded"

    def call(self, call: WebCall) -> WebAnswer:
        """Said is all it takes."""
        return WebAnswer(told=f"{call.method} {call.host}: not called, because BUSOS_HTTP_ALLOW is not set")


def with_replies(tx: Transaction, turns: Sequence[Turn]) -> Sequence[Turn]:
    """The turns, where a run that is calling has an answer by now with that as what happened."""
    calling = [turn for turn in turns if turn.run.status is RunStatus.CALLING and isinstance(turn.event, Tick)]
    if not calling:
        return turns
    found = {item.id: item for item in tx.errands([call_id(turn.run) for turn in calling])}
    replies = {turn.run.id: _reply(item) for turn in calling if (item := found.get(call_id(turn.run)))}
    return [turn.evolve(event=reply) if (reply := replies.get(turn.run.id)) else turn for turn in turns]


def _reply(item: OutboxItem) -> Answered | None:
    match item.status:
        case "done":
            return Answered(msgspec.convert(item.payload, Replied))
        case "failed":
            return Answered(Refused(reason=item.error or "it failed"))
        case _:
            return Answered(Retry(reason=item.error)) if item.error else None

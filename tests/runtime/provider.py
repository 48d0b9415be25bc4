"""A provider that takes emails one by one and in batches, and keeps what Resend promises about keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from engine.model import Accepted, Refused, Retry
from engine.ports import Conflict, Delivery, Found, Message, NeverTaken, Sought
from tests.runtime.conftest import ScriptedMailer


class Killed(BaseException):
    """The process is gone: nothing catches it."""


UNSURE = Retry(reason="no answer", uncertain=True)
SLOWER = Retry(reason="too many requests", vendor_wide=True)
WHOLE = Retry(reason="the provider refused all of it")


@dataclass
class Provider(ScriptedMailer):
    """Takes each key once. ``sent`` is what reached people, ``asked`` the keys and addresses of every request.

    ``faults`` come one for each request: "drop" (taken, without an answer), "500" and "429" (not taken), "refused"
    (a batch as a whole), "die" and "die after" (the process that asks is killed, before or after). ``poison`` are
    addresses that make it fail, ``unwanted`` those that it refuses. ``meanwhile`` is called when it was taken.
    """

    name: str = "provider"
    bulk: int = 100
    faults: list[str] = field(default_factory=list)
    poison: set[str] = field(default_factory=set)
    unwanted: set[str] = field(default_factory=set)
    sees: bool = True
    meanwhile: Callable[[], None] = lambda: None
    sent: list[Message] = field(default_factory=list)
    asked: list[tuple[str, list[str]]] = field(default_factory=list)
    known: dict[str, tuple[list[Message], list[Delivery]]] = field(default_factory=dict)
    listed: dict[str, Message] = field(default_factory=dict)

    def send(self, messages: Sequence[Message]) -> Sequence[Delivery]:
        return [self._single(message) for message in messages]

    def send_batch(self, key: str, messages: Sequence[Message]) -> Sequence[Delivery] | Retry | Conflict:  # type: ignore[override]
        assert len(messages) <= self.bulk, "a request that is too long"
        return self._ask(key, list(messages))

    def look_up(self, sought: Sequence[Sought]) -> Sequence[Found]:
        return [self._look(one) if self.sees else None for one in sought]

    @property
    def reached(self) -> list[tuple[str, str]]:
        """Who got what, sorted."""
        return sorted((message.to, message.template) for message in self.sent)

    def _single(self, message: Message) -> Delivery:
        answer = self._ask(message.key, [message])
        assert not isinstance(answer, Conflict), "one key, two contents"
        return answer if isinstance(answer, Retry) else answer[0]

    def _ask(self, key: str, messages: list[Message]) -> Sequence[Delivery] | Retry | Conflict:
        self.asked.append((key, [message.to for message in messages]))
        fault = self.faults.pop(0) if self.faults else "ok"
        if fault == "die":
            raise Killed
        if fault in ("429", "refused"):
            return SLOWER if fault == "429" else WHOLE
        if fault == "500" or any(message.to in self.poison for message in messages):
            return UNSURE
        answer = self._take(key, messages)
        self.meanwhile()
        if fault == "die after":
            raise Killed
        return UNSURE if fault == "drop" else answer

    def _take(self, key: str, messages: list[Message]) -> Sequence[Delivery] | Conflict:
        if key not in self.known:
            self.known[key] = (messages, [self._accept(message) for message in messages])
        first, answers = self.known[key]
        return answers if first == messages else Conflict()

    def _accept(self, message: Message) -> Delivery:
        if message.to in self.unwanted:
            return Refused(reason="no such person")
        self.sent.append(message)
        ident = f"p-{len(self.sent)}"
        self.listed[ident] = message
        return Accepted(template=message.template, subject=message.subject, provider_id=ident)

    def _look(self, one: Sought) -> Found:
        mine = [ident for ident, message in self.listed.items() if message == one.message and ident not in one.others]
        if not mine:
            return NeverTaken()
        return Accepted(template=one.message.template, subject=one.message.subject, provider_id=mine[0])

"""GuardedMailer: in testing mode nobody off the list gets an email."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from engine.adapters.guard import KEPT, GuardedMailer
from engine.model import Accepted, Refused
from engine.ports import Delivery, Message


class Recorder:
    """A mailer that refuses everything, so that its answers differ from the guard's."""

    name = "recorder"
    batch = 7

    def __init__(self) -> None:
        self.calls: list[list[str]] = []

    def send(self, messages: Sequence[Message]) -> Sequence[Delivery]:
        self.calls.append([message.to for message in messages])
        return [Refused(reason=f"to {message.to}") for message in messages]


def to(address: str) -> Message:
    return Message(key=address, template="t", sender="s@example.com", to=address, subject="S", html="h", text="t")


@pytest.mark.parametrize(
    "address", ["ada@example.com", "ADA@Example.COM", "a.b+c@example.com", "team@partner.example.org"]
)
def test_addresses_on_the_list_are_handed_on(address: str) -> None:
    inner = Recorder()
    answers = GuardedMailer(inner, ["*@Example.com ", "team@partner.example.org"]).send([to(address)])
    assert inner.calls == [[address]]
    assert answers == [Refused(reason=f"to {address}")]


@pytest.mark.parametrize(
    "address",
    [
        "ada@example.org",
        "ada@example.com.evil.org",
        "eve@evil.org,ada@example.com",
        "eve@evil.org ada@example.com",
        "eve@evil.org@example.com",
        "eve@evil.org;ada@example.com",
        '"eve@evil.org"@example.com',
        "eve@evil.org(@example.com",
        "<eve@evil.org>ada@example.com",
        "eve@evil.org\r\n@example.com",
        "@example.com",
        "",
    ],
)
def test_everybody_else_s_email_is_kept_and_says_so(address: str) -> None:
    inner = Recorder()
    answers = GuardedMailer(inner, ["*@example.com"]).send([to(address)])
    assert inner.calls == []
    assert answers == [Accepted(template="t", subject="S", provider_id=KEPT)]


def test_answers_stay_with_their_messages() -> None:
    inner = Recorder()
    addresses = ["a@example.com", "b@example.org", "c@example.com", "d@example.org"]
    answers = GuardedMailer(inner, ["*@example.com"]).send([to(address) for address in addresses])
    assert inner.calls == [["a@example.com", "c@example.com"]]
    assert [type(answer) for answer in answers] == [Refused, Accepted, Refused, Accepted]
    assert answers[2] == Refused(reason="to c@example.com")


def test_an_empty_list_lets_nobody_through() -> None:
    inner = Recorder()
    GuardedMailer(inner, []).send([to("ada@example.com")])
    assert inner.calls == []


def test_the_guard_looks_like_the_mailer_it_guards() -> None:
    guarded = GuardedMailer(Recorder(), [])
    assert (guarded.name, guarded.batch) == ("recorder", 7)

"""GuardedMailer: in testing mode nobody off the list gets an email."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from engine.adapters.guard import KEPT, GuardedMailer
from engine.model import Accepted, Refused, Retry
from engine.ports import Conflict, Delivery, Message, OneByOne, Sought


class Recorder(OneByOne):
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
    assert (guarded.name, guarded.batch, guarded.bulk) == ("recorder", 7, 1)


class Together(Recorder):
    """Takes many in one request."""

    bulk = 100

    def __init__(self, answer: Retry | Conflict | None = None) -> None:
        super().__init__()
        self.answer = answer

    def send_batch(self, key: str, messages: Sequence[Message]) -> Any:
        self.calls.append([key, *(message.to for message in messages)])
        return self.answer or [Refused(reason=f"to {message.to}") for message in messages]


ONE_OF_TWO = [to("b@elsewhere.example"), to("a@example.com")]


def test_of_a_batch_only_the_listed_go_and_the_others_count_as_sent() -> None:
    inner = Together()
    answers = GuardedMailer(inner, ["*@example.com"]).send_batch("k", ONE_OF_TWO)
    assert inner.calls == [["k", "a@example.com"]]
    assert answers == [Accepted(template="t", subject="S", provider_id=KEPT), Refused(reason="to a@example.com")]


def test_a_batch_of_which_nobody_is_listed_is_no_request() -> None:
    inner = Together()
    answers = GuardedMailer(inner, []).send_batch("k", ONE_OF_TWO)
    assert (inner.calls, [type(answer) for answer in answers]) == ([], [Accepted, Accepted])


@pytest.mark.parametrize("answer", [Retry(reason="busy", uncertain=True), Conflict()])
def test_an_answer_for_the_whole_batch_is_handed_on(answer: Retry | Conflict) -> None:
    assert GuardedMailer(Together(answer), ["*@example.com"]).send_batch("k", ONE_OF_TWO) == answer


def test_what_is_kept_proves_nothing_about_its_batch() -> None:
    inner = Together()
    answer = GuardedMailer(inner, []).send_batch("k", [to("a@example.com")])
    assert isinstance(answer, Retry)
    assert answer.uncertain
    assert inner.calls == []


def test_looking_is_allowed_for_everybody() -> None:
    sought = [Sought(message=to("a@example.com"), first=timedelta(), last=timedelta())]
    assert GuardedMailer(Recorder(), []).look_up(sought) == [None]

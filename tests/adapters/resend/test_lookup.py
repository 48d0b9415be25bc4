"""Looking for emails among those that the stand-in took: found, surely not there, or not to be told."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from engine.adapters.resend import ResendMailer, lookup
from engine.model import Accepted
from engine.pacing import PaceState
from engine.ports import Found, Message, NeverTaken, Sought
from engine.runtime.paces import SharedPace
from tests.adapters.resend.conftest import a_message, a_pace
from tests.standins.resend import Resend
from tests.standins.server import Faults, StandIn

DAY = timedelta(hours=24)
HOUR = timedelta(hours=1)


def look(mailer: ResendMailer, *messages: Message, first: timedelta = HOUR, **changes: Any) -> Sequence[Found]:
    return mailer.look_up([Sought(message=one, first=first, **{"last": HOUR, **changes}) for one in messages])


def took(resend: StandIn[Resend], message: Message, *, ago: timedelta = timedelta(), **changes: Any) -> str:
    """Resend took an email so long ago; its id."""
    ident = f"re_{len(resend.vendor.accepted)}"
    kept = {"from": message.sender, "to": [message.to], "subject": message.subject, "html": message.html}
    at = time.time() - ago.total_seconds()
    resend.vendor.accepted.append(
        {**kept, "id": ident, "key": None, "index": None, "at": at, "account": None, **changes}
    )
    return ident


def test_an_email_that_was_taken_is_found_alone_or_in_a_batch(resend: StandIn[Resend], mailer: ResendMailer) -> None:
    alone, batch = a_message(1), [a_message(number) for number in (2, 3)]
    mailer.send([alone])
    mailer.send_batch("batch/1", batch)
    ids = [email["id"] for email in resend.vendor.accepted]
    assert look(mailer, alone, *batch) == [
        Accepted(template="email_1", subject=one.subject, provider_id=ident)
        for one, ident in zip([alone, *batch], ids, strict=True)
    ]
    assert resend.vendor.violations == []


def test_an_email_that_was_never_taken_is_surely_not_there(resend: StandIn[Resend], mailer: ResendMailer) -> None:
    took(resend, a_message(2))
    assert look(mailer, a_message(1)) == [NeverTaken()]


def test_capitals_and_spaces_do_not_hide_an_email(resend: StandIn[Resend], mailer: ResendMailer) -> None:
    took(resend, a_message(1), to=["Ada@Example.com"], subject="Hello  1 ")
    assert look(mailer, a_message(1)) == [Accepted(template="email_1", subject="Hello 1", provider_id="re_0")]


def test_an_email_that_only_looks_like_it_proves_nothing(resend: StandIn[Resend], mailer: ResendMailer) -> None:
    took(resend, a_message(1, html="<p>Another text</p>"))
    assert look(mailer, a_message(1)) == [None]


def test_the_same_text_sent_before_its_first_try_is_another_email(
    resend: StandIn[Resend], mailer: ResendMailer
) -> None:
    took(resend, a_message(1), ago=timedelta(hours=5))
    assert look(mailer, a_message(1)) == [NeverTaken()]


def test_an_email_that_the_ledger_knows_as_another_one_is_not_it(resend: StandIn[Resend], mailer: ResendMailer) -> None:
    ident = took(resend, a_message(1))
    assert look(mailer, a_message(1), others=frozenset({ident})) == [NeverTaken()]


def test_one_email_is_not_found_for_two(resend: StandIn[Resend], mailer: ResendMailer) -> None:
    took(resend, a_message(1))
    first, second = look(mailer, a_message(1), a_message(1))
    assert (isinstance(first, Accepted), second) == (True, NeverTaken())


def test_what_was_tried_a_moment_ago_may_not_be_listed_yet(resend: StandIn[Resend], mailer: ResendMailer) -> None:
    assert look(mailer, a_message(1), last=timedelta(seconds=30)) == [None]


def test_the_list_must_reach_back_beyond_the_first_try(resend: StandIn[Resend], mailer: ResendMailer) -> None:
    took(resend, a_message(2), ago=timedelta(hours=2))
    too_short = look(mailer, a_message(1), first=DAY)
    resend.vendor.accepted.insert(0, {**resend.vendor.accepted[0], "id": "old", "at": time.time() - 30 * 3600})
    assert (too_short, look(mailer, a_message(1), first=DAY)) == ([None], [NeverTaken()])


def test_pages_are_turned_until_it_is_found(resend: StandIn[Resend], mailer: ResendMailer) -> None:
    took(resend, a_message(1))
    for number in range(2, 300):
        took(resend, a_message(number))
    assert look(mailer, a_message(1)) == [Accepted(template="email_1", subject="Hello 1", provider_id="re_0")]
    assert [line["path"] for line in resend.vendor.requests] == ["/emails"] * 3 + ["/emails/re_0"]


def test_a_list_too_long_to_read_proves_nothing(
    resend: StandIn[Resend], mailer: ResendMailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookup, "MOST_PAGES", 2)
    for number in range(2, 400):
        took(resend, a_message(number))
    assert look(mailer, a_message(1)) == [None]


def test_a_key_that_may_only_send_sees_nothing_and_is_not_asked_again(resend: StandIn[Resend]) -> None:
    pace = a_pace()
    mailer = ResendMailer("re_sending_only", resend.url, pace=pace)
    assert [look(mailer, a_message(1)), look(mailer, a_message(2))] == [[None], [None]]
    assert isinstance(mailer.send([a_message(1)])[0], Accepted)
    mailer.close()
    assert len(resend.vendor.requests) == 2
    assert pace.shut() is None, "an email may go all the same"


@pytest.mark.parametrize(
    "spoken",
    [
        "500",
        "429",
        "drop",
        "garbage",
        {"status": 404, "body": {"name": "not_found"}},
        {"status": 200, "body": {"has_more": False, "data": [{"id": "re_9"}]}},
        {"status": 200, "body": {"has_more": False, "data": "none"}},
        {"status": 200, "body": {"data": []}},
        {
            "status": 200,
            "body": {"has_more": False, "data": [{"id": "1", "to": ["a"], "subject": "s", "created_at": "?"}]},
        },
    ],
)
def test_an_answer_that_tells_nothing_proves_nothing(
    resend: StandIn[Resend], mailer: ResendMailer, spoken: Any
) -> None:
    resend.faults = Faults(script=[spoken])
    assert look(mailer, a_message(1)) == [None]


def test_while_resend_lets_nobody_through_nobody_looks(
    resend: StandIn[Resend], mailer: ResendMailer, pace: SharedPace
) -> None:
    pace.close(600, "the quota is used up")
    assert look(mailer, a_message(1)) == [None]
    assert resend.vendor.requests == []


def test_every_look_has_a_permit() -> None:
    pace = a_pace(PaceState(limit=2, seconds=30.0))
    with StandIn(Resend(rate=2)) as server:
        mailer = ResendMailer("re_1", server.url, pace=pace)
        took(server, a_message(1))
        assert isinstance(look(mailer, a_message(1))[0], Accepted)
        mailer.close()
    assert pace.take(1) == 0


@pytest.mark.parametrize("written", ["2023-04-03 22:13:42.674981+00", "2023-04-03T22:13:42.674981Z"])
def test_a_moment_is_read_as_resend_writes_it(written: str) -> None:
    assert lookup.moment(written).isoformat() == "2023-04-03T22:13:42.674981+00:00"

"""Emails: stored before the first try, once for each run and step."""

from __future__ import annotations

import zlib
from datetime import timedelta

import msgspec
import pytest

from engine.model import TemplateText
from engine.rendering import render
from engine.runtime.ledger import EmailResult
from engine.runtime.ledger.encoding import SPECIMEN, message_bytes, message_from


@pytest.fixture
def run(begin):
    return begin(1)


def put(ledger, *records):
    with ledger.write() as tx:
        tx.put_emails(records)


def get(ledger, record):
    with ledger.read() as tx:
        return tx.emails([(record.run_id, record.step)])[record.run_id, record.step]


def test_an_email_comes_back_with_the_very_message_that_was_rendered(ledger, run, an_email):
    record = an_email(run)
    put(ledger, record)
    assert get(ledger, record) == record.evolve(number=1)


def test_a_second_rendering_of_the_same_step_changes_nothing(ledger, run, an_email):
    record = an_email(run)
    put(ledger, record)
    other = record.evolve(key="another", message=record.message.evolve(subject="Other words"))
    put(ledger, other)
    assert get(ledger, record).message.subject == "Hello, Ada ✨"
    with ledger.read() as tx:
        assert tx.email_by_key("another") is None
        assert tx.email_by_key(record.key) == get(ledger, record)


def test_only_the_pairs_that_were_asked_for_come_back(ledger, run, an_email):
    put(ledger, an_email(run, "email_1"), an_email(run, "email_2"))
    with ledger.read() as tx:
        assert list(tx.emails([(run.id, "email_2"), (run.id, "email_9")])) == [(run.id, "email_2")]
        assert [record.step for record in tx.emails_of_run(run.id)] == ["email_1", "email_2"]


def test_tries_are_counted_and_the_first_is_remembered(ledger, run, an_email, noon):
    record = an_email(run)
    put(ledger, record)
    for minutes in (0, 5):
        with ledger.write() as tx:
            tx.tried([(record.run_id, record.step)], noon + timedelta(minutes=minutes))
    found = get(ledger, record)
    assert (found.attempts, found.first_tried_at, found.tried_at) == (2, noon, noon + timedelta(minutes=5))


def test_an_email_that_was_accepted_stays_so(ledger, run, an_email, noon):
    record = an_email(run)
    put(ledger, record)
    ours = {"run_id": run.id, "step": record.step}
    with ledger.write() as tx:
        tx.settle_emails([EmailResult(**ours, status="asked", error="timed out")], noon)
        assert tx.emails_of_run(run.id)[0].error == "timed out"
        tx.settle_emails([EmailResult(**ours, status="accepted", provider_id="re_1")], noon)
        tx.settle_emails([EmailResult(**ours, status="refused", error="late")], noon + timedelta(hours=1))
    found = get(ledger, record)
    assert (found.status, found.provider_id, found.error, found.accepted_at) == ("accepted", "re_1", None, noon)


def test_emails_are_listed_newest_first_in_pages_by_search_and_by_mailer(ledger, run, an_email):
    put(
        ledger,
        an_email(run, "email_1", to="Ada@example.com"),
        an_email(run, "email_2", to="ada_b@example.com"),
        an_email(run, "email_3", to="sang@example.com", template="last_call"),
        an_email(run, "email_4").evolve(mailer="outbox"),
    )

    def steps(**asked):
        with ledger.read() as tx:
            return [record.step for record in tx.recent_emails(**asked)]

    assert steps() == ["email_4", "email_3", "email_2", "email_1"]
    assert steps(limit=2, before=4) == ["email_3", "email_2"]
    assert steps(search="LAST") == ["email_3"]
    assert steps(search="ada_") == ["email_2"]  # _ is a sign of its own, not any character
    assert steps(search="%") == []
    assert steps(mailer="outbox") == ["email_4"]
    with ledger.read() as tx:
        assert [record.step for record in tx.emails_to("ADA@example.com")] == ["email_4", "email_1"]
        assert tx.email_counts() == {"asked": 4}


def test_a_message_is_kept_smaller_than_it_is(run, an_email):
    message = an_email(run).message
    assert message_from(message_bytes(message)) == message
    assert len(message_bytes(message)) < len(message.html)


def test_our_layout_is_not_kept_with_every_message(run, an_email):
    text = TemplateText(name="hello", subject="Hello", body="A few words.", format="markdown")
    html = render(text, {"sender_name": "Ada", "unsubscribe_url": "https://example.com/u/1"}).html
    message = an_email(run).message.evolve(html=html)
    assert len(message_bytes(message)) < len(html) / 6, "the layout has changed much: keep a second specimen"
    assert message_from(message_bytes(message)) == message


def test_messages_are_read_for_ever(run, an_email):
    message = an_email(run).message
    plain = msgspec.json.encode(message.evolve(headers=dict(message.headers)))
    assert message_from(zlib.compress(plain)) == message  # as the first version kept them
    assert zlib.adler32(SPECIMEN) == 1370802460  # as stored messages name it


def test_a_message_that_was_cut_short_is_not_read_as_another(run, an_email):
    whole = message_bytes(an_email(run).message)
    with pytest.raises(msgspec.DecodeError):
        message_from(whole[:-20])


def test_only_a_refused_email_makes_room_for_another_rendering(ledger, run, an_email, noon):
    sent, refused = an_email(run, "email_1"), an_email(run, "email_2")
    put(ledger, sent, refused)
    with ledger.write() as tx:
        tx.settle_emails([EmailResult(run_id=run.id, step="email_2", status="refused", error="no such address")], noon)
        tx.forget_refused([(run.id, "email_1"), (run.id, "email_2")])
    put(ledger, *(one.evolve(message=one.message.evolve(subject="Other words")) for one in (sent, refused)))
    assert [get(ledger, one).message.subject for one in (sent, refused)] == ["Hello, Ada ✨", "Other words"]

"""Contacts, events and revisions: what a webhook leaves in the ledger."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType

import pytest
from sqlalchemy.exc import IntegrityError

from engine.runtime.ledger import Revision, StoredEvent, email_key

VALUES = {"name": "Ada", "red_systems": 2, "score": 1.5, "customer": False, "interests": ["a", "b"]}


def test_a_contact_comes_back_as_it_was_by_any_spelling_of_its_address(ledger, a_contact, noon):
    contact = a_contact(1, email="Ada@Example.com", values=MappingProxyType(VALUES), known=False, suppressed="bounced")
    with ledger.write() as tx:
        tx.put_contacts([contact], noon)
    with ledger.read() as tx:
        assert tx.contacts_by_email([" ADA@example.COM", "nobody@example.com"]) == {"ada@example.com": contact}
        assert tx.contacts(["c0001", "c0002"]) == {"c0001": contact}


def test_putting_a_contact_again_writes_it_whole(ledger, a_contact, noon):
    with ledger.write() as tx:
        tx.put_contacts([a_contact(1, values=VALUES)], noon)
        tx.put_contacts([a_contact(1, email="new@example.com", values={"name": "Ada"})], noon)
    with ledger.read() as tx:
        assert list(tx.contacts_by_email(["ada1@example.com", "new@example.com"])) == ["new@example.com"]
        assert tx.contacts(["c0001"])["c0001"].values == {"name": "Ada"}


def test_two_contacts_cannot_share_an_address(ledger, a_contact, noon):
    with pytest.raises(IntegrityError), ledger.write() as tx:
        tx.put_contacts([a_contact(1), a_contact(2, email="ADA1@example.com")], noon)


def test_patches_are_laid_over_each_other_and_none_takes_a_value_away(ledger, a_contact, noon):
    with ledger.write() as tx:
        tx.put_contacts([a_contact(1, values=VALUES), a_contact(2)], noon)
    with ledger.write() as tx:
        merged = tx.merge_values(
            [("c0001", {"name": None, "red_systems": 3}), ("c0001", {"red_systems": 4}), ("c0404", {"name": "x"})], noon
        )
    assert set(merged) == {"c0001"}
    with ledger.read() as tx:
        values = tx.contacts(["c0001"])["c0001"].values
    assert values == merged["c0001"].values == {**{k: v for k, v in VALUES.items() if k != "name"}, "red_systems": 4}


def test_the_first_reason_of_a_suppression_is_kept(ledger, a_contact, noon):
    with ledger.write() as tx:
        tx.put_contacts([a_contact(1)], noon)
        tx.suppress(["c0001"], "complained", noon)
        tx.suppress(["c0001"], "unsubscribed", noon)
        assert tx.contacts(["c0001"])["c0001"].suppressed == "complained"


def test_more_contacts_than_one_statement_names_are_found(ledger, a_contact, noon):
    with ledger.write() as tx:
        tx.put_contacts([a_contact(n) for n in range(1200)], noon)
        assert len(tx.contacts([f"c{n:04}" for n in range(1200)])) == 1200


@pytest.mark.parametrize("written", ["Ada@Example.com", "  ada@example.com\n", "ADA@EXAMPLE.COM"])
def test_every_spelling_of_an_address_has_one_key(written):
    assert email_key(written) == "ada@example.com"


@pytest.fixture
def event(noon):
    return StoredEvent(
        id="e1",
        trigger="signup",
        contact_id="c0001",
        email="Ada@example.com",
        payload={"name": "Ada", "red_systems": None},
        accepted_at=noon,
        revision="f" * 64,
        key="key-1",
        body_hash="abc",
        segment="URGENT",
    )


def test_an_event_is_found_by_its_trigger_and_key(ledger, event):
    elsewhere = replace(event, id="e2", trigger="assessment")
    with ledger.write() as tx:
        tx.add_events([event, elsewhere])
    with ledger.read() as tx:
        found = tx.events_by_key([("signup", "key-1"), ("signup", "key-2"), ("assessment", "key-1")])
        assert found == {("signup", "key-1"): event, ("assessment", "key-1"): elsewhere}
        assert tx.event("e1") == event
        assert tx.event("e9") is None


def test_a_key_is_used_once_for_each_trigger_and_no_key_any_number_of_times(ledger, event):
    with ledger.write() as tx:
        tx.add_events([event, replace(event, id="e2", key=None), replace(event, id="e3", key=None)])
    with pytest.raises(IntegrityError), ledger.write() as tx:
        tx.add_events([replace(event, id="e4")])


def test_a_key_may_be_any_text(ledger, event):
    keys = [
        "",
        "NULL",
        "null",
        "a,b",
        "{a}",
        '"',
        '\\"',
        "\\",
        "\\\\n",
        "a\nb",
        "\t",
        "it's",
        "%s",
        ":id",
        "Größe 🌻",
        "a b",
        "[1]",
        "$1",
    ]
    with ledger.write() as tx:
        tx.add_events([replace(event, id=f"e{number}", key=key) for number, key in enumerate(keys)])
        found = tx.events_by_key([("signup", key) for key in [*keys, "another", "n"]])
    assert {key: one.id for (_, key), one in found.items()} == {key: f"e{n}" for n, key in enumerate(keys)}


def test_a_revision_named_by_a_row_before_it_was_loaded_gets_its_text(ledger, event, noon):
    with ledger.write() as tx:
        tx.add_events([event])
        assert tx.revision(event.revision) == Revision(event.revision, "", None)
        assert tx.latest_revision() is None
        tx.put_revision(event.revision, "version: 1", noon)
        tx.put_revision("a" * 64, "version: 1 # newer", noon + timedelta(hours=1))
        tx.put_revision(event.revision, "version: 1", noon + timedelta(hours=2))
    with ledger.read() as tx:
        assert tx.latest_revision() == Revision(event.revision, "version: 1", noon + timedelta(hours=2))
        assert tx.event("e1") == event

"""A suppression stands in one place: on the contact, or in the table for an address that nobody has."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.runtime.ledger import Ledger, Suppression
from engine.runtime.suppressions import HASHED, change, hashed_key, keys_of, standing

KEY = "a key for tests"
HOUR = timedelta(hours=1)


def test_a_hash_tells_no_address_and_knows_every_way_of_writing_it() -> None:
    key = hashed_key("Ada@Example.com ", KEY)
    assert key == hashed_key("ada@example.com", KEY)
    assert key.startswith(HASHED)
    assert "ada" not in key
    assert key not in {hashed_key("ada@example.com", "another"), hashed_key("bob@example.com", KEY)}


def test_what_stands_against_a_contact_stands_on_the_contact(ledger: Ledger, a_contact: Any, noon: datetime) -> None:
    with ledger.write() as tx:
        tx.put_contacts([a_contact(1)], noon)
        assert (
            change(tx, "ADA1@example.com", KEY, lambda one: one.with_reason("bounced", noon, "hand"), noon) == "c0001"
        )
        assert tx.suppressed_addresses(keys_of("ada1@example.com", KEY)) == {}
        found = standing(tx, "ada1@example.com", KEY)
        assert found is not None
        assert (found.contact_id, found.suppression) == ("c0001", Suppression(reason="bounced", at=noon, source="hand"))
        assert tx.contacts(["c0001"])["c0001"].suppressed == "bounced"


def test_a_contact_that_is_made_takes_over_what_stands_under_both_keys(
    ledger: Ledger, a_contact: Any, noon: datetime
) -> None:
    plain, hashed = keys_of("ada1@example.com", KEY)
    with ledger.write() as tx:
        tx.suppress_address(plain, Suppression(left={"nurture": noon}, at=noon, source="list"))
        tx.suppress_address(hashed, Suppression(reason="unsubscribed", at=noon, source="erased"))
        tx.suppress_address("bob@example.com", Suppression(reason="bounced", at=noon, source="list"))
    with ledger.write() as tx:
        tx.put_contacts([a_contact(1), a_contact(2)], noon)
        keys = {f"c000{n}": keys_of(f"ada{n}@example.com", KEY) for n in (1, 2)}
        assert set(tx.take_over_suppressions(keys, noon)) == {"c0001"}
        contact = tx.contacts(["c0001"])["c0001"]
        assert (contact.suppressed, contact.left) == ("unsubscribed", {"nurture": noon})
        assert [one.key for one in tx.list_suppressions()] == ["ada1@example.com", "bob@example.com"]
        assert tx.take_over_suppressions(keys, noon) == {}


def test_an_address_that_nobody_has_is_kept_changed_and_taken_away(ledger: Ledger, noon: datetime) -> None:
    with ledger.write() as tx:
        for hashed, address in ((False, "eve@example.com"), (True, "mal@example.com")):
            assert change(tx, address, KEY, lambda one: one.with_reason("x", noon, "y"), noon, hashed=hashed) is None
            found = standing(tx, address, KEY)
            assert found is not None
            assert found.key == keys_of(address, KEY)[hashed]
            change(tx, address, KEY, Suppression.without_reason, noon)
            assert standing(tx, address, KEY) is None
        assert tx.list_suppressions() == []


def test_a_list_comes_in_pages_contacts_first(ledger: Ledger, a_contact: Any, noon: datetime) -> None:
    with ledger.write() as tx:
        tx.put_contacts([a_contact(n) for n in range(1, 5)], noon)
        tx.suppress(["c0001", "c0003"], "bounced", noon, "hand")
        for name in ("x@example.com", "y@example.com"):
            tx.suppress_address(name, Suppression(reason="unsubscribed", at=noon, source="list"))
        first = tx.list_suppressions(limit=3)
        assert [one.key for one in first] == ["ada1@example.com", "ada3@example.com", "x@example.com"]
        rest = tx.list_suppressions(after=("ada3@example.com", "x@example.com"), limit=3)
        assert [one.key for one in rest] == ["y@example.com"]


def test_the_latest_reply_counts(ledger: Ledger, a_contact: Any, noon: datetime) -> None:
    with ledger.write() as tx:
        tx.put_contacts([a_contact(1)], noon)
        for at in (noon, noon - HOUR, noon + HOUR, noon):
            tx.replied("c0001", at)
        assert tx.contacts(["c0001"])["c0001"].replied == noon + HOUR


# -- Reasons beside reasons -----------------------------------------------------------------------

NOON = datetime.fromisoformat("2025-11-12T12:00:00+00:00")


def test_the_first_reason_stands_but_unsubscribing_gives_way_and_is_not_forgotten() -> None:
    gone = Suppression().with_reason("unsubscribed", NOON, "link")
    both = gone.with_reason("bounced", NOON + HOUR, "provider")
    assert (both.reason, both.at, both.source) == ("bounced", NOON + HOUR, "provider")
    assert both.with_reason("complained", NOON, "provider") == both
    assert gone.with_reason("unsubscribed", NOON + HOUR, "again") == gone
    lifted = both.without_reason()
    assert (lifted.reason, lifted.at, lifted.left) == ("unsubscribed", NOON, {})
    assert not lifted.without_reason()


def test_who_left_a_sequence_has_left_it_whatever_else_is_lifted() -> None:
    left = Suppression().leaving("nurture", NOON, "link")
    assert left
    assert left.leaving("nurture", NOON + HOUR, "link") == left
    both = left.with_reason("bounced", NOON, "provider")
    assert both.without_reason() == left.evolve(source="provider")
    assert both.coming_back("nurture").without_reason() == Suppression()
    assert left.coming_back("nurture") == Suppression()
    assert both.leaving("second", NOON, "link").left == {"nurture": NOON, "second": NOON}


@given(st.lists(st.sampled_from(["unsubscribed", "bounced"]), min_size=1, max_size=6))
def test_whatever_came_first_both_reasons_count(reasons: list[str]) -> None:
    found = Suppression()
    for reason in reasons:
        found = found.with_reason(reason, NOON, "test")
    assert found.reason == ("bounced" if "bounced" in reasons else "unsubscribed")
    after = found.without_reason()
    assert after.reason == ("unsubscribed" if set(reasons) == {"bounced", "unsubscribed"} else None)

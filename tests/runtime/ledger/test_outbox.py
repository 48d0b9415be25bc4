"""The outbox: merging, leases, tries."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.runtime.ledger import OutboxItem, OutboxResult

MINUTE = timedelta(minutes=1)


@pytest.fixture
def item(noon):
    def make(number=1, *, kind="mirror", target="c1", payload=None, due_at=noon):
        return OutboxItem(
            id=f"o{number}", kind=kind, target=target, payload=payload or {}, due_at=due_at, created_at=noon
        )

    return make


def push(ledger, *items):
    with ledger.write() as tx:
        tx.push(items)


def claim(ledger, now, kind="mirror", limit=10):
    with ledger.write() as tx:
        return tx.claim_outbox(kind, now, MINUTE, limit)


def settle(ledger, now, item, outcome, **more):
    with ledger.write() as tx:
        return tx.settle_outbox([OutboxResult(id=item.id, version=item.version, outcome=outcome, **more)], now)


def counts(ledger):
    with ledger.read() as tx:
        return tx.outbox_counts()


def test_what_waits_for_the_same_target_becomes_one(ledger, item, noon):
    first = {"email": "a@example.com", "values": {"name": "Ada", "score": 1}, "progress": {"Email 1 Sent": True}}
    second = {"values": {"score": 2, "name": None}, "progress": {"Email 2 Sent": True}}
    push(ledger, item(1, payload=first), item(2, payload=second), item(3, target="c2"))
    push(ledger, item(4, payload={"values": {"city": "Toronto"}}))
    [one, two] = claim(ledger, noon)
    assert (one.id, two.id) == ("o1", "o3")
    assert one.payload == {
        "email": "a@example.com",
        "values": {"name": None, "score": 2, "city": "Toronto"},
        "progress": {"Email 1 Sent": True, "Email 2 Sent": True},
    }


def test_several_pushes_at_once_merge_into_what_waits(ledger, item, noon):
    push(ledger, item(1, payload={"a": 1, "b": 1}))
    push(ledger, item(2, payload={"a": 2}), item(3, payload={"c": 3}))
    assert [one.payload for one in claim(ledger, noon)] == [{"a": 2, "b": 1, "c": 3}]


def test_what_has_no_target_is_never_merged(ledger, item, noon):
    push(ledger, *[item(n, kind="alert", target=None) for n in (1, 2)])
    push(ledger, item(3, kind="alert", target=None))
    assert [one.id for one in claim(ledger, noon, "alert")] == ["o1", "o2", "o3"]
    assert claim(ledger, noon, "mirror") == []


def test_a_merge_while_leased_keeps_the_item_pending_with_all_of_it(ledger, item, noon):
    push(ledger, item(1, payload={"a": 1}))
    [taken] = claim(ledger, noon)
    push(ledger, item(2, payload={"b": 2}))
    assert claim(ledger, noon) == []
    assert settle(ledger, noon, taken, "done") == {"o1"}
    [again] = claim(ledger, noon)
    assert (again.id, again.payload, again.attempts) == ("o1", {"a": 1, "b": 2}, 1)
    settle(ledger, noon, again, "done")
    assert counts(ledger) == {("mirror", "done"): 1}


def test_a_failure_of_old_content_gives_new_content_its_chance(ledger, item, noon):
    push(ledger, item(1, payload={"a": 1}))
    [taken] = claim(ledger, noon)
    push(ledger, item(2, payload={"a": 2}))
    settle(ledger, noon, taken, "failed", error="no such property")
    assert [one.payload for one in claim(ledger, noon)] == [{"a": 2}]


def test_a_retry_waits_for_its_time_even_when_more_was_merged(ledger, item, noon):
    push(ledger, item(1, payload={"a": 1}))
    [taken] = claim(ledger, noon)
    push(ledger, item(2, payload={"b": 2}))
    settle(ledger, noon, taken, "retry", due_at=noon + 9 * MINUTE, error="429")
    push(ledger, item(3, payload={"c": 3}))
    assert claim(ledger, noon + 8 * MINUTE) == []
    [again] = claim(ledger, noon + 9 * MINUTE)
    assert (again.payload, again.attempts, again.error) == ({"a": 1, "b": 2, "c": 3}, 2, "429")


def test_after_one_is_done_the_next_for_its_target_is_a_new_one(ledger, item, noon):
    push(ledger, item(1, payload={"a": 1}))
    settle(ledger, noon, claim(ledger, noon)[0], "done")
    push(ledger, item(2, payload={"b": 2}))
    assert [(one.id, one.payload) for one in claim(ledger, noon)] == [("o2", {"b": 2})]


def test_a_lease_that_ran_out_is_taken_over_and_its_result_refused(ledger, item, noon):
    push(ledger, item(1))
    [slow] = claim(ledger, noon)
    [quick] = claim(ledger, noon + MINUTE)
    assert (slow.version, quick.version, quick.attempts) == (1, 2, 2)
    assert settle(ledger, noon, slow, "done") == set()
    assert settle(ledger, noon, quick, "failed", error="refused") == {"o1"}
    with ledger.read() as tx:
        [failed] = tx.list_outbox("mirror", "failed")
    assert (failed.error, failed.done_at) == ("refused", noon)


def test_items_are_claimed_oldest_first_up_to_the_limit(ledger, item, noon):
    push(
        ledger,
        item(1, target="a"),
        item(2, target="b", due_at=noon - MINUTE),
        item(3, target="c", due_at=noon + MINUTE),
    )
    assert [one.id for one in claim(ledger, noon, limit=1)] == ["o2"]
    assert [one.id for one in claim(ledger, noon)] == ["o1"]
    with ledger.read() as tx:
        assert tx.next_outbox_due("mirror", noon) == noon + MINUTE
        assert tx.next_outbox_due("alert", noon) is None


def test_what_was_done_long_ago_can_be_forgotten_and_what_waits_cannot(ledger, item, noon):
    push(ledger, item(1, target="a"), item(2, target="b", due_at=noon + timedelta(days=9)))
    settle(ledger, noon, claim(ledger, noon)[0], "done")
    with ledger.write() as tx:
        assert tx.forget_errands(noon, 9).errands == 0
        assert tx.forget_errands(noon + MINUTE, 9).errands == 1
    assert counts(ledger) == {("mirror", "pending"): 1}


def test_the_errands_of_a_dead_worker_are_due_at_once_and_its_results_are_refused(ledger, item, noon):
    with ledger.write() as tx:
        tx.push([item(1), item(2, target="c2"), item(3, kind="alert")])
    with ledger.write() as tx:
        [dead] = tx.claim_outbox("mirror", noon, MINUTE, 1, by=7)
        [other] = tx.claim_outbox("mirror", noon, MINUTE, 1, by=8)
        [alert] = tx.claim_outbox("alert", noon, MINUTE, 1, by=7)
        assert tx.drop_errands([7], noon) == {dead.id, alert.id}
        assert tx.drop_errands([7], noon) == set()
        [again] = tx.claim_outbox("mirror", noon, MINUTE, 5, by=9)
        assert (again.id, again.version) == (dead.id, dead.version + 1)
        assert tx.settle_outbox([OutboxResult(id=dead.id, version=dead.version, outcome="done")], noon) == set()
        tx.settle_outbox([OutboxResult(id=other.id, version=other.version, outcome="retry", due_at=noon)], noon)
        assert tx.drop_errands([8], noon) == set()

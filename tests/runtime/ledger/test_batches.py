"""Batches of emails: composed once, settled for everybody, dissolved only where nobody else can have sent them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.runtime.ledger import BatchResult, EmailResult

LEASE = timedelta(minutes=1)


@pytest.fixture
def three(ledger, begin, an_email):
    """Runs in hand whose emails are handed over together: the second one's email is older than the batch."""
    runs = [begin(number) for number in (1, 2, 3)]
    with ledger.write() as tx:
        tx.put_emails([an_email(runs[1], "email_2")])
        claimed = tx.take([run.id for run in runs], runs[0].since, LEASE)
        tx.put_emails([an_email(run, "email_2", batch="b1") for run in (runs[2], runs[0])])
        tx.tried([(runs[1].id, "email_2")], runs[0].since, {(runs[1].id, "email_2"): "b1"})
    return {one.run.id: one.run.version for one in claimed}


def members(ledger):
    with ledger.read() as tx:
        return {record.run_id: record for record in tx.emails_of_batch("b1")}


def accepted(run_id, **changes):
    return EmailResult(run_id=run_id, step="email_2", status="accepted", provider_id=f"re_{run_id}").evolve(**changes)


def leaving(*leases):
    return BatchResult(batch="b1", leaves=tuple((run_id, "email_2") for run_id, _ in leases), leases=tuple(leases))


def settle(ledger, noon, result):
    with ledger.write() as tx:
        return tx.settle_batch(result, noon)


def test_the_order_of_a_batch_is_that_in_which_its_emails_were_stored(ledger, three):
    assert list(members(ledger)) == ["r0002", "r0003", "r0001"]


def test_who_is_of_a_batch_is_not_moved_into_another(ledger, three, noon):
    pair = ("r0001", "email_2")
    with ledger.write() as tx:
        tx.tried([pair], noon, {pair: "b2"})
        tx.tried([pair], noon)
    assert members(ledger)["r0001"].attempts == 2


def test_what_became_of_it_is_written_for_all_and_it_stays_known(ledger, three, noon):
    refused = EmailResult(run_id="r0002", step="email_2", status="refused", error="no such person")
    settle(ledger, noon, BatchResult(batch="b1", results=(accepted("r0001"), refused, accepted("r0003"))))
    found = members(ledger)
    assert [(one.status, one.provider_id) for one in found.values()] == [
        ("refused", None),
        ("accepted", "re_r0003"),
        ("accepted", "re_r0001"),
    ]


def test_what_was_written_anew_since_is_not_settled_by_an_old_answer(ledger, three, noon, an_email):
    refused = EmailResult(run_id="r0001", step="email_2", status="refused")
    settle(ledger, noon, BatchResult(batch="b1", results=(refused,)))
    with ledger.write() as tx:
        tx.forget_refused([("r0001", "email_2")])
        tx.put_emails([an_email(tx.run("r0001"), "email_2")])
    settle(ledger, noon, BatchResult(batch="b1", results=(accepted("r0001"),)))
    with ledger.read() as tx:
        [record] = tx.emails_of_run("r0001")
    assert record.status == "asked"


def test_a_batch_is_dissolved_by_those_who_had_all_of_it(ledger, three, noon):
    assert settle(ledger, noon, leaving(*three.items()))
    assert members(ledger) == {}
    with ledger.read() as tx:
        assert tx.emails_of_run("r0001")[0].status == "asked"


def test_a_batch_stays_when_somebody_else_had_one_of_its_runs(ledger, three, noon):
    with ledger.write() as tx:
        tx.take(["r0002"], noon + LEASE + LEASE, LEASE)
    assert not settle(ledger, noon, leaving(*three.items()))
    assert len(members(ledger)) == 3


def test_a_batch_stays_when_not_all_of_its_runs_are_ours(ledger, three, noon):
    assert not settle(ledger, noon, leaving(*list(three.items())[:2]))
    assert len(members(ledger)) == 3


def test_what_is_proven_needs_no_lease_and_leaves_what_was_accepted(ledger, three, noon):
    others = (("r0001", "email_2"), ("r0002", "email_2"), ("r0003", "email_2"))
    settle(ledger, noon, BatchResult(batch="b1", results=(accepted("r0002"),), leaves=others))
    assert list(members(ledger)) == ["r0002"]

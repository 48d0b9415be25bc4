"""Claims, fences, pokes: who may advance a run, and when."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from engine.model import RunStatus

MINUTE = timedelta(minutes=1)


def claim(ledger, now, *, limit=100, lease=MINUTE):
    with ledger.write() as tx:
        return [claimed.run for claimed in tx.claim(now, lease, limit)]


def settle(ledger, *runs, **options):
    with ledger.write() as tx:
        return tx.settle(runs, **options)


def stored(ledger, run):
    with ledger.read() as tx:
        return tx.run(run.id)


def test_a_claim_takes_what_is_due_oldest_first_with_its_contact(ledger, begin, a_contact, noon):
    begin(1, due_at=noon)
    begin(2, due_at=noon - MINUTE)
    begin(3, due_at=noon + timedelta(milliseconds=1))
    with ledger.write() as tx:
        claimed = tx.claim(noon, MINUTE, 100)
    assert [one.run.id for one in claimed] == ["r0002", "r0001"]
    assert [one.contact for one in claimed] == [a_contact(2), a_contact(1)]


def test_a_claim_takes_no_more_than_its_limit_and_leaves_the_youngest(ledger, begin, noon):
    for number in range(1, 6):
        begin(number)
    assert [run.id for run in claim(ledger, noon, limit=2)] == ["r0001", "r0002"]
    assert [run.id for run in claim(ledger, noon, limit=2)] == ["r0003", "r0004"]


def test_every_claim_gives_a_new_version(ledger, begin, noon):
    begin(1, version=6)
    assert claim(ledger, noon)[0].version == 7
    assert claim(ledger, noon + MINUTE)[0].version == 8


def test_a_claimed_run_is_nobody_elses_until_the_lease_runs_out(ledger, begin, noon):
    begin(1)
    assert len(claim(ledger, noon)) == 1
    assert claim(ledger, noon + MINUTE - timedelta(milliseconds=1)) == []
    assert len(claim(ledger, noon + MINUTE)) == 1


def test_a_result_is_refused_after_another_claim(ledger, begin, noon):
    begin(1)
    begin(2)
    [slow, other] = claim(ledger, noon)
    settle(ledger, other.evolve(due_at=noon + timedelta(days=1)))
    [quick] = claim(ledger, noon + MINUTE)
    assert settle(ledger, slow.evolve(step="from the slow worker"), other) == {other.id}
    assert stored(ledger, slow).step == "email_2"
    assert settle(ledger, quick.evolve(step="email_3")) == {quick.id}
    assert stored(ledger, slow).step == "email_3"


def test_held_leases_names_only_those_that_nobody_has_claimed_since(ledger, begin, noon):
    begin(1)
    begin(2)
    first = claim(ledger, noon, limit=1) + claim(ledger, noon, lease=timedelta(hours=1))
    claim(ledger, noon + MINUTE)
    with ledger.read() as tx:
        assert tx.held_leases([(run.id, run.version) for run in first]) == {"r0002"}


def test_settling_writes_every_member_and_frees_the_run(ledger, begin, noon):
    begin(1)
    [run] = claim(ledger, noon)
    later = noon + timedelta(hours=2)
    decided = run.evolve(
        status=RunStatus.SENDING,
        step="email_3",
        since=noon + MINUTE,
        due_at=later,
        segment="URGENT",
        attempt=3,
        asked_at=noon + 2 * MINUTE,
        in_doubt=True,
        skipping=True,
        reason="the provider asks us to wait",
    )
    assert settle(ledger, decided) == {run.id}
    assert stored(ledger, run) == decided
    assert claim(ledger, later - MINUTE) == []
    assert [one.id for one in claim(ledger, later)] == [run.id]


def test_settling_with_a_lease_keeps_the_run_in_hand(ledger, begin, noon):
    begin(1)
    [run] = claim(ledger, noon)
    settle(ledger, run.evolve(status=RunStatus.SENDING), lease_until=noon + 5 * MINUTE)
    assert claim(ledger, noon + 4 * MINUTE) == []
    assert [one.status for one in claim(ledger, noon + 5 * MINUTE)] == [RunStatus.SENDING]


@pytest.mark.parametrize("status", [RunStatus.FINISHED, RunStatus.STOPPED, RunStatus.FAILED])
def test_a_run_that_ended_is_never_claimed_and_blocks_no_other(ledger, begin, noon, status):
    begin(1)
    [run] = claim(ledger, noon)
    settle(ledger, run.evolve(status=status, ended_at=noon), lease_until=noon + MINUTE)
    begin(2, contact=1)
    assert [one.id for one in claim(ledger, noon + timedelta(days=400))] == ["r0002"]


def test_a_released_run_is_due_when_it_was(ledger, begin, noon):
    begin(1)
    [run] = claim(ledger, noon)
    with ledger.write() as tx:
        tx.release([(run.id, run.version)])
    assert stored(ledger, run) == run
    assert [one.id for one in claim(ledger, noon)] == [run.id]


def test_runs_of_one_contact_are_claimed_one_at_a_time_in_order(ledger, begin, noon):
    begin(2, contact=1, due_at=noon - MINUTE)
    begin(1, contact=1, due_at=noon)
    begin(3, contact=1, due_at=noon)
    begin(9, due_at=noon)
    order = []
    for _ in range(4):
        claimed = claim(ledger, noon)
        order.append([run.id for run in claimed])
        settle(ledger, *[run.evolve(due_at=noon + timedelta(days=1)) for run in claimed])
    assert order == [["r0002", "r0009"], ["r0001"], ["r0003"], []]


def test_a_contact_with_a_run_in_hand_has_no_other_claimed(ledger, begin, noon):
    begin(5, contact=1)
    claim(ledger, noon)
    begin(4, contact=1, due_at=noon - MINUTE)
    assert claim(ledger, noon + timedelta(seconds=30)) == []


def test_a_dead_workers_run_goes_before_later_runs_of_its_contact(ledger, begin, noon):
    begin(1, contact=1)
    claim(ledger, noon)
    begin(2, contact=1, due_at=noon + timedelta(seconds=1))
    assert [run.id for run in claim(ledger, noon + 2 * MINUTE)] == ["r0001"]


def test_two_threads_never_claim_the_same_run(ledger, a_contact, a_run, noon):
    with ledger.write() as tx:
        tx.put_contacts([a_contact(n) for n in range(400)], noon)
        tx.add_runs([a_run(n) for n in range(400)], "revision-1")
    taken: list[list[str]] = [[], []]

    def work(mine: list[str]) -> None:
        while batch := claim(ledger, noon, limit=7):
            mine.extend(run.id for run in batch)

    threads = [threading.Thread(target=work, args=(mine,)) for mine in taken]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken[0] + taken[1]) == [f"r{n:04}" for n in range(400)]


def poke(ledger, now, *contacts):
    with ledger.write() as tx:
        return tx.poke(contacts, now)


def test_a_poke_makes_waiting_runs_due_now_and_leaves_ended_ones(ledger, begin, noon):
    begin(1, due_at=noon + timedelta(days=2))
    begin(2, contact=1, due_at=None, status=RunStatus.HELD)
    begin(3, contact=1, due_at=None, status=RunStatus.FINISHED)
    begin(4, due_at=noon + timedelta(days=2))
    assert poke(ledger, noon, "c0001") == {"r0001", "r0002"}
    assert [run.id for run in claim(ledger, noon)] == ["r0001"]
    assert stored(ledger, begin(5)).due_at == noon


def test_a_poke_never_delays_a_run(ledger, begin, noon):
    run = begin(1, due_at=noon - MINUTE)
    poke(ledger, noon, "c0001")
    assert stored(ledger, run).due_at == noon - MINUTE


def test_a_poke_while_leased_is_not_lost(ledger, begin, noon):
    begin(1)
    [run] = claim(ledger, noon)
    poke(ledger, noon + timedelta(seconds=5), "c0001")
    assert claim(ledger, noon + timedelta(seconds=5)) == []
    settle(ledger, run.evolve(due_at=noon + timedelta(days=2)))
    assert stored(ledger, run).due_at == noon + timedelta(seconds=5)
    assert [one.id for one in claim(ledger, noon + timedelta(seconds=6))] == [run.id]


def test_a_poke_survives_the_renewal_of_a_lease(ledger, begin, noon):
    begin(1)
    [run] = claim(ledger, noon)
    poke(ledger, noon + timedelta(seconds=5), "c0001")
    settle(ledger, run.evolve(status=RunStatus.SENDING), lease_until=noon + 3 * MINUTE)
    settle(ledger, run.evolve(status=RunStatus.WAITING, due_at=noon + timedelta(days=2)))
    assert stored(ledger, run).due_at == noon + timedelta(seconds=5)


def test_a_poke_counts_once(ledger, begin, noon):
    begin(1)
    [run] = claim(ledger, noon)
    poke(ledger, noon, "c0001")
    settle(ledger, run.evolve(due_at=noon + timedelta(days=2)))
    [again] = claim(ledger, noon + MINUTE)
    settle(ledger, again.evolve(due_at=noon + timedelta(days=2)))
    assert stored(ledger, run).due_at == noon + timedelta(days=2)


def test_a_run_that_waits_for_the_provider_is_not_asked_sooner_by_a_poke(ledger, begin, noon):
    begin(1, status=RunStatus.SENDING, due_at=noon + timedelta(hours=1))
    poke(ledger, noon, "c0001")
    assert claim(ledger, noon + MINUTE) == []
    [run] = claim(ledger, noon + timedelta(hours=1))
    poke(ledger, noon + timedelta(hours=1), "c0001")
    settle(ledger, run.evolve(due_at=noon + timedelta(hours=9)))
    assert stored(ledger, run).due_at == noon + timedelta(hours=9)


def test_held_runs_of_programs_can_be_woken(ledger, begin, noon):
    later = noon + timedelta(hours=1)
    held = begin(1, status=RunStatus.HELD, due_at=later)
    waiting = begin(2, status=RunStatus.WAITING, due_at=later)
    with ledger.write() as tx:
        assert tx.wake_held([held.program], noon) == {held.id}
        assert tx.wake_held(["another"], noon) == set()
    assert [stored(ledger, run).due_at for run in (held, waiting)] == [noon, later]
    assert [run.id for run in claim(ledger, noon)] == [held.id]


def test_taking_a_run_by_name_needs_no_due_time_but_a_free_lease(ledger, begin, noon):
    begin(1, due_at=noon + timedelta(days=2))
    begin(2)
    begin(3, status=RunStatus.FINISHED)
    claim(ledger, noon)
    with ledger.write() as tx:
        [taken] = tx.take(["r0001", "r0002", "r0003", "r9999"], noon, MINUTE)
    assert (taken.run.id, taken.run.version) == ("r0001", 1)


def test_next_due_is_the_earliest_moment_at_which_a_claim_can_give_something(ledger, begin, noon):
    def next_due():
        with ledger.read() as tx:
            return tx.next_due(noon)

    assert next_due() is None
    begin(1, due_at=noon + timedelta(hours=3))
    assert next_due() == noon + timedelta(hours=3)
    begin(2, due_at=noon - timedelta(hours=3))
    assert next_due() == noon
    claim(ledger, noon)
    assert next_due() == noon + MINUTE


def test_the_question_what_is_due_is_answered_from_the_index_alone(ledger):
    from engine.runtime.ledger import leases

    with ledger.read() as tx:
        plan = tx.connection.exec_driver_sql(
            f"EXPLAIN QUERY PLAN {leases._CLAIM.sql}", {"now": 1, "until": 2, "limit": 3}
        )
        words = " / ".join(row[3] for row in plan)
    assert "INDEX runs_wake (wake_at<?)" in words
    assert "INDEX runs_contact (contact_id=?)" in words
    assert "SCAN" not in words
    assert "TEMP B-TREE" not in words

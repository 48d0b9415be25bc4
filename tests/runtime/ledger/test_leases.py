"""Claims, fences, pokes: who may advance a run, and when."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from engine.model import RunStatus

MINUTE = timedelta(minutes=1)


def claim(ledger, now, *, limit=100, lease=MINUTE, **options):
    with ledger.write() as tx:
        return [claimed.run for claimed in tx.claim(now, lease, limit, **options)]


def settle(ledger, *runs, **options):
    with ledger.write() as tx:
        return set(tx.settle(runs, **options))


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
    assert claim(ledger, later - MINUTE, kind="post") == []
    assert [one.id for one in claim(ledger, later, kind="post")] == [run.id]


def test_settling_with_a_lease_keeps_the_run_in_hand(ledger, begin, noon):
    begin(1)
    [run] = claim(ledger, noon)
    settle(ledger, run.evolve(status=RunStatus.SENDING), lease_until=noon + 5 * MINUTE)
    assert claim(ledger, noon + 4 * MINUTE, kind="post") == []
    assert [one.status for one in claim(ledger, noon + 5 * MINUTE, kind="post")] == [RunStatus.SENDING]


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
    assert claim(ledger, noon + MINUTE, kind="post") == []
    [run] = claim(ledger, noon + timedelta(hours=1), kind="post")
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


# Emails that wait for a turn


def test_an_email_that_waits_for_its_turn_is_taken_by_the_post_alone(ledger, begin, noon):
    begin(1, status=RunStatus.SENDING)
    begin(2)
    assert [run.id for run in claim(ledger, noon)] == ["r0002"]
    assert claim(ledger, noon) == []
    assert [run.id for run in claim(ledger, noon, kind="post")] == ["r0001"]


def test_an_email_that_waits_for_its_turn_holds_up_no_other_run_of_its_contact(ledger, begin, noon):
    begin(1, status=RunStatus.SENDING, due_at=noon - MINUTE)
    begin(2, contact=1)
    assert claim(ledger, noon, kind="post") == [], "what the other run decides may stop this email"
    [moved] = claim(ledger, noon)
    assert claim(ledger, noon, kind="post") == []
    settle(ledger, moved.evolve(due_at=noon + timedelta(days=1)))
    assert [run.id for run in claim(ledger, noon, kind="post")] == ["r0001"]


def test_two_emails_to_one_contact_go_one_after_the_other(ledger, begin, noon):
    begin(1, status=RunStatus.SENDING)
    begin(2, contact=1, status=RunStatus.SENDING, due_at=noon - MINUTE)
    assert [run.id for run in claim(ledger, noon, kind="post")] == ["r0002"]
    assert claim(ledger, noon, kind="post") == []


# Workers that died


def drop(ledger, now, *workers):
    with ledger.write() as tx:
        return tx.drop_leases(workers, now)


def test_the_runs_of_a_dead_worker_are_due_at_once_and_its_results_are_refused(ledger, begin, noon):
    begin(1)
    begin(2, status=RunStatus.SENDING)
    begin(3)
    [dead] = claim(ledger, noon, limit=1, by=7)
    [sent] = claim(ledger, noon, kind="post", by=7)
    claim(ledger, noon, by=8)
    assert drop(ledger, noon, 7) == {dead.id, sent.id}
    [again] = claim(ledger, noon, by=9)
    assert (again.id, again.version) == (dead.id, dead.version + 1)
    assert settle(ledger, dead) == set()


def test_leases_of_the_dead_are_found_after_the_clock_was_set_back(ledger, begin, noon):
    begin(1)
    claim(ledger, noon, by=7)
    assert drop(ledger, noon - timedelta(hours=1), 7) == {"r0001"}


def test_claims_are_counted_until_the_run_is_settled(ledger, begin, noon):
    begin(1)

    def again(number):
        with ledger.write() as tx:
            [one] = tx.claim(noon + number * MINUTE, MINUTE, 100)
        return one

    assert [again(number).claims for number in range(3)] == [1, 2, 3]
    last = again(3)
    settle(ledger, last.run, lease_until=noon + 4 * MINUTE)
    assert (last.claims, again(4).claims) == (4, 5), "it may still kill us while its email is sent"
    settle(ledger, again(5).run)
    assert again(6).claims == 1


# Pauses


def pause(ledger, run_id, now):
    with ledger.write() as tx:
        tx.connection.exec_driver_sql(f"UPDATE runs SET paused_at = {now.timestamp()} WHERE id = '{run_id}'")


def test_a_run_that_is_paused_in_our_hands_is_settled_and_given_back(ledger, begin, noon):
    begin(1)
    [run] = claim(ledger, noon)
    pause(ledger, run.id, noon)
    with ledger.write() as tx:
        assert tx.settle([run.evolve(step="email_3")], lease_until=noon + MINUTE) == {run.id: False}
    assert stored(ledger, run).step == "email_3"
    assert claim(ledger, noon + timedelta(days=1)) == []
    poke(ledger, noon, "c0001")
    assert claim(ledger, noon + timedelta(days=1)) == []


def test_a_run_begun_in_a_paused_program_is_paused(ledger, begin, noon):
    with ledger.write() as tx:
        tx.connection.exec_driver_sql("INSERT INTO pauses VALUES ('nurture', 1, 'by hand')")
    begin(1)
    begin(2, program="another")
    assert [run.id for run in claim(ledger, noon)] == ["r0002"]
    with ledger.read() as tx:
        assert {one.run.id: one.paused_at for one in tx.list_runs()} == {"r0001": noon, "r0002": None}

"""Many writers at once, in threads and in processes: nobody has two runs of a contact, nothing is lost or doubled.

On SQLite writers take turns, so that these hold by themselves; on Postgres they are what the locks are for.
"""

from __future__ import annotations

import random
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest

from engine.errors import LedgerUnavailable
from engine.model import RunStatus
from engine.runtime.ledger import Ledger, OutboxItem, OutboxResult
from engine.runtime.ledger.databases.patience import AGAIN

MINUTE = timedelta(minutes=1)
PEOPLE, RUNS_EACH, CLAIMERS, PUSHERS = 40, 5, 8, 3

CLAIMER = """
import sys
from datetime import datetime, timedelta
from engine.model import RunStatus
from engine.runtime.ledger import Ledger
url, now = sys.argv[1], datetime.fromisoformat(sys.argv[2])
sys.stdin.readline()
with Ledger.open(url) as ledger:
    while True:
        claimed = ledger.transact(lambda tx: tx.claim(now, timedelta(minutes=1), 7), durable=False)
        contacts = [one.run.contact_id for one in claimed]
        assert len(set(contacts)) == len(contacts), contacts
        ended = [one.run.evolve(status=RunStatus.FINISHED, due_at=None, ended_at=now) for one in claimed]
        for run in ended:
            print(run.contact_id, run.id, flush=True)
        done = ledger.transact(lambda tx: tx.settle(ended)) if ended else {}
        assert set(done) == {run.id for run in ended}, "somebody else had it too"
        with ledger.read() as tx:
            due = tx.next_due(now)
        if due is None or due > now:
            break
"""


def together(count: int, work: Callable[[int], None]) -> None:
    """Run work in as many threads, all begun at once; what any of them raises is raised."""
    begin, failed = threading.Barrier(count), []

    def one(number: int) -> None:
        try:
            begin.wait()
            work(number)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


@pytest.fixture
def crowd(ledger, a_contact, a_run, noon):
    """People with several runs each, all due; the later ids are due earlier."""
    runs = [
        a_run(100 * person + number, contact_id=f"c{person:04}", due_at=noon - number * MINUTE)
        for person in range(PEOPLE)
        for number in range(RUNS_EACH)
    ]
    with ledger.write() as tx:
        tx.put_contacts([a_contact(person) for person in range(PEOPLE)], noon)
        tx.add_runs(runs, "revision-1")
    return runs


def test_claimers_never_hold_two_runs_of_a_contact_and_take_them_in_order(ledger, crowd, noon):
    held: Counter[str] = Counter()
    order: dict[str, list[str]] = {}
    guard = threading.Lock()

    def work(_number):
        left = True
        while left:
            claimed = ledger.transact(lambda tx: tx.claim(noon, MINUTE, 7), durable=False)
            with guard:
                held.update(one.run.contact_id for one in claimed)
                assert set(held.values()) <= {0, 1}, "two runs of one contact in hand"
                for one in claimed:
                    order.setdefault(one.run.contact_id, []).append(one.run.id)
            ended = [one.run.evolve(status=RunStatus.FINISHED, due_at=None, ended_at=noon) for one in claimed]
            with guard:  # from here on others may have them
                held.subtract(one.run.contact_id for one in claimed)
            done = ledger.transact(lambda tx, ended=ended: tx.settle(ended))
            assert set(done) == {run.id for run in ended}, "somebody else had it too"
            with ledger.read() as tx:
                left = (due := tx.next_due(noon)) is not None and due <= noon

    together(CLAIMERS, work)
    assert order == {
        f"c{person:04}": [f"r{100 * person + number:04}" for number in reversed(range(RUNS_EACH))]
        for person in range(PEOPLE)
    }


def test_claimers_in_processes_share_all_of_it_in_order(ledger, url, crowd, noon, repository):
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", CLAIMER, url, noon.isoformat()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=repository,
        )
        for _ in range(4)
    ]
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("\n")
        racer.stdin.flush()
    told = [racer.communicate(timeout=60) for racer in racers]
    assert [errors for _, errors in told] == [""] * len(racers)
    taken = [line for lines, _ in told for line in lines.splitlines()]
    assert sorted(taken) == sorted(f"{run.contact_id} {run.id}" for run in crowd)


def test_claims_of_both_kinds_never_meet_in_one_contact(ledger, begin, noon):
    for person in range(PEOPLE):
        begin(2 * person, contact=person, status=RunStatus.SENDING)
        begin(2 * person + 1, contact=person)
    taken: dict[str, list[str]] = {"move": [], "post": []}

    def work(number):
        kind = "move" if number % 2 else "post"
        for _ in range(20):
            claimed = ledger.transact(lambda tx: tx.claim(noon, MINUTE, 5, kind=kind), durable=False)
            taken[kind] += [one.run.contact_id for one in claimed]

    together(CLAIMERS, work)
    assert not set(taken["move"]) & set(taken["post"])
    assert sorted(taken["move"]) == [f"c{person:04}" for person in range(PEOPLE)], "a decision goes first"


def test_a_poke_is_never_lost_to_a_settle(ledger, begin, noon):
    later = noon + timedelta(days=2)
    for person in range(PEOPLE):
        begin(person)
    claimed = ledger.transact(lambda tx: tx.claim(noon, MINUTE, PEOPLE))
    contacts = [one.run.contact_id for one in claimed]

    def work(number):
        if number % 2:
            for one in claimed[number // 2 :: CLAIMERS // 2]:
                ledger.transact(lambda tx, one=one: tx.settle([one.run.evolve(due_at=later)]))
        else:
            for contact in contacts[number // 2 :: CLAIMERS // 2]:
                ledger.transact(lambda tx, contact=contact: tx.poke([contact], noon))

    together(CLAIMERS, work)
    with ledger.read() as tx:
        assert {run.due_at for run in tx.runs([one.run.id for one in claimed]).values()} == {noon}


def test_patches_of_one_contact_do_not_undo_each_other(ledger, a_contact, noon):
    with ledger.write() as tx:
        tx.put_contacts([a_contact(1), a_contact(2)], noon)

    def work(number):
        for turn in range(10):
            patches = [(contact, {f"by_{number}_{turn}": 1}) for contact in ("c0001", "c0002")]
            random.Random(number * 100 + turn).shuffle(patches)
            ledger.transact(lambda tx, patches=patches: tx.merge_values(patches, noon))

    together(CLAIMERS, work)
    with ledger.read() as tx:
        assert {len(one.values) for one in tx.contacts(["c0001", "c0002"]).values()} == {CLAIMERS * 10}


def item(number: int, target: str, payload: dict[str, object], now) -> OutboxItem:
    return OutboxItem(id=f"o{number:06}", kind="mirror", target=target, payload=payload, due_at=now, created_at=now)


def test_errands_of_one_target_become_one_while_others_carry_them_out(ledger, noon):
    told: dict[str, set[str]] = {}
    guard = threading.Lock()

    def push(number):
        for turn in range(15):
            targets = [f"c{n}" for n in range(4)]
            random.Random(number * 100 + turn).shuffle(targets)
            items = [
                item(number * 1000 + turn * 10 + place, target, {target: {f"{number}/{turn}": 1}}, noon)
                for place, target in enumerate(targets)
            ]
            ledger.transact(lambda tx, items=items: tx.push(items))

    def carry_out():
        claimed = ledger.transact(lambda tx: tx.claim_outbox("mirror", noon, MINUTE, 3), durable=False)
        with guard:
            for one in claimed:
                assert one.target is not None
                told.setdefault(one.target, set()).update(one.payload[one.target])
        results = [OutboxResult(id=one.id, version=one.version, outcome="done") for one in claimed]
        ledger.transact(lambda tx: tx.settle_outbox(results, noon))
        return claimed

    together(PUSHERS + 1, lambda number: push(number) if number else [carry_out() for _ in range(60)] and None)
    while carry_out():
        pass
    everything = {f"{number}/{turn}" for number in range(1, PUSHERS + 1) for turn in range(15)}
    assert told == {f"c{n}": everything for n in range(4)}


def test_an_errand_is_claimed_by_one(ledger, noon):
    with ledger.write() as tx:
        tx.push([item(number, f"c{number}", {}, noon) for number in range(200)])
    taken: list[str] = []

    def work(_number):
        while claimed := ledger.transact(lambda tx: tx.claim_outbox("mirror", noon, MINUTE, 5), durable=False):
            taken.extend(one.id for one in claimed)

    together(CLAIMERS, work)
    assert sorted(taken) == [f"o{number:06}" for number in range(200)]


def test_work_that_loses_to_a_neighbour_is_done_again(ledger, a_contact, noon):
    """Two add the same new address: one of them finds it at the second look."""
    tries = []

    def work(number):
        def once(tx):
            tries.append(number)
            found = tx.contacts_by_email(["ada@example.com"]).get("ada@example.com")
            if found is None:
                tx.put_contacts([a_contact(number, email="ada@example.com")], noon)
                return f"c{number:04}"
            return found.id

        return ids.append(ledger.transact(once))

    ids: list[str] = []
    together(CLAIMERS, work)
    assert len(ids) == CLAIMERS
    assert len(set(ids)) == 1
    assert len(tries) < CLAIMERS * len(AGAIN)


def test_deadlocks_do_not_get_out(ledger, a_contact, noon):
    """Two who lock the same people in another order, as nobody should: one of them begins anew."""
    with ledger.write() as tx:
        tx.put_contacts([a_contact(1), a_contact(2)], noon)
    met = threading.Barrier(2)

    def work(number):
        first, second = ("c0001", "c0002") if number else ("c0002", "c0001")
        waited = []

        def once(tx):
            tx.suppress([first], f"by {number}", noon)
            if not waited and tx.connection.dialect.name == "postgresql":
                waited.append(met.wait(timeout=10))
            tx.suppress([second], f"by {number}", noon)

        ledger.transact(once)

    together(2, work)
    with ledger.read() as tx:
        assert len({one.suppressed for one in tx.contacts(["c0001", "c0002"]).values()}) == 1


def test_who_is_always_in_the_way_is_told_of_in_the_end(postgres, monkeypatch):
    monkeypatch.setattr("engine.runtime.ledger.databases.patience.AGAIN", (0.01, 0.01))
    tries = []

    def work(tx):
        tries.append(tx)
        tx.connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")

    with (
        Ledger.open(postgres.emptied()) as ledger,
        pytest.raises(LedgerUnavailable, match="has ended the connection"),
    ):
        ledger.transact(work)
    assert len(tries) == 3

"""Runs that somebody takes in hand: found page by page, paused, let go on, tried again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.model import Entry, RunStatus
from engine.runtime.ledger.control import Window

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def standing(ledger, run_id="r0001"):
    with ledger.read() as tx:
        [found] = tx.standings([run_id])
    return found


def pause(ledger, now, *ids):
    with ledger.write() as tx:
        return tx.pause_runs(ids, now)


def resume(ledger, now, run_id="r0001", **changes):
    with ledger.write() as tx:
        [before] = tx.standings([run_id])
        tx.resume_runs([(before, before.run.evolve(**changes))], now)


def claim(ledger, now, kind="move", limit=100):
    with ledger.write() as tx:
        return [one.run for one in tx.claim(now, MINUTE, limit, kind=kind)]


# Found


def pages(ledger, **asked):
    with ledger.read() as tx:
        found, after = [], ""
        while page := tx.page_of_runs("nurture", RunStatus.WAITING, after=after, limit=2, **asked):
            found += [one.run.id for one in page]
            after = page[-1].run.id
    return found


def test_runs_are_read_page_by_page_in_the_order_of_their_ids(ledger, begin):
    for number in (3, 1, 5, 2, 4):
        begin(number)
    begin(6, program="another")
    begin(7, status=RunStatus.HELD)
    assert pages(ledger) == ["r0001", "r0002", "r0003", "r0004", "r0005"]


def test_a_page_holds_only_what_was_asked_for(ledger, begin, noon):
    begin(1, started_at=noon - MINUTE)
    begin(2, started_at=noon, segment="HOT")
    begin(3, started_at=noon + MINUTE, segment="HOT", step="email_3")
    begin(4, started_at=noon + 2 * MINUTE, segment="COLD")
    pause(ledger, noon, "r0003")
    assert pages(ledger, since=noon) == ["r0002", "r0003", "r0004"]
    window = Window(noon, noon + 2 * MINUTE, "e2", "e4")
    assert pages(ledger, since=noon, window=window) == ["r0002", "r0003"]
    assert pages(ledger, segment="HOT") == ["r0002", "r0003"]
    assert pages(ledger, segment="HOT", step="email_3") == ["r0003"]
    assert pages(ledger, paused=True) == ["r0003"]
    assert pages(ledger, paused=False, since=noon, window=window) == ["r0002"]


def test_a_run_that_was_begun_late_belongs_to_the_window_of_its_event(ledger, begin, noon):
    for number, event in enumerate(("e1", "e2", "e3", "e4", None), start=1):
        begin(number, started_at=noon + 9 * MINUTE, event_id=event)
    window = Window(noon, noon + MINUTE, "e2", "e4")
    assert pages(ledger, since=noon, window=window) == ["r0002", "r0003"]
    with ledger.read() as tx:
        assert [window.holds(one.run) for one in tx.standings(["r0001", "r0002", "r0005"])] == [False, True, False]


def test_every_run_of_a_contact_is_found_whatever_became_of_it(ledger, begin):
    begin(1)
    begin(2, contact=1, status=RunStatus.FINISHED, due_at=None)
    begin(3)
    with ledger.read() as tx:
        assert [one.run.id for one in tx.standings_of("c0001")] == ["r0001", "r0002"]


def test_a_run_tells_who_has_it_and_how_often_it_was_taken(ledger, begin, noon):
    begin(1)
    claim(ledger, noon)
    found = standing(ledger)
    assert (found.in_hand(noon), found.in_hand(noon + MINUTE), found.claims) == (True, False, 1)


# Paused and let go


def test_a_paused_run_keeps_its_time_and_is_not_claimed(ledger, begin, noon):
    begin(1, due_at=noon + MINUTE)
    assert pause(ledger, noon, "r0001") == {"r0001"}
    assert claim(ledger, noon + DAY) == []
    assert (standing(ledger).paused_at, standing(ledger).run.due_at) == (noon, noon + MINUTE)


def test_a_pause_is_for_live_runs_and_keeps_its_beginning(ledger, begin, noon):
    begin(1)
    begin(2, status=RunStatus.FINISHED, due_at=None)
    pause(ledger, noon, "r0001")
    assert pause(ledger, noon + HOUR, "r0001", "r0002") == set()
    assert standing(ledger).paused_at == noon


def test_a_resumed_run_is_due_when_it_is_said_to_be(ledger, begin, noon):
    begin(1)
    pause(ledger, noon, "r0001")
    resume(ledger, noon + HOUR, since=noon - MINUTE, due_at=noon + DAY)
    found = standing(ledger)
    assert (found.paused_at, found.run.since, found.run.due_at) == (None, noon - MINUTE, noon + DAY)
    assert claim(ledger, noon + DAY - MINUTE) == []
    assert [run.id for run in claim(ledger, noon + DAY)] == ["r0001"]


def test_a_run_that_was_paused_anew_meanwhile_is_left_alone(ledger, begin, noon):
    begin(1)
    pause(ledger, noon, "r0001")
    with ledger.read() as tx:
        [before] = tx.standings(["r0001"])
    resume(ledger, noon + HOUR)
    pause(ledger, noon + 2 * HOUR, "r0001")
    with ledger.write() as tx:
        tx.resume_runs([(before, before.run)], noon + 3 * HOUR)
    assert standing(ledger).paused_at == noon + 2 * HOUR


def test_a_run_resumed_in_the_hands_of_a_worker_waits_for_it(ledger, begin, noon):
    begin(1)
    [ours] = claim(ledger, noon)
    pause(ledger, noon, "r0001")
    resume(ledger, noon + timedelta(seconds=1))
    assert claim(ledger, noon + timedelta(seconds=30)) == []
    with ledger.write() as tx:
        assert tx.settle([ours.evolve(due_at=noon + HOUR)]) == {"r0001": False}
    assert [run.id for run in claim(ledger, noon + HOUR)] == ["r0001"]


def test_a_change_of_the_contact_during_the_pause_is_known_at_its_end(ledger, begin, noon):
    begin(1, due_at=noon + DAY)
    pause(ledger, noon, "r0001")
    assert not standing(ledger).poked
    with ledger.write() as tx:
        tx.poke(["c0001"], noon)
    assert standing(ledger).poked
    resume(ledger, noon)
    assert not standing(ledger).poked


def test_a_sequence_that_stands_still_is_known_until_it_does_no_more(ledger, noon):
    with ledger.write() as tx:
        tx.stand_still("nurture", "wrong prices", noon)
        tx.stand_still("nurture", "still wrong", noon + HOUR)
        assert [(one.program, one.since, one.reason) for one in tx.standstills()] == [("nurture", noon, "still wrong")]
        assert tx.stand_no_more("nurture")
        assert not tx.stand_no_more("nurture")
        assert tx.standstills() == []


# Tried again


def retry(ledger, now, *ids, send_again=False):
    with ledger.write() as tx:
        return tx.retry_runs(ids, now, send_again=send_again)


@pytest.mark.parametrize(("status", "then"), [(RunStatus.HELD, RunStatus.HELD), (RunStatus.FAILED, RunStatus.READY)])
def test_what_is_tried_again_is_due_now_with_fresh_tries(ledger, begin, noon, status, then):
    due = noon + DAY if status is RunStatus.HELD else None
    begin(1, status=status, due_at=due, attempt=12, ended_at=None if due else noon)
    with ledger.write() as tx:
        for number in range(3):
            tx.take(["r0001"], noon + number * MINUTE, MINUTE)
    assert retry(ledger, noon + HOUR, "r0001") == {"r0001"}
    found = standing(ledger)
    assert (found.run.status, found.run.attempt, found.claims, found.run.ended_at) == (then, 0, 0, None)
    assert [run.id for run in claim(ledger, noon + HOUR)] == ["r0001"]


@pytest.mark.parametrize(
    "status", [RunStatus.READY, RunStatus.WAITING, RunStatus.SENDING, RunStatus.FINISHED, RunStatus.STOPPED]
)
def test_other_runs_are_not_tried_again(ledger, begin, noon, status):
    begin(1, status=status, attempt=3)
    assert retry(ledger, noon, "r0001") == set()
    assert standing(ledger).run.attempt == 3


def test_neither_a_paused_run_nor_one_in_hand_is_tried_again(ledger, begin, noon):
    begin(1, status=RunStatus.HELD)
    begin(2, status=RunStatus.HELD)
    pause(ledger, noon, "r0001")
    claim(ledger, noon)
    assert retry(ledger, noon, "r0001", "r0002") == set()
    assert retry(ledger, noon + MINUTE, "r0001", "r0002") == {"r0002"}


def held_after(ledger, begin, an_email, noon, *, tries, known):
    """A held run whose email was handed over ``tries`` times, with an answer to ``known`` of them."""
    run = begin(1, status=RunStatus.HELD, attempt=known, asked_at=noon, step="email_1")
    with ledger.write() as tx:
        tx.put_emails([an_email(run)])
        for _ in range(tries):
            tx.tried([(run.id, "email_1")], noon)


def attempts(ledger):
    with ledger.read() as tx:
        [record] = tx.emails_of_run("r0001")
    return record.attempts


def test_tries_that_were_all_answered_leave_no_doubt(ledger, begin, an_email, noon):
    held_after(ledger, begin, an_email, noon, tries=3, known=3)
    retry(ledger, noon, "r0001")
    assert (standing(ledger).run.in_doubt, attempts(ledger)) == (False, 0)


def test_a_try_without_an_answer_stays_in_doubt(ledger, begin, an_email, noon):
    held_after(ledger, begin, an_email, noon, tries=3, known=2)
    retry(ledger, noon, "r0001")
    assert (standing(ledger).run.in_doubt, attempts(ledger)) == (True, 0)


def test_who_wants_it_sent_again_wants_no_doubt(ledger, begin, an_email, noon):
    held_after(ledger, begin, an_email, noon, tries=3, known=2)
    retry(ledger, noon, "r0001", send_again=True)
    assert (standing(ledger).run.in_doubt, attempts(ledger)) == (False, 0)


def test_emails_of_other_steps_keep_their_count(ledger, begin, an_email, noon):
    held_after(ledger, begin, an_email, noon, tries=3, known=3)
    with ledger.write() as tx:
        [before] = tx.standings(["r0001"])
        tx.take(["r0001"], noon, MINUTE)
        [taken] = tx.standings(["r0001"])
        tx.settle([taken.run.evolve(step="email_2")])
    retry(ledger, noon, "r0001")
    assert (before.run.step, attempts(ledger)) == ("email_1", 3)


# Attention


def test_paused_runs_are_listed_with_their_reason_newest_first(ledger, begin, noon):
    for number in range(1, 5):
        begin(number)
    begin(5, program="another")
    begin(6, status=RunStatus.STOPPED, due_at=None)
    pause(ledger, noon, "r0001", "r0003", "r0005")
    with ledger.write() as tx:
        for note in ("first", "second"):
            tx.tell([("r0003", Entry(at=noon, step=None, kind="pause", note=note))], "revision-1")
    with ledger.read() as tx:
        both = tx.list_paused(["nurture", "another"], email=None, limit=50)
        assert [(one.run.id, one.email, one.paused_at) for one in both] == [
            ("r0005", "ada5@example.com", noon),
            ("r0003", "ada3@example.com", noon),
            ("r0001", "ada1@example.com", noon),
        ]
        assert [one.run.id for one in tx.list_paused(["nurture"], email=None, limit=1)] == ["r0003"]
        assert [one.run.id for one in tx.list_paused(["nurture"], email="ADA1@example.com", limit=9)] == ["r0001"]
        assert tx.list_paused(["nurture"], email="nobody@example.com", limit=9) == []
        assert tx.why_paused(["r0001", "r0003"]) == {"r0003": "second"}


def test_stuck_are_the_long_overdue_in_nobodys_hands_and_what_is_claimed_again_and_again(ledger, begin, noon):
    begin(1, due_at=noon - HOUR)
    begin(2, due_at=noon - 2 * HOUR, status=RunStatus.SENDING)
    begin(3, due_at=noon - MINUTE)
    begin(4, due_at=noon - HOUR, program="another")
    begin(5, due_at=noon - HOUR)
    begin(6, due_at=noon - 3 * HOUR)
    begin(7, due_at=noon - 4 * HOUR)
    pause(ledger, noon, "r0005")
    with ledger.write() as tx:
        tx.take(["r0006"], noon - HOUR, MINUTE)
        tx.take(["r0006", "r0007"], noon - MINUTE, HOUR)  # whoever had r0006 first died with it

    def stuck(**asked):
        with ledger.read() as tx:
            given = {"program": None, "email": None, "limit": 50, **asked}
            return [one.listed.run.id for one in tx.list_stuck(noon, noon - 5 * MINUTE, **given)]

    assert stuck() == ["r0006", "r0002", "r0001", "r0004"]
    assert stuck(limit=2) == ["r0006", "r0002"]
    assert stuck(program="another") == ["r0004"]
    assert stuck(email="ada6@example.com") == ["r0006"]
    with ledger.read() as tx:
        [most] = tx.list_stuck(noon, noon - 5 * MINUTE, program=None, email=None, limit=1)
    assert (most.claims, most.listed.email) == (2, "ada6@example.com")
    assert stuck(email="ada5@example.com") == stuck(email="ada3@example.com") == []
    assert stuck(email="ada1@example.com", program="another") == []


def test_the_long_overdue_are_paused_and_what_came_in_is_not(ledger, begin, noon):
    begin(1, due_at=noon - 3 * DAY)
    begin(2, due_at=noon - 2 * DAY, status=RunStatus.SENDING)
    begin(3, due_at=noon - HOUR)
    begin(4, due_at=noon - 9 * DAY, program="trigger signup")
    begin(5, due_at=noon - 2 * DAY)
    with ledger.write() as tx:
        first = tx.pause_overdue(noon - DAY, noon, 1)
        second = tx.pause_overdue(noon - DAY, noon, 1)
        assert tx.pause_overdue(noon - DAY, noon, 1) == []
    assert [one.run.id for one in [*first, *second]] == ["r0001", "r0002", "r0005"]
    assert first[0].run.due_at == noon - 3 * DAY
    assert standing(ledger, "r0001").paused_at == noon
    assert [run.id for run in claim(ledger, noon)] == ["r0004", "r0003"]

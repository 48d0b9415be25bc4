"""Only what is over and old is deleted, and nobody enters a sequence again because of it."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.enrolment import enrol
from engine.model import Contact, Entry, Run, RunStatus
from engine.ports import Message
from engine.runtime.ledger import EmailRecord, Ledger, OutboxItem, OutboxResult, StoredEvent
from engine.runtime.ledger.forgetting import STUB, Forgotten
from engine.runtime.ledger.tables import metadata
from engine.runtime.retention import BATCH, ERRANDS_KEPT, PAUSE, WORKERS_KEPT, Limits, Retention, forgettable, sweep
from engine.runtime.settings import Settings
from engine.runtime.wiring import running
from tests.playbooks import NOON, playbook
from tests.runtime.conftest import HandClock

DAY = timedelta(days=1)
KEEP = 30 * DAY
CUT = NOON - KEEP
Make = Callable[..., Run]

BOOK = playbook("""
triggers:
  enter: {requires: [email], then: [{start: never}]}
sequences:
  never: {steps: [{email: one}]}
  often: {again_after: 10 days, if_already_in: restart, steps: [{email: one}]}
""")
PROGRAMS = ("never", "often", "trigger enter")


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    with Ledger.open(url) as opened:
        yield opened


def all_rows(ledger: Ledger) -> dict[str, set[tuple[Any, ...]]]:
    with ledger.read() as tx:
        return {
            table.name: {tuple(row) for row in tx.connection.execute(table.select())}
            for table in metadata.sorted_tables
        }


def emptied(ledger: Ledger) -> None:
    with ledger.write() as tx:
        for table in reversed(metadata.sorted_tables):
            tx.connection.execute(table.delete())


def an_email(run: Run, step: str) -> EmailRecord:
    message = Message(
        key=f"{run.id}/{step}",
        template=step,
        sender="sang@example.com",
        to="ada@example.com",
        subject="Hello",
        html="<p>Hello</p>",
        text="Hello",
        headers={},
    )
    return EmailRecord(
        run_id=run.id, step=step, key=message.key, contact_id=run.contact_id, mailer="resend", message=message
    )


def kept(ledger: Ledger, runs: list[Run], lines: int = 2, emails: int = 1) -> None:
    """Put runs into the ledger, each with a story and emails, and the events that began them."""
    contacts = {run.contact_id for run in runs}
    events = {run.event_id: run for run in runs if run.event_id}
    with ledger.write() as tx:
        tx.put_contacts([Contact(id=name, email=f"{name}@example.com") for name in sorted(contacts)], NOON)
        tx.add_events(
            [
                StoredEvent(
                    id=name,
                    trigger="enter",
                    contact_id=run.contact_id,
                    email=f"{run.contact_id}@example.com",
                    payload={},
                    accepted_at=run.started_at,
                    revision="r",
                )
                for name, run in sorted(events.items())
            ]
        )
        tx.add_runs(runs, "r")
        for run in runs:
            tx.tell([(run.id, Entry(at=NOON, step=None, kind="start", note=str(n))) for n in range(lines)], "r")
            tx.put_emails([an_email(run, f"email_{n}") for n in range(emails)])


def a_run(name: str, status: RunStatus, ended_at: datetime | None = None, **changes: Any) -> Run:
    run = Run(
        id=name,
        program="never",
        contact_id="ada",
        status=status,
        step=None if status.ended else "one",
        since=CUT - 9 * DAY,
        due_at=None if status.ended else CUT - 9 * DAY,
        started_at=CUT - 10 * DAY,
        ended_at=ended_at,
    )
    return run.evolve(**changes)


def swept(ledger: Ledger, keep: timedelta | None = KEEP, now: datetime = NOON) -> Forgotten:
    return sum(sweep(ledger, Limits.at(now, keep)), Forgotten())


# -- Any ledger at all ----------------------------------------------------------------------------

moments = st.integers(-40, 10).map(lambda days: CUT + days * DAY) | st.sampled_from(
    [CUT, CUT - timedelta(milliseconds=1), CUT + timedelta(milliseconds=1)]
)


@st.composite
def ledgers(draw: st.DrawFn) -> list[tuple[Run, int, int]]:
    """Runs of a few people, in any status, begun by shared events, each with some lines and emails."""
    found = []
    for number in range(draw(st.integers(1, 12))):
        status = draw(st.sampled_from(list(RunStatus)))
        contact = draw(st.sampled_from(["ada", "bo", "cy"]))
        event = draw(st.sampled_from([None, "1", "2"]))
        run = a_run(
            f"run-{number:02}",
            status,
            draw(moments if status.ended else st.none() | moments),
            program=draw(st.sampled_from(PROGRAMS)),
            contact_id=contact,
            event_id=event and f"event-{contact}-{event}",
            started_at=draw(moments),
            segment=draw(st.sampled_from([None, "HOT"])),
            reason=draw(st.sampled_from([None, "bought"])),
        )
        found.append((run, draw(st.integers(0, 3)), draw(st.integers(0, 2))))
    return found


def enrolments(ledger: Ledger) -> dict[tuple[str, str, int], tuple[bool, str, int]]:
    """What would become of each person who enters each sequence now, or some days later."""
    result = {}
    with ledger.read() as tx:
        for contact, name, days in itertools.product(("ada", "bo", "cy"), ("never", "often"), (0, 5, 50)):
            earlier = tx.runs_of(contact, name)
            now = NOON + days * DAY
            person = Contact(id=contact, email="x@example.com")
            found = enrol(BOOK.sequences[name], person, earlier, run_id="new", event_id=None, now=now)
            result[contact, name, days] = (found.run is not None, found.note, len(found.replaced))
    return result


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=ledgers())
def test_whatever_is_in_the_ledger_only_what_is_over_and_old_goes(
    ledger: Ledger, content: list[tuple[Run, int, int]]
) -> None:
    emptied(ledger)
    with ledger.write() as tx:
        tx.put_contacts([Contact(id=name, email=f"{name}@example.com") for name in ("ada", "bo", "cy")], NOON)
    for run, lines, emails in content:
        known = {row[0] for row in all_rows(ledger)["events"]}
        kept(ledger, [run.evolve(event_id=None) if run.event_id in known else run], lines, emails)
        if run.event_id in known:
            with ledger.write() as tx:
                table = metadata.tables["runs"]
                tx.connection.execute(table.update().where(table.c.id == run.id).values(event_id=run.event_id))
    before, entering = all_rows(ledger), enrolments(ledger)
    with ledger.read() as tx:
        promised = forgettable(tx, Limits.at(NOON, KEEP))

    done = swept(ledger)

    after = all_rows(ledger)
    old = {run.id for run, _, _ in content if run.status.ended and run.ended_at and run.ended_at < CUT}
    triggers = {run.id for run, _, _ in content if run.id in old and run.program.startswith("trigger ")}
    assert enrolments(ledger) == entering
    assert after["contacts"] == before["contacts"]
    assert {row[0] for row in after["runs"]} == {row[0] for row in before["runs"]} - triggers
    assert {row for row in after["runs"] if row[0] not in old} == {row for row in before["runs"] if row[0] not in old}
    for table, run_id in (("story", 0), ("emails", 1)):
        assert after[table] == {row for row in before[table] if row[run_id] not in old}
    numbers = {row[0] for row in after["emails"]}
    assert after["messages"] == {row for row in before["messages"] if row[0] in numbers}
    needed = {run.event_id for run, _, _ in content if run.id not in old}
    young = {row[0] for row in before["events"] if row[8] >= int(CUT.timestamp() * 1000)}
    assert {row[0] for row in after["events"]} == {row[0] for row in before["events"]} & (needed | young)
    assert done == promised
    assert swept(ledger) == Forgotten()
    assert ledger.check() == []


# -- What remains ---------------------------------------------------------------------------------


def test_of_a_run_that_ended_long_ago_the_row_remains_and_says_why_it_is_bare(ledger: Ledger) -> None:
    old = a_run("r1", RunStatus.STOPPED, CUT - DAY, event_id="e1", segment="HOT", reason="bought")
    kept(ledger, [old])
    assert swept(ledger) == Forgotten(runs=1, lines=2, emails=1, events=1)
    with ledger.read() as tx:
        assert tx.run("r1") == old.evolve(event_id=None, segment=None, reason=STUB)
        assert tx.story("r1") == []
        assert tx.emails_of_run("r1") == []


def test_nothing_that_happened_is_deleted_unless_a_setting_says_so(ledger: Ledger) -> None:
    kept(ledger, [a_run("r1", RunStatus.FINISHED, CUT - 900 * DAY, event_id="e1")])
    before = all_rows(ledger)
    assert swept(ledger, keep=None) == Forgotten()
    assert all_rows(ledger) == before


def test_the_statements_themselves_refuse_runs_that_live(ledger: Ledger) -> None:
    """Asked to forget them by their ids, they leave them alone."""
    runs = [
        a_run(f"r-{status}", status, NOON if status.ended else None, event_id=f"e-{status}") for status in RunStatus
    ]
    kept(ledger, runs)
    before = all_rows(ledger)
    with ledger.write() as tx:
        tx.forget_runs([run.id for run in runs], NOON)
        tx.forget_events([str(run.event_id) for run in runs], NOON)
    assert all_rows(ledger) == before


def test_done_errands_go_after_a_month_and_those_that_wait_or_failed_stay(ledger: Ledger) -> None:
    with ledger.write() as tx:
        tx.push(
            [
                OutboxItem(id=f"o{n}", kind="alert", payload={}, due_at=NOON, created_at=NOON)
                for n in range(BATCH * 2 + 3)
            ]
        )
        taken = tx.claim_outbox("alert", NOON, DAY, BATCH * 2 + 2)
        tx.settle_outbox([OutboxResult(id=one.id, version=one.version, outcome="done") for one in taken[1:]], NOON)
        tx.settle_outbox([OutboxResult(id=taken[0].id, version=taken[0].version, outcome="failed")], NOON)
    assert swept(ledger, now=NOON + ERRANDS_KEPT).errands == 0
    assert swept(ledger, now=NOON + ERRANDS_KEPT + timedelta(seconds=1)).errands == BATCH * 2 + 1
    with ledger.read() as tx:
        assert tx.outbox_counts() == {("alert", "pending"): 1, ("alert", "failed"): 1}


def test_workers_that_were_not_seen_for_a_week_are_forgotten(ledger: Ledger) -> None:
    with ledger.write() as tx:
        tx.hire("old", "worker", NOON - WORKERS_KEPT - timedelta(seconds=1))
        tx.hire("new", "worker", NOON - WORKERS_KEPT)
    assert swept(ledger).workers == 1
    with ledger.read() as tx:
        assert [one.id for one in tx.workers_seen_since(NOON - 99 * DAY)] == ["new"]


# -- When, and how much at once -------------------------------------------------------------------


def test_a_pass_is_made_in_small_steps_and_the_next_an_hour_later(ledger: Ledger) -> None:
    kept(ledger, [a_run(f"r{n:04}", RunStatus.FINISHED, CUT - DAY) for n in range(BATCH + 50)], lines=1, emails=0)
    clock = HandClock(NOON)
    retention = Retention(ledger, clock, KEEP)
    steps = []
    while (done := retention.step()) is not None:
        steps.append(done.runs)
    assert sorted(steps) == [0, 0, 50, BATCH]
    kept(ledger, [a_run("r9999", RunStatus.FINISHED, CUT - DAY)])
    clock.at += PAUSE - timedelta(seconds=1)
    assert retention.step() is None
    clock.at += timedelta(seconds=1)
    assert sum(done.runs for done in iter(retention.step, None)) == 1


def test_of_two_workers_one_makes_the_pass_and_the_other_takes_over_when_it_is_gone(ledger: Ledger) -> None:
    clock = HandClock(NOON)
    one, other = Retention(ledger, clock, KEEP), Retention(ledger, clock, KEEP)
    assert one.step() is not None
    assert other.step() is None
    clock.at += PAUSE
    assert other.step() is not None
    assert one.step() is not None  # it goes on with the pass that it had begun


def test_a_plan_from_a_clock_that_was_ahead_stops_nobody(ledger: Ledger) -> None:
    ahead = HandClock(NOON + 365 * DAY)
    assert Retention(ledger, ahead, KEEP).step() is not None
    assert Retention(ledger, HandClock(NOON), KEEP).step() is not None


def test_a_running_worker_deletes_what_is_old(tmp_path: Path) -> None:
    """The whole system, with its own clock: a run that ended eight days ago, kept for seven."""
    (tmp_path / "sequences.yaml").write_text((Path(__file__).parents[2] / "sequences.yaml").read_text())
    (tmp_path / "templates").symlink_to(Path(__file__).parents[2] / "templates")
    url = f"sqlite:///{tmp_path}/busos.db"
    chosen = Settings.load(
        {"BUSOS_DATABASE_URL": url, "BUSOS_SECRET_KEY": "k" * 32, "BUSOS_KEEP_FINISHED": "7 days"}, tmp_path
    )
    with Ledger.open(url) as ledger:
        ended = datetime.now(NOON.tzinfo) - 8 * DAY
        kept(ledger, [a_run("old", RunStatus.FINISHED, ended), a_run("new", RunStatus.FINISHED, ended + 2 * DAY)])
        with running(chosen, works=True):
            until = time.monotonic() + 20
            while stories(ledger) != {"new"} and time.monotonic() < until:
                time.sleep(0.1)
        assert stories(ledger) == {"new"}


def stories(ledger: Ledger) -> set[str]:
    return {row[0] for row in all_rows(ledger)["story"]}

"""A ledger on which nobody has worked for long: what was due then waits for a person."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.model import Contact, Run, RunStatus
from engine.runtime import overdue
from engine.runtime.ledger import Ledger
from engine.runtime.outbox import alert_of
from engine.runtime.overdue import hold_overdue, show_life
from engine.runtime.settings import Settings
from engine.runtime.wiring import running
from tests.playbooks import NOON, hours, playbook, steps
from tests.runtime.conftest import Engine, arrival

Make = Callable[..., Engine]
DAY = timedelta(days=1)
ROOT = Path(__file__).parents[2]
COURSE = "- email: one\n- wait: 1 day\n- email: two"


def worked(engine: Engine) -> None:
    """A worker does what is due, and shows that it lives."""
    engine.work()
    with engine.ledger.write() as tx:
        show_life(tx, engine.clock.now())


def began(make: Make, *names: str, text: str = COURSE) -> Engine:
    course = make(steps(text))
    course.accept_all(*(arrival(email=f"{name}@example.com") for name in names))
    worked(course)
    return course


def came_back(course: Engine, after: timedelta, limit: timedelta | None = DAY) -> int:
    course.clock.at += after
    return hold_overdue(course.ledger, course.clock.now(), limit, revision=course.playbook.revision)


def paused(course: Engine) -> int:
    with course.ledger.read() as tx:
        return len(tx.list_paused(tx.programs(), email=None, limit=99))


def alerts(course: Engine) -> list[str]:
    return [alert_of(item.payload).message for item in course.errands("alert")]


def test_what_is_overdue_by_more_than_the_limit_is_held_and_told_once(engine: Make) -> None:
    course = began(engine, "ada", "bo")

    assert came_back(course, 4 * DAY) == 2
    course.work()

    assert [message.template for message in course.mailer.given] == ["one", "one"]
    [alert] = alerts(course)
    assert alert == (
        "busos was away for 4 days. 2 runs, overdue by more than 1 day, stand still until somebody decides. "
        "Look at them: busos runs list --paused. "
        "Let them go on: busos runs resume --sequence course --overdue spread 2 hours "
        "(or --overdue now, or --overdue shift). End them: busos runs stop."
    )
    entry = course.story(course.runs()[0])[-1]
    assert (entry.kind, entry.note, entry.until) == ("pause", "overdue by 3 days when busos came back", NOON + DAY)


def test_a_second_start_finds_nothing_more_to_hold_or_to_tell(engine: Make) -> None:
    course = began(engine, "ada")
    came_back(course, 4 * DAY)
    assert came_back(course, hours(0)) == 0
    assert len(alerts(course)) == 1


def test_what_fell_due_lately_goes_on(engine: Make) -> None:
    course = began(engine, "ada")
    assert came_back(course, 1.5 * DAY) == 0
    course.work()
    assert [message.template for message in course.mailer.given] == ["one", "two"]


def test_nothing_is_held_while_somebody_works(engine: Make) -> None:
    """A vendor that was away for days holds emails up; that is no downtime of ours."""
    course = began(engine, "ada")
    course.clock.at += 4 * DAY
    with course.ledger.write() as tx:
        tx.hire("another", "worker", course.clock.now() - hours(20))
    assert came_back(course, hours(0)) == 0


def test_the_guard_can_be_switched_off(engine: Make) -> None:
    course = began(engine, "ada")
    assert came_back(course, 4 * DAY, None) == 0
    assert paused(course) == 0


def test_a_new_ledger_is_not_an_old_one(engine: Make) -> None:
    course = engine(steps(COURSE))
    course.accept()
    assert came_back(course, 4 * DAY) == 0


def test_what_came_in_is_taken_in_however_late(engine: Make) -> None:
    course = began(engine, "ada")
    course.accept(email="bo@example.com")
    assert came_back(course, 4 * DAY) == 1
    course.work()
    assert [message.to for message in course.mailer.given] == ["ada@example.com", "bo@example.com"]


def test_emails_that_were_waiting_to_be_sent_are_held_too(engine: Make) -> None:
    course = began(engine, "ada")
    with course.ledger.write() as tx:
        [taken] = tx.take([course.runs()[0].id], NOON, hours(1))
        tx.settle([taken.run.evolve(status=RunStatus.SENDING, asked_at=NOON, due_at=NOON)])
    assert came_back(course, 4 * DAY) == 1


def test_a_start_that_is_killed_half_way_tells_of_all_of_them_at_the_next(
    engine: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    course = began(engine, *(f"p{number}" for number in range(7)))
    monkeypatch.setattr(overdue, "PAGE", 3)
    hold, pages = overdue._hold, 0

    def die_at_the_third(*arguments: Any) -> bool:
        nonlocal pages
        pages += 1
        if pages == 3:
            raise SystemExit
        return hold(*arguments)

    monkeypatch.setattr(overdue, "_hold", die_at_the_third)
    with pytest.raises(SystemExit):
        came_back(course, 4 * DAY)
    assert (paused(course), alerts(course)) == (6, [])
    monkeypatch.setattr(overdue, "_hold", hold)
    assert came_back(course, hours(0)) == 7
    assert (paused(course), len(alerts(course))) == (7, 1)


def test_the_commands_of_several_sequences_are_told(engine: Make) -> None:
    two = "sequences:\n  a: {steps: [{wait: 1 day}, {email: one}]}\n  b: {steps: [{wait: 1 day}, {email: two}]}\n"
    course = engine(playbook("triggers:\n  enter: {requires: [email], then: [{start: a}, {start: b}]}\n" + two))
    course.accept()
    worked(course)
    assert came_back(course, 4 * DAY) == 2
    assert (
        "resume --sequence a --overdue spread 2 hours · busos runs resume --sequence b --overdue spread 2 hours"
        in alerts(course)[0]
    )


# In the running system


def old_ledger(settings: Settings, now: datetime, seen: datetime) -> None:
    """One person whose second email was due two days ago, and a worker that was seen at a moment."""
    with Ledger.open(settings.database_url) as ledger, ledger.write() as tx:
        tx.put_contacts([Contact(id="c1", email="ada@example.com", values={"email": "ada@example.com"})], now)
        since = now - timedelta(days=4)
        due = now - timedelta(days=2)
        run = Run(
            id="r1",
            program="nurture",
            contact_id="c1",
            status=RunStatus.WAITING,
            step="email_3",
            since=since,
            due_at=due,
            started_at=since,
            segment="URGENT",
        )
        tx.add_runs([run], "abc")
        tx.hire("gone", "worker", seen)


def wait_for(look: Callable[[], Any]) -> Any:
    until = time.monotonic() + 10
    while not (found := look()) and time.monotonic() < until:
        time.sleep(0.02)
    return found


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    shutil.copy(ROOT / "sequences.yaml", tmp_path)
    shutil.copytree(ROOT / "templates", tmp_path / "templates")
    return Settings(file=tmp_path / "sequences.yaml", database_url=f"sqlite:///{tmp_path / 'busos.db'}")


def test_a_system_that_works_holds_before_anything_moves(settings: Settings) -> None:
    now = datetime.now(UTC)
    old_ledger(settings, now, now - timedelta(days=3))
    with running(settings, works=True, make_key=True) as system:
        time.sleep(0.6)  # two looks of its workers
        assert system.outbox(limit=5, before=None, search=None) == []
        with system.ledger.read() as tx:
            assert [one.run.id for one in tx.list_paused(["nurture"], email=None, limit=5)] == ["r1"]
        assert wait_for(lambda: [one for one in system.alerts(limit=5) if "was away for 3 days" in one.message])


@pytest.mark.parametrize(("seen", "limit"), [(1, timedelta(days=1)), (24 * 3, None)])
def test_a_system_that_was_away_for_a_moment_or_need_not_hold_sends(
    settings: Settings, seen: float, limit: timedelta | None
) -> None:
    now = datetime.now(UTC)
    old_ledger(settings, now, now - timedelta(hours=seen))
    with running(replace(settings, hold_overdue=limit), works=True, make_key=True) as system:
        assert wait_for(lambda: system.outbox(limit=5, before=None, search=None))


def test_a_system_shows_that_it_lives_and_one_that_only_accepts_does_not(settings: Settings) -> None:
    with running(settings, works=False, make_key=True) as system, system.ledger.read() as tx:
        assert tx.note(overdue.SIGN) is None
    with running(settings, works=True, make_key=True) as system, system.ledger.read() as tx:
        noted = datetime.fromisoformat(tx.note(overdue.SIGN) or "")
    assert datetime.now(UTC) - noted < timedelta(minutes=1)

"""The wired system: which adapters the settings choose, and what the server may ask of it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.adapters.guard import KEPT
from engine.adapters.notion import KeptCopy
from engine.adapters.outbox import OutboxMailer
from engine.adapters.resend import ResendMailer
from engine.adapters.smtp import SmtpMailer
from engine.errors import LedgerUnavailable, SettingsError
from engine.model import RunStatus, TemplateText
from engine.ports import Message
from engine.runtime.clock import Ids, SystemClock
from engine.runtime.current_mailer import CurrentMailer
from engine.runtime.kept_templates import KeptTemplates
from engine.runtime.ledger import Ledger
from engine.runtime.paces import MemoryStore, Paces
from engine.runtime.settings import Settings
from engine.runtime.subscriptions import Subscriptions, subscriptions_of
from engine.runtime.system import System
from engine.runtime.wiring import build, mailer_of, running
from tests.playbooks import NOON, playbook
from tests.runtime.conftest import HandClock, ScriptedMailer, arrival

ROOT = Path(__file__).parents[2]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    shutil.copy(ROOT / "sequences.yaml", tmp_path)
    shutil.copytree(ROOT / "templates", tmp_path / "templates")
    return Settings(file=tmp_path / "sequences.yaml", database_url=f"sqlite:///{tmp_path / 'busos.db'}")


@pytest.fixture
def system(settings: Settings) -> Iterator[System]:
    with running(settings, works=True, make_key=True) as found:
        yield found


def eventually(look: Callable[[], Any]) -> Any:
    until = time.monotonic() + 10
    while not (found := look()) and time.monotonic() < until:
        time.sleep(0.02)
    return found


def first_email(system: System) -> Any:
    return eventually(
        lambda: [one for one in system.outbox(limit=5, before=None, search=None) if one.status == "kept"]
    )[0]


def test_an_assessment_becomes_an_email_and_an_alert(system: System) -> None:
    system.submit(arrival("assessment", red_systems=2, orange_systems=1)).result(10)

    email = first_email(system)
    alerts = eventually(lambda: [alert for alert in system.alerts(limit=5) if alert.status == "recorded"])

    assert (email.template, email.to, email.status, email.mailer) == ("email_1", "ada@example.com", "kept", "outbox")
    assert email.headers["List-Unsubscribe"].startswith("<http://127.0.0.1:8000/u/")
    assert [alert.message for alert in alerts] == ["Hot lead: there, ada@example.com, 2 red systems"]
    assert system.email(email.key) == email
    assert system.email("nothing") is None


def test_pages_of_the_outbox_follow_each_other(system: System) -> None:
    for number in range(3):
        system.submit(arrival("assessment", email=f"ada+{number}@example.com", red_systems=0, orange_systems=0)).result(
            10
        )
    every = eventually(lambda: len(found := system.outbox(limit=9, before=None, search=None)) == 3 and found)

    assert system.outbox(limit=1, before=every[0].key, search=None) == every[1:2]
    assert [email.to for email in system.outbox(limit=9, before=None, search="+1@")] == ["ada+1@example.com"]


def test_people_are_subscribed_to_the_marketing_that_they_have_been_in(system: System) -> None:
    system.submit(arrival("assessment", red_systems=0, orange_systems=0)).result(10)
    first_email(system)
    with system.ledger.read() as tx:
        (contact,) = tx.contacts_by_email(["ada@example.com"]).values()
        gone = subscriptions_of(tx, playbook("sequences: {}"), contact.id)
        receipt = "{steps: [{email: receipt, transactional: true}]}"
        business = subscriptions_of(tx, playbook(f"sequences: {{nurture: {receipt}}}"), contact.id)
    assert (gone.sequences, business.sequences) == ((), ())

    found = system.subscriptions(contact.id)
    assert (found.sequences, found.stopped("nurture")) == (("nurture",), False)
    system.change_suppression(contact.id, lambda one, now: one.leaving("nurture", now, "page"))
    assert system.subscriptions(contact.id).stopped("nurture")
    assert system.subscriptions("nobody") == Subscriptions()


def test_unsubscribing_ends_what_is_under_way(system: System) -> None:
    receipt = system.submit(arrival("assessment", red_systems=0, orange_systems=0)).result(10)
    first_email(system)
    with system.ledger.read() as tx:
        run = tx.run(receipt.event_id)
    assert run is not None

    system.suppress(run.contact_id, "unsubscribed")

    def stopped() -> list[str | None]:
        with system.ledger.read() as tx:
            return [one.run.reason for one in tx.list_runs(program="nurture") if one.run.status.ended]

    assert eventually(stopped) == ["unsubscribed"]


def test_a_working_system_is_ready(system: System) -> None:
    parts = system.ready()

    assert {name: good for name, (good, _) in parts.items()} == {
        "ledger": True,
        "queue": True,
        "worker": True,
        "file": True,
    }


def test_without_a_worker_it_is_not_ready(settings: Settings) -> None:
    with running(replace(settings, secret_key="not a real one"), works=False) as system:
        assert system.ready()["worker"] == (False, "none seen: run busos worker")


def test_an_edit_that_mends_a_hold_is_felt_at_once(system: System) -> None:
    path = system.settings.file
    whole = path.read_text()
    path.write_text(whole.replace("- email: email_1", "- email: email_1\n        id: first"))
    assert eventually(lambda: "first" in system.playbook().sequences["nurture"].steps)
    system.submit(arrival("assessment", red_systems=0, orange_systems=0)).result(10)
    first_email(system)
    with system.ledger.write() as tx:
        run = tx.list_runs(program="nurture")[0].run
        due = system.clock.now() + timedelta(hours=1)
        tx.settle([run.evolve(status=RunStatus.HELD, step="email_1", since=run.started_at, due_at=due)])

    path.write_text(whole)

    emails = eventually(lambda: len(found := system.outbox(limit=5, before=None, search=None)) == 2 and found)
    assert [email.step for email in emails] == ["email_1", "first"]


def test_a_broken_edit_and_a_ledger_that_is_away_are_shown(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    path = system.settings.file
    path.write_text(path.read_text().replace("sequences:", "sequencs:"))
    problem = eventually(lambda: not system.ready()["file"][0] and system.ready()["file"][1])

    def full(**_: Any) -> Any:
        raise LedgerUnavailable("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(system.ledger, "write", full)
        away = system.ready()

    assert "the last good version runs" in problem
    assert away["ledger"] == (False, "the disk is full")
    assert away["worker"] == (False, "not known")


def test_a_server_needs_a_secret_key_and_dev_makes_one_that_lasts(settings: Settings) -> None:
    with pytest.raises(SettingsError, match="BUSOS_SECRET_KEY"):
        build(settings, works=False)

    keys = []
    for _ in range(2):
        with running(settings, works=False, make_key=True) as system:
            keys.append(system.settings.secret_key)

    assert keys[0] == keys[1]
    assert len(keys[0] or "") >= 32


def test_the_settings_choose_the_mailer_and_its_pace(settings: Settings) -> None:
    paces = Paces(MemoryStore(), SystemClock(), lambda alert: None)
    smtp_too = replace(settings, smtp_url="smtp://127.0.0.1:2525")
    resend, slow = mailer_of(replace(smtp_too, resend_api_key="re_for_a_stand_in"), paces)
    smtp, free = mailer_of(smtp_too, paces)
    outbox, never = mailer_of(settings, paces)

    assert isinstance(resend, ResendMailer)
    assert isinstance(smtp, SmtpMailer)
    assert isinstance(outbox, OutboxMailer)
    assert (slow.take(99), free.take(99), never.take(99)) == (5, 99, 99)
    resend.close()


@pytest.mark.parametrize(("smtp_url", "threads"), [(None, 1), ("smtp://127.0.0.1:2525", 3)])
def test_several_threads_move_runs_only_where_a_mailer_is_waited_for(
    settings: Settings, smtp_url: str | None, threads: int
) -> None:
    system = build(replace(settings, smtp_url=smtp_url), works=True, make_key=True, threads=3)
    try:
        assert system._crew is not None
        runs = next(pool for pool in system._crew.pools if pool.name == "runs")
        assert runs._consumer.workers == threads
    finally:
        system.ledger.close()


@pytest.mark.parametrize(
    ("testing", "allowed", "given"),
    [
        (True, '["*@example.com"]', ["ada@example.com"]),
        (True, "[]", []),
        (False, "[]", ["ada@example.com", "kim@test.example"]),
    ],
)
def test_testing_mode_lets_only_the_listed_through(testing: bool, allowed: str, given: list[str]) -> None:
    listed = f"testing: {{send_only_to: {allowed}}}\n" if allowed != "[]" else ""
    book = playbook(f"{listed}triggers: {{enter: {{requires: [email]}}}}\n", testing=testing)
    inner = ScriptedMailer()
    mailer = CurrentMailer(inner, lambda: book)

    answers = mailer.send([_message("ada@example.com"), _message("kim@test.example")])

    assert [message.to for message in inner.given] == given
    kept = [getattr(answer, "provider_id", None) == KEPT for answer in answers]
    assert kept.count(True) == 2 - len(given)


def _message(to: str) -> Message:
    return Message(key=f"key-{to}", template="one", sender="sang@example.com", to=to, subject="S", html="H", text="T")


def test_templates_that_notion_gave_are_kept(tmp_path: Path) -> None:
    with Ledger.open(f"sqlite:///{tmp_path / 'busos.db'}") as ledger:
        kept = KeptTemplates(ledger, HandClock(), "a database")
        assert kept.load() is None
        one, two = (TemplateText(name=name, subject="S", body="B", format="html") for name in ("one", "two"))

        kept.save([one, two], NOON)
        kept.save([two], NOON)
        kept.save([one], NOON - timedelta(seconds=1))

        assert kept.load() == KeptCopy([two], NOON)
        assert KeptTemplates(ledger, HandClock(), "another database").load() is None
        kept.save([], NOON)
        assert kept.load() == KeptCopy([], NOON)


def test_ids_sort_in_the_order_in_which_they_were_made() -> None:
    ids = Ids()
    made = [ids.new(NOON + timedelta(milliseconds=number // 100)) for number in range(1000)]
    back = ids.new(NOON - timedelta(days=1))

    assert made == sorted(set(made))
    assert back > made[-1]
    assert {len(one) for one in made} == {20}

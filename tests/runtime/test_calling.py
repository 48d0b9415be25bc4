"""Calls to web addresses on a real ledger, over real HTTP: made once, repeated under one key, and never lost."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

import pytest

from engine.adapters.http import HttpWeb
from engine.model import Playbook, Run, RunStatus
from engine.ports import Web
from engine.runtime.calling import CallErrand, RecordedWeb, call_id
from engine.runtime.outbox import GIVE_UP, Dispatcher
from engine.simulation import simulate_sequence
from tests.playbooks import NOON, playbook, posted
from tests.playbooks import ada as person
from tests.runtime.conftest import Engine
from tests.web import Server, serving

Make = Callable[..., Engine]

FILE = """
triggers:
  enter: {{requires: [email], accepts: [first_name, red, customer], then: [{{start: course}}]}}
sequences:
  course:
    stop_when: customer = true
    steps:
      - email: one
      - http: POST {url}/contacts?of={{{{ email }}}}
        id: crm
        headers: {{Authorization: {{secret: CRM}}, X-From: "{{{{ first_name }}}}"}}
        json: {{name: "Dear {{{{ first_name }}}}", red: "{{{{ red }}}}", tags: ["{{{{ visits }}}}", 2, true]}}
        save_as: {{visits: result.visits}}
        {more}
      - email: two
      - wait: 1 day
      - email: three
"""


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as found:
        found.answers["/contacts?of=ada%40example.com"] = (200, {}, b'{"result": {"visits": 9}}')
        yield found


@dataclass
class Caller:
    """An engine whose calls a test makes when it wants to."""

    engine: Engine
    web: Web
    secrets: Mapping[str, str]

    def call(self) -> int:
        """Make every call that is due; how many tries that were."""
        errand = CallErrand(self.engine.ledger, self.web, lambda: self.engine.playbook, self.secrets)
        dispatcher, tries = Dispatcher(self.engine.ledger, errand, self.engine.clock), 0
        while items := dispatcher.claim():
            tries += len(items)
            dispatcher.work(items)
        return tries

    @property
    def run(self) -> Run:
        (found,) = self.engine.runs()
        return found

    @property
    def emails(self) -> list[str]:
        return [message.template for message in self.engine.mailer.given]

    @property
    def notes(self) -> list[str]:
        return [entry.note for entry in self.engine.story(self.run) if entry.step == "crm"]


def book(server: Server, more: str = "note: nothing more") -> Playbook:
    return playbook(FILE.format(url=server.url, more=more))


@pytest.fixture
def caller(engine: Make, server: Server) -> Iterator[Callable[..., Caller]]:
    web = HttpWeb(["127.0.0.0/8"], deadline=5.0)

    def make(more: str = "note: nothing more", secrets: Mapping[str, str] | None = None, **values: object) -> Caller:
        found = Caller(engine(book(server, more)), web, {"CRM": "Bearer s3cret"} if secrets is None else secrets)
        found.engine.accept(**{"first_name": "Zoë", "red": 3, **values})
        found.engine.work()
        return found

    yield make
    web.close()


def test_a_call_is_made_and_what_it_answers_is_saved(caller: Callable[..., Caller], server: Server) -> None:
    ada = caller()
    assert (ada.run.status, ada.emails) == (RunStatus.CALLING, ["one"])

    assert ada.call() == 1
    ada.engine.work()

    ((method, path, headers, body),) = server.asked
    assert (method, path) == ("POST", "/contacts?of=ada%40example.com")
    assert json.loads(body) == {"name": "Dear Zoë", "red": 3, "tags": [None, 2, True]}
    assert headers["authorization"] == "Bearer s3cret"
    assert headers["x-from"].encode("latin-1").decode() == "Zoë"
    assert headers["content-type"] == "application/json"
    assert ada.engine.values()["visits"] == 9
    assert ada.emails == ["one", "two"]
    assert ada.notes == ["POST 127.0.0.1: 200, visits = 9"]


@pytest.mark.parametrize("microseconds", [1, 499, 500, 999])
def test_the_moment_of_asking_may_be_any(engine: Make, server: Server, microseconds: int) -> None:
    web = HttpWeb(["127.0.0.0/8"])
    ada = Caller(engine(book(server)), web, {"CRM": "x"})
    ada.engine.clock.forward(microseconds=microseconds)
    ada.engine.accept(red=1)
    ada.engine.work()
    assert ada.call() == 1
    ada.engine.work()
    web.close()
    assert (ada.emails, len(server.asked)) == (["one", "two"], 1)


def test_no_secret_is_stored_and_what_was_sent_is_forgotten(caller: Callable[..., Caller]) -> None:
    ada = caller()
    stored = json.dumps([item.payload for item in ada.engine.errands("call")])
    ada.call()
    assert "Dear" in stored
    assert "s3cret" not in stored
    assert "Dear" not in json.dumps([item.payload for item in ada.engine.errands("call", "done")])


def test_a_try_that_fails_in_passing_is_made_again_under_the_same_key(
    caller: Callable[..., Caller], server: Server
) -> None:
    path = "/contacts?of=ada%40example.com"
    server.answers[path] = [(503, {}, b""), (429, {"retry-after": "7"}, b""), (200, {}, b'{"result": {"visits": 1}}')]
    ada = caller()
    ada.call()
    ada.engine.clock.forward(seconds=2)
    ada.call()
    ada.engine.clock.forward(seconds=6)
    waiting = ada.call()
    ada.engine.clock.forward(seconds=1)
    ada.call()
    ada.engine.work()

    assert waiting == 0
    assert len({(headers["idempotency-key"], body) for _, _, headers, body in server.asked}) == 1
    assert len(server.asked) == 3
    assert ada.emails == ["one", "two"]
    assert ada.notes == ["POST 127.0.0.1: 200, visits = 1"]


def test_who_waits_long_says_why_once_and_the_team_hears_of_it(caller: Callable[..., Caller], server: Server) -> None:
    server.answers["/contacts?of=ada%40example.com"] = (503, {}, b"")
    ada = caller()
    for _ in range(8):
        ada.call()
        ada.engine.pass_time(minutes=15)
    assert ada.run.status is RunStatus.CALLING
    assert ada.notes == ["waits: 127.0.0.1 answered 503"]
    assert [alert.payload["message"] for alert in ada.engine.errands("alert")] == [
        "calls of course have to wait: 127.0.0.1 answered 503"
    ]


def test_what_fails_for_days_is_given_up(caller: Callable[..., Caller], server: Server) -> None:
    server.answers["/contacts?of=ada%40example.com"] = (503, {}, b"")
    ada = caller()
    ada.call()
    ada.engine.clock.forward(seconds=GIVE_UP.total_seconds())
    ada.call()
    ada.engine.work()
    assert (ada.run.status, ada.run.reason) == (RunStatus.HELD, "127.0.0.1 answered 503")


@pytest.mark.parametrize(
    ("more", "status", "emails"),
    [
        ("if_it_fails: hold", RunStatus.HELD, ["one"]),
        ("if_it_fails: stop", RunStatus.FAILED, ["one"]),
        ("if_it_fails: go_on", RunStatus.WAITING, ["one", "two"]),
        ("expect: [2xx, 404]", RunStatus.HELD, ["one"]),  # it answered, but without the visits
    ],
)
def test_what_is_refused_does_as_the_step_says(
    caller: Callable[..., Caller], server: Server, more: str, status: RunStatus, emails: list[str]
) -> None:
    server.answers["/contacts?of=ada%40example.com"] = (404, {}, b"{}")
    ada = caller(more)
    ada.call()
    ada.engine.work()
    assert (ada.run.status, ada.emails) == (status, emails)


def test_who_was_held_makes_a_new_call(caller: Callable[..., Caller], server: Server) -> None:
    path = "/contacts?of=ada%40example.com"
    server.answers[path] = [(422, {}, b""), (200, {}, b'{"result": {"visits": 100}}'), (200, {}, b'{"result": {}}')]
    ada = caller()
    for _ in range(3):
        ada.call()
        ada.engine.work()
        ada.engine.pass_time(minutes=15)
    assert len({headers["idempotency-key"] for _, _, headers, _ in server.asked}) == 3
    assert ada.notes == [
        "127.0.0.1 answered 422",
        "POST 127.0.0.1: 200, but the answer's result.visits must be a whole number from 0 to 99, not 100",
        "POST 127.0.0.1: 200, but the answer has no result.visits",
    ]


def test_a_secret_that_is_not_set_is_said(caller: Callable[..., Caller], server: Server) -> None:
    ada = caller(secrets={})
    ada.call()
    ada.engine.work()
    assert ada.run.reason == "HTTP_SECRET_CRM must be set: a header of this call needs it"
    assert server.asked == []


def test_what_is_needed_and_unknown_is_waited_for(engine: Make, server: Server) -> None:
    text = FILE.replace('red: "{{{{ red }}}}"', 'red: "{{{{ red }}}} of 8"')
    web = HttpWeb(["127.0.0.0/8"])
    ada = Caller(engine(playbook(text.format(url=server.url, more="note: it needs red"))), web, {"CRM": "x"})
    ada.engine.accept()
    ada.engine.work()
    held = ada.run
    ada.engine.accept(red=5)
    ada.engine.work()
    ada.call()
    web.close()
    assert (held.status, held.reason) == (RunStatus.HELD, "red is unknown, and the call says it")
    assert [json.loads(body)["red"] for *_, body in server.asked] == ["5 of 8"]


def test_who_is_stopped_meanwhile_calls_nobody(caller: Callable[..., Caller], server: Server) -> None:
    ada = caller()
    ada.engine.accept(customer=True)
    ada.engine.work()
    ada.call()
    assert (ada.run.status, ada.run.reason) == (RunStatus.STOPPED, "customer = true")
    assert server.asked == []


def test_who_is_stopped_while_the_other_side_is_away_is_not_told_to_wait(
    caller: Callable[..., Caller], server: Server
) -> None:
    server.answers["/contacts?of=ada%40example.com"] = (503, {}, b"")
    ada = caller()
    ada.call()
    ada.engine.accept(customer=True)
    ada.engine.work()
    assert ada.run.status is RunStatus.STOPPED


def test_an_answer_that_makes_a_run_end_ends_it(engine: Make, server: Server) -> None:
    text = FILE.replace("save_as: {{visits: result.visits}}", "save_as: {{customer: result.paid}}")
    server.answers["/contacts?of=ada%40example.com"] = (200, {}, b'{"result": {"paid": true}}')
    web = HttpWeb(["127.0.0.0/8"])
    ada = Caller(engine(playbook(text.format(url=server.url, more="note: paid"))), web, {"CRM": "x"})
    ada.engine.accept(red=1)
    ada.engine.work()
    ada.call()
    ada.engine.work()
    web.close()
    assert (ada.run.status, ada.run.reason, ada.emails) == (RunStatus.STOPPED, "customer = true", ["one"])


def test_a_paused_run_calls_when_it_goes_on(caller: Callable[..., Caller], server: Server) -> None:
    ada = caller()
    with ada.engine.ledger.write() as tx:
        tx.pause_runs([ada.run.id], ada.engine.clock.now())
    ada.call()
    asked = len(server.asked)
    with ada.engine.ledger.write() as tx:
        tx.resume_runs([(one, one.run) for one in tx.standings([ada.run.id])], ada.engine.clock.now())
    ada.engine.clock.forward(minutes=1)
    ada.call()
    ada.engine.work()
    assert (asked, len(server.asked), ada.emails) == (0, 1, ["one", "two"])


def test_a_look_while_the_call_is_out_makes_no_second_one(caller: Callable[..., Caller], server: Server) -> None:
    ada = caller()
    for red in range(3):
        ada.engine.accept(red=red)
        ada.engine.work()
    before = call_id(ada.run)
    ada.engine.pass_time(minutes=20)
    assert call_id(ada.run) == before
    assert ada.call() == 1
    ada.engine.work()
    assert ada.emails == ["one", "two"]


def test_a_worker_that_dies_while_it_calls_is_followed_by_one_under_the_same_key(
    caller: Callable[..., Caller], server: Server
) -> None:
    ada = caller()
    errand = CallErrand(ada.engine.ledger, ada.web, lambda: ada.engine.playbook, ada.secrets)
    dying = Dispatcher(ada.engine.ledger, errand, ada.engine.clock)
    errand.run(dying.claim())  # and it never writes down what came of it
    ada.engine.clock.forward(minutes=3)
    ada.call()
    ada.engine.work()
    assert len(server.asked) == 2
    assert len({headers["idempotency-key"] for _, _, headers, _ in server.asked}) == 1
    assert ada.emails == ["one", "two"]


def test_an_answer_finds_its_run_after_the_step_was_taken_out(caller: Callable[..., Caller], server: Server) -> None:
    ada = caller()
    ada.call()
    text = FILE.format(url=server.url, more="note: gone")
    begin, end = text.index("      - http:"), text.index("      - email: two")
    ada.engine.playbook = playbook(text[:begin] + text[end:])
    ada.engine.work()
    assert ada.run.status is RunStatus.HELD
    assert ada.run.reason == 'step "crm" is no longer in the file'


def test_without_leave_to_call_the_call_is_told_of_and_not_made(engine: Make, server: Server) -> None:
    ada = Caller(engine(book(server)), RecordedWeb(), {"CRM": "x"})
    ada.engine.accept(red=1)
    ada.engine.work()
    ada.call()
    ada.engine.work()
    assert ada.notes == ["POST 127.0.0.1: not called, because BUSOS_HTTP_ALLOW is not set; nothing was saved"]
    assert ada.emails == ["one", "two"]


def test_simulation_and_ledger_tell_one_story_but_for_the_answer(caller: Callable[..., Caller], server: Server) -> None:
    ada = caller()
    ada.call()
    ada.engine.work()
    ada.engine.pass_time(days=1)
    told = simulate_sequence(book(server), "course", person(red=3, first_name="Zoë"), NOON, posted)
    lines = [(entry.at, entry.step, entry.kind) for entry in told.story]
    assert lines == [(entry.at, entry.step, entry.kind) for entry in ada.engine.story(ada.run) if entry.kind != "start"]
    assert "POST 127.0.0.1: not called here, taken to go well; visits stays as before" in [
        entry.note for entry in told.story
    ]


def test_a_run_that_calls_is_due_again_within_the_hour(caller: Callable[..., Caller]) -> None:
    ada = caller()
    assert ada.run.due_at is not None
    assert ada.run.due_at - NOON <= timedelta(hours=1)

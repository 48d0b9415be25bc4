"""A ledger of any released version opens, migrates, means the same; its runs finish, no email twice, none lost."""

from __future__ import annotations

import gzip
import json
import shutil
import sqlite3
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.adapters.files import FileTemplates
from engine.language.compiler import load
from engine.model import Playbook
from engine.ports import Delivery, Message
from engine.runtime.ledger import Ledger
from engine.runtime.ledger.encoding import message_from
from engine.runtime.ledger.migrations import HEAD
from tests.e2e.product import Product, eventually
from tests.runtime.conftest import Engine, HandClock, ScriptedMailer, yes
from tests.standins.resend import Resend
from tests.standins.server import Reply, StandIn

HERE = Path(__file__).parent
SHORT_LIVED = {"alembic_version", "workers"}
"""Tables whose rows say nothing about people: a migration may empty them."""
DAYS = 70
"""By then every wait of the stored people is over."""


@dataclass(frozen=True)
class Released:
    """What is stored of one version."""

    folder: Path

    @property
    def version(self) -> str:
        return self.folder.name

    def read(self, name: str) -> Any:
        return json.loads((self.folder / name).read_text())

    @property
    def killed_at(self) -> datetime:
        return datetime.fromtimestamp(self.read("provider.json")["killed_at"] / 1000, UTC)

    def unpack(self, folder: Path) -> Path:
        """The ledger, the file and the templates in a folder; the ledger's path."""
        path = folder / "busos.db"
        path.write_bytes(gzip.decompress((self.folder / "ledger.db.gz").read_bytes()))
        shutil.copy(self.folder / "sequences.yaml", folder)
        shutil.copytree(self.folder / "templates", folder / "templates")
        return path


ALL = [Released(path.parent) for path in sorted(HERE.glob("*/ledger.db.gz"))]


@pytest.fixture(params=ALL, ids=lambda one: one.version)
def released(request: pytest.FixtureRequest) -> Released:
    found: Released = request.param
    return found


@pytest.fixture
def path(released: Released, tmp_path: Path) -> Path:
    return released.unpack(tmp_path)


def rows(path: Path, sql: str) -> list[Any]:
    with closing(sqlite3.connect(path, timeout=10)) as connection:
        return connection.execute(sql).fetchall()


def tables(path: Path) -> dict[str, list[str]]:
    """Columns by table."""
    names = [name for (name,) in rows(path, "SELECT name FROM sqlite_master WHERE type = 'table'")]
    return {name: [row[1] for row in rows(path, f"PRAGMA table_info({name})")] for name in names}


def statuses(path: Path) -> dict[str, dict[str, list[str]]]:
    """The statuses of everybody's runs, oldest first; finished runs of triggers have nothing to tell."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    sql = "SELECT c.email, r.program, r.status FROM runs r JOIN contacts c ON c.id = r.contact_id ORDER BY r.id"
    for email, program, status in rows(path, sql):
        if not (program.startswith("trigger ") and status == "finished"):
            found[email.partition("@")[0]][program].append(status)
    return {person: dict(programs) for person, programs in found.items()}


def expected(released: Released, moment: str) -> dict[str, dict[str, list[str]]]:
    people = released.read("people.json")["people"]
    return {name: person[moment] for name, person in people.items() if person[moment]}


def template_of(subject: str) -> str:
    """Every template begins its subject with its own name."""
    return subject.partition(":")[0].replace(" ", "_")


def emails(sent: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Templates by person, from (address, subject)."""
    found: dict[str, list[str]] = defaultdict(list)
    for address, subject in sent:
        found[address.partition("@")[0]].append(template_of(subject))
    return dict(found)


def wanted_emails(released: Released) -> dict[str, list[str]]:
    people = released.read("people.json")["people"]
    return {name: person["emails"] for name, person in people.items() if person["emails"]}


# -- It opens --------------------------------------------------------------------------------


def test_there_is_a_ledger_of_every_version() -> None:
    assert [one.version for one in ALL] == [f"{number:04}" for number in range(1, len(ALL) + 1)]
    assert ALL


def test_a_copy_is_kept_and_every_row_is_still_there(released: Released, path: Path) -> None:
    before = {
        name: sorted(map(repr, rows(path, f"SELECT {', '.join(columns)} FROM {name}")))
        for name, columns in tables(path).items()
        if name not in SHORT_LIVED
    }
    columns = tables(path)

    Ledger.open(f"sqlite:///{path}").close()

    for name, was in before.items():
        now = sorted(map(repr, rows(path, f"SELECT {', '.join(columns[name])} FROM {name}")))
        assert now == was, name
    if released.version != HEAD:
        copy = path.with_name(f"busos.db.before-{HEAD}-was-{released.version}")
        assert rows(copy, "SELECT version_num FROM alembic_version") == [(released.version,)]
        assert len(rows(copy, "SELECT * FROM runs")) == len(before["runs"])
    with Ledger.open(f"sqlite:///{path}") as ledger:
        assert ledger.check() == []


def test_it_means_the_same(released: Released, path: Path) -> None:
    told = rows(path, "SELECT run_id, count(*) FROM story GROUP BY run_id")
    asked = dict(rows(path, "SELECT status, count(*) FROM emails GROUP BY status"))
    contacts = rows(path, "SELECT email, data, suppressed, known FROM contacts")
    keyed = rows(path, "SELECT trigger, key, id FROM events WHERE key IS NOT NULL")

    with Ledger.open(f"sqlite:///{path}") as ledger, ledger.read() as tx:
        assert statuses(path) == expected(released, "found")
        assert {run_id: len(tx.story(run_id)) for run_id, _ in told} == dict(told)
        assert tx.email_counts() == asked
        assert all(email.message.html and email.message.subject for email in tx.recent_emails(limit=1000))
        found = tx.contacts_by_email([email for email, *_ in contacts])
        assert {email: (found[email].suppressed, found[email].known) for email in found} == {
            email: (suppressed, bool(known)) for email, _, suppressed, known in contacts
        }
        assert {email: dict(found[email].values) for email in found} == {
            email: json.loads(data) for email, data, *_ in contacts
        }
        seen = tx.events_by_key([(trigger, key) for trigger, key, _ in keyed])
        assert keyed
        assert {event.id for event in seen.values()} == {event_id for *_, event_id in keyed}


# -- Its runs finish -------------------------------------------------------------------------


@dataclass
class Provider(ScriptedMailer):
    """Remembers the keys that the provider had taken before the kill, and takes each other key once."""

    before: dict[str, Any] = field(default_factory=dict)
    unsettled: dict[str, Message] = field(default_factory=dict)
    taken: dict[str, Message] = field(default_factory=dict)

    def send(self, messages: Sequence[Message]) -> Sequence[Delivery]:
        return [self._take(message) for message in messages]

    def _take(self, message: Message) -> Delivery:
        assert message.key not in self.taken, f"{message.key} was handed over twice"
        if message.key in self.unsettled:
            assert message == self.unsettled[message.key], "the stored email goes out as it was stored"
        else:
            assert message.key not in self.before, f"{message.key} had been taken and settled"
        self.taken[message.key] = message
        return yes(message)

    def everything(self) -> list[tuple[str, str]]:
        """All that ever went out, each key once."""
        fresh = [(one.to, one.subject) for key, one in self.taken.items() if key not in self.before]
        return [(one["to"][0], one["subject"]) for one in self.before.values()] + fresh


def unsettled(path: Path) -> dict[str, Message]:
    """Emails that were asked for and have no answer, by key."""
    sql = "SELECT e.key, m.body FROM emails e JOIN messages m ON m.number = e.number WHERE e.status = 'asked'"
    return {key: message_from(body) for key, body in rows(path, sql)}


def test_its_runs_finish_with_the_present_engine(released: Released, path: Path, engine: Callable[..., Engine]) -> None:
    templates = FileTemplates(path.parent / "templates")
    provider = Provider(before=released.read("provider.json")["accepted"], unsettled=unsettled(path))
    opened = engine(
        playbook_of(path, templates),
        clock=HandClock(released.killed_at + timedelta(minutes=10)),
        mailer=provider,
        templates=templates,
    )
    opened.work()
    assert provider.taken.keys() >= {key for key in provider.unsettled if key in provider.before}
    for event in released.read("people.json")["tell"]:
        person, trigger, values = event["person"], event["trigger"], event["values"]
        opened.accept(trigger, email=f"{person}@example.com", **values)
    for _ in range(2 * DAYS):
        opened.pass_time(hours=12)

    assert statuses(path) == expected(released, "ends")
    assert emails(provider.everything()) == wanted_emails(released)
    assert not unsettled(path)


def playbook_of(path: Path, templates: FileTemplates) -> Playbook:
    return load(path.with_name("sequences.yaml"), templates, testing=False)


# -- And in the real process -------------------------------------------------------------------


def moved(path: Path, by: timedelta) -> None:
    """The same ledger, written so much later: every instant is in milliseconds, and nothing else is so large."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for name, columns in tables(path).items():
            for column in columns:
                sql = (
                    f"UPDATE {name} SET {column} = {column} + ? WHERE typeof({column}) = 'integer' AND {column} > 1e12"
                )
                connection.execute(sql, (round(by.total_seconds() * 1000),))


def idle(path: Path) -> bool:
    """Whether nothing is due, or in anybody's hands."""
    soon = round(time.time() * 1000) + 120_000
    return rows(path, f"SELECT count(*) FROM runs WHERE wake_at < {soon}") == [(0,)]


@pytest.mark.timeout(240)
def test_the_real_process_finishes_them(released: Released, path: Path) -> None:
    accepted = released.read("provider.json")["accepted"]
    in_doubt, resend = unsettled(path), Resend(rate=0)
    for key, one in accepted.items():
        asked = (one["sha256"], tuple(recipient.encode() for recipient in one["to"]))
        resend.answers[one["path"], key] = (asked, Reply(body={"id": one["id"]}), time.monotonic())
    moved(path, datetime.now(UTC) - released.killed_at - timedelta(minutes=5))
    with StandIn(resend) as mail:
        given = {
            "RESEND_API_KEY": "re_for_a_stand_in",
            "RESEND_API_URL": mail.url,
            "BUSOS_SECRET_KEY": "only for a stored ledger",
            "BUSOS_DATABASE_URL": "sqlite:///busos.db",
        }
        soon = Product(path.parent, **{**given, "TESTING_MODE": "false"})
        with soon.running():
            eventually(lambda: idle(path), bool, soon.log)
        moved(path, timedelta(days=-DAYS))
        later = Product(path.parent, **given)
        with later.running():
            replay = released.read("people.json")["replay"]
            status, _, headers = later.post(replay["trigger"], replay["values"], Idempotency_Key=replay["key"])
            assert (status, headers["Idempotent-Replayed"]) == (202, "true"), "the key is still known"
            for event in released.read("people.json")["tell"]:
                later.post(event["trigger"], {"email": f"{event['person']}@example.com", **event["values"]})
            eventually(lambda: statuses(path), lambda found: found == expected(released, "ends"), later.log)

    assert resend.violations == [], "a stored email went out with other bytes than before"
    again = Counter(line["key"] for line in resend.requests if line["key"] in accepted)
    assert set(again) == accepted.keys() & in_doubt.keys(), "asked again: what had no answer, and nothing else"
    before = [(one["to"][0], one["subject"]) for one in accepted.values()]
    fresh = [(address(one["to"]), one["subject"]) for one in resend.accepted]
    # Which of somebody's runs comes first is the clock's; of one run the hand-held clock above shows the order.
    assert in_any_order(emails(before + fresh)) == in_any_order(wanted_emails(released))


def in_any_order(found: dict[str, list[str]]) -> dict[str, list[str]]:
    return {person: sorted(templates) for person, templates in found.items()}


def address(to: Any) -> str:
    return str(to if isinstance(to, str) else to[0])

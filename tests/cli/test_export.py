"""busos export: all that is known of one person, and nothing of anybody else."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pytest

from engine.model import Contact, Entry, RaiseAlert, RunStatus
from engine.model import Run as Journey
from engine.ports import Message
from engine.runtime.calling import id_of_call
from engine.runtime.ledger import EmailRecord, Ledger, MirrorRecord, OutboxItem, StoredEvent
from engine.runtime.ledger.encoding import millis
from engine.runtime.mentions import Mentions
from engine.runtime.outbox import alert_item, mirror_item
from engine.runtime.person import person_at
from tests.cli.example import Run
from tests.fences import ROOT

NOON = datetime(2025, 11, 12, 17, tzinfo=UTC)


def fill(url: str) -> None:
    """Ada with something in every table, and Mcada, whose address ends with hers, with the same."""
    with Ledger.open(url) as ledger, ledger.write() as tx:
        tx.put_revision("abc", "version: 1", NOON)
        for name in ("ada", "mcada"):
            contact, address, run_id = f"contact-{name}-1", f"{name}@example.com", f"run-{name}"
            tx.put_contacts([Contact(id=contact, email=address, values={"illness": f"{name}'s"})], NOON)
            event = StoredEvent(
                id=f"event-{name}",
                trigger="quiz",
                contact_id=contact,
                email=address,
                payload={"reds": 2},
                accepted_at=NOON,
                revision="abc",
            )
            tx.add_events([event])
            run = Journey(
                id=run_id,
                program="welcome",
                contact_id=contact,
                status=RunStatus.WAITING,
                step="second",
                since=NOON,
                due_at=NOON,
                started_at=NOON,
            )
            tx.add_runs([run], "abc")
            tx.tell([(run_id, Entry(at=NOON, step="crm", kind="http", note="200"))], "abc")
            message = Message(
                key=f"key-{name}",
                template="hello",
                sender="sang@example.com",
                to=address,
                subject="Hi",
                html="<p>",
                text="Hi",
            )
            tx.put_emails(
                [
                    EmailRecord(
                        run_id=run_id,
                        step="hello",
                        key=f"key-{name}",
                        contact_id=contact,
                        mailer="resend",
                        message=message,
                    )
                ]
            )
            call = id_of_call(run_id, "crm", millis(NOON))
            tx.push(
                [
                    mirror_item(f"page-{name}", contact, {}, NOON),
                    alert_item(f"alert-{name}", RaiseAlert(message=f"call {address.title()}."), NOON),
                    OutboxItem(id=call, kind="call", payload={"told": name}, due_at=NOON, created_at=NOON),
                ]
            )
            tx.put_mirrored([MirrorRecord(contact_id=contact, page_id=f"notion-{name}", shown={}, seen_at=NOON)])
            tx.suppress([contact], "unsubscribed", NOON)


def test_a_person_is_all_of_hers_and_nothing_of_anybody_elses(url: str) -> None:
    fill(url)
    with Ledger.open(url) as ledger, ledger.read() as tx:
        ada = person_at(tx, "ADA@example.com")
        assert person_at(tx, "nobody@example.com") is None
    assert ada is not None
    assert [one.id for one in ada.events] == ["event-ada"]
    assert [one.run.id for one in ada.runs] == ["run-ada"]
    assert [one.key for one in ada.emails] == ["key-ada"]
    assert [one.id for one in ada.errands] == ["page-ada", "alert-ada"]
    assert [one.payload for one in ada.calls] == [{"told": "ada"}]
    assert ada.page is not None
    assert ada.page.page_id == "notion-ada"


def test_the_document_has_the_shape_that_the_page_tells(run: Run) -> None:
    fill("sqlite:///busos.db")
    done = run("export", "ada@example.com")
    assert (done.exit_code, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    text = (ROOT / "docs/people.md").read_text(encoding="utf-8").partition("## Export")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`.*?) \| (.*) \|$", text, re.MULTILINE)
    assert {name for keys, _ in rows for name in re.findall("`(.*?)`", keys)} == set(told)
    assert set(told["contact"]) <= set(re.findall("`(.*?)`", text))
    assert told["contact"]["values"] == {"illness": "ada's"}
    assert told["suppression"] == {
        "reason": "unsubscribed",
        "at": "2025-11-12T12:00:00-05:00",
        "source": "busos",
        "left": {},
    }
    assert told["emails"][0]["text"] == "Hi"
    assert told["runs"][0]["story"][0]["note"] == "200"
    assert told["pending"] == {
        "runs": ["run-ada"],
        "emails": ["key-ada"],
        "errands": ["page-ada", "alert-ada", told["calls"][0]["id"]],
    }
    assert "mcada" not in done.stdout.casefold()


def test_who_is_not_there_is_said_so(run: Run) -> None:
    fill("sqlite:///busos.db")
    done = run("export", "nobody@example.com")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == 'nobody has the email address "nobody@example.com"\n'


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("write to Ada@Example.com.", True),
        ("<ada@example.com>", True),
        ('"ada@example.com"', True),
        ("email=ada@example.com", True),
        ("?to=ada%40example.com", True),
        ('{"a":"x\\nada@example.com"}', True),
        ("mcada@example.com", False),
        ("x+ada@example.com", False),
        ("ada@example.com.au", False),
        ("ada@example.community", False),
    ],
)
def test_an_address_is_named_only_as_a_whole(text: str, named: bool) -> None:
    assert Mentions("ada@example.com")(text) is named

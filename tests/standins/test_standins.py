"""The stand-ins themselves: a judge that sees nothing would let everything pass."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.standins import contract
from tests.standins.discord import Discord
from tests.standins.resend import Resend
from tests.standins.server import Reply, StandIn

SIGNED = {"Authorization": "Bearer re_x"}
EMAIL = {"from": "s@example.com", "to": ["a@example.com"], "subject": "S", "html": "h"}

needs_contracts = pytest.mark.skipif(contract.folder() is None, reason="contracts: ../shared/contracts is missing")


def post(server: StandIn[Any], path: str, body: Any, **headers: str) -> httpx.Response:
    return httpx.post(server.url + path, json=body, headers={**SIGNED, **headers})


@needs_contracts
@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({**EMAIL, "to": []}, "should be non-empty"),
        ({**EMAIL, "to": ["a@example.com"] * 51}, "is too long"),
        ({**EMAIL, "subject": 7}, "is not of type 'string'"),
        ({"to": "a@example.com", "subject": "S", "html": "h"}, "'from' is a required property"),
        ({**EMAIL, "replyTo": "a@example.com"}, "replyTo: there is no such member"),
        ({**EMAIL, "from": "somebody"}, "from: Invalid"),
        ({**EMAIL, "subject": "S\r\nBcc: e@example.com"}, "a line break in a header"),
        ({"from": "s@example.com", "to": "a@example.com", "subject": "S"}, "neither `html`"),
        ([], "is not of type 'object'"),
    ],
)
def test_an_email_that_breaks_the_contract_is_refused_and_remembered(body: Any, said: str) -> None:
    with StandIn(Resend()) as server:
        answer = post(server, "/emails", body)
        assert answer.status_code == 422
        assert any(said in sentence for sentence in server.vendor.violations), server.vendor.violations
        assert server.vendor.accepted == []


@needs_contracts
@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"embeds": [{"title": "t" * 257}]}, "is too long"),
        ({"embeds": [{"description": "d", "fields": [{"name": "n", "value": "v"}] * 26}]}, "is too long"),
        ({"embeds": [{"description": "d", "fields": [{"name": " ", "value": "v"}]}]}, "required"),
        ({"embeds": [{"description": "d" * 4000}, {"description": "d" * 2001}]}, "6000"),
        ({"content": ""}, "empty message"),
        ({"content": "hello"}, "allowed_mentions"),
    ],
)
def test_an_alert_that_breaks_the_contract_is_refused_and_remembered(body: Any, said: str) -> None:
    with StandIn(Discord()) as server:
        assert post(server, "/api/webhooks/1/x", body).status_code == 400
        assert any(said in sentence for sentence in server.vendor.violations), server.vendor.violations
        assert server.vendor.messages == []


def test_resend_remembers_keys() -> None:
    key = {"Idempotency-Key": "k"}
    with StandIn(Resend()) as server:
        first, again = post(server, "/emails", EMAIL, **key), post(server, "/emails", EMAIL, **key)
        other = post(server, "/emails", {**EMAIL, "subject": "T"}, **key)
        assert first.json() == again.json()
        assert (other.status_code, other.json()["name"]) == (409, "invalid_idempotent_request")
        assert len(server.vendor.accepted) == 1


def test_resend_counts_requests() -> None:
    with StandIn(Resend(rate=2)) as server:
        answers = [post(server, "/emails", EMAIL) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].headers["retry-after"] == "1"
    assert [answer.headers["ratelimit-remaining"] for answer in answers] == ["1", "0", "0"]


def test_who_does_not_wait_as_long_as_he_was_asked_to_is_seen() -> None:
    vendor, limited = Resend(), Reply(429, None, {"retry-after": "2"})
    vendor.said(limited, at=10.0)
    for at in (10.1, 12.0, 15.0):  # sent before the answer was read, in time, long after
        vendor.arrived(at)
    assert vendor.hurried == 0
    for at in (10.5, 11.9):
        vendor.arrived(at)
    vendor.said(Reply(429), at=20.0)  # asks for no pause
    vendor.arrived(20.5)
    assert vendor.hurried == 2


def test_a_batch_is_whole_or_permissive() -> None:
    bad: dict[str, Any] = {"from": "s@example.com", "to": ["a@example.com"], "subject": "S"}
    with StandIn(Resend(rate=0)) as server:
        assert post(server, "/emails/batch", [EMAIL, bad]).status_code == 422
        assert server.vendor.accepted == []
        answer = post(server, "/emails/batch", [EMAIL, bad], **{"x-batch-validation": "permissive"}).json()
        assert len(answer["data"]) == 1
        assert [error["index"] for error in answer["errors"]] == [1]


def test_sent_emails_can_be_looked_up() -> None:
    with StandIn(Resend(rate=0)) as server:
        idents = [post(server, "/emails", {**EMAIL, "subject": str(n)}).json()["id"] for n in range(3)]
        page = httpx.get(f"{server.url}/emails?limit=2", headers=SIGNED).json()
        assert ([email["id"] for email in page["data"]], page["has_more"]) == (idents[:0:-1], True)
        rest = httpx.get(f"{server.url}/emails?after={idents[1]}", headers=SIGNED).json()
        assert [email["id"] for email in rest["data"]] == [idents[0]]
        assert httpx.get(f"{server.url}/emails/{idents[0]}", headers=SIGNED).json()["subject"] == "0"


def test_without_contracts_it_runs_and_says_that_it_judged_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BUSOS_CONTRACTS", str(tmp_path))
    with StandIn(Resend()) as server:
        assert post(server, "/emails", EMAIL).status_code == 200
        seen = httpx.get(f"{server.url}/_seen").json()
    assert seen["judges"] is False
    assert "NOTHING WAS JUDGED" in seen["note"]


def test_as_a_process_it_is_told_and_asked_over_http(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    command = [sys.executable, "-m", "tests.standins", "--resend", "0", "--discord", "0", "--log", str(log), "--lean"]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        urls = json.loads(process.stdout.readline())
        assert httpx.post(f"{urls['resend']}/_faults", json={"script": ["500"]}).status_code == 204
        statuses = [httpx.post(f"{urls['resend']}/emails", json=EMAIL, headers=SIGNED).status_code for _ in range(2)]
        seen = httpx.get(f"{urls['resend']}/_seen").json()
        brief = httpx.get(f"{urls['resend']}/_seen?brief=1").json()
        assert httpx.post(f"{urls['discord']}/_reset").status_code == 204
        process.send_signal(signal.SIGTERM)
    assert process.returncode == 0
    assert statuses == [500, 200]
    assert [email["html"][:7] for email in seen["accepted"]] == ["sha256:"]
    assert (brief["accepted"], brief["violations"], brief["statuses"]) == (1, 0, {"500": 1, "200": 1})
    assert [json.loads(line)["status"] for line in log.read_text().splitlines()] == [500, 200]

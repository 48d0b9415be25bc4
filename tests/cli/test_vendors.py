from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.example import Run
from tests.standins.notion import Notion
from tests.standins.notion_seeds import CONTACTS, TEMPLATES
from tests.standins.resend import Resend
from tests.standins.server import StandIn

TOKEN = "ntn_a-token-for-the-stand-in"


@pytest.fixture
def notion(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Notion]:
    """Notion on loopback with two empty databases, and the settings that lead there."""
    vendor = Notion(token=TOKEN)
    if not vendor.judges:
        pytest.skip("contracts of Notion: ../shared/contracts is missing")
    with StandIn(vendor) as server:
        for name, value in (
            ("NOTION_API_URL", server.url),
            ("NOTION_TOKEN", TOKEN),
            ("NOTION_CONTACTS_DB_ID", CONTACTS),
            ("NOTION_TEMPLATES_DB_ID", TEMPLATES),
        ):
            monkeypatch.setenv(name, value)
        yield vendor


def checks(run: Run) -> dict[str, tuple[str, str]]:
    """What the doctor says of each check."""
    found = json.loads(run("doctor", "--json").stdout)["checks"]
    return {check["check"]: (check["state"], check["said"]) for check in found}


@pytest.mark.usefixtures("notion")
def test_the_doctor_reads_both_databases(run: Run) -> None:
    found = checks(run)
    assert found["notion templates"] == ("ok", "3 can be used, those in files included")
    assert found["notion contacts"] == ("ok", "the database can be read")


@pytest.mark.usefixtures("notion")
def test_the_doctor_says_which_database_cannot_be_read(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTION_CONTACTS_DB_ID", "c0c0c0c0-0000-4000-8000-00000000dead")
    found = checks(run)
    assert found["notion templates"][0] == "ok"
    assert found["notion contacts"][0] == "fail"


@pytest.mark.usefixtures("notion")
def test_live_templates_are_checked_and_simulated(run: Run) -> None:
    assert run("validate", "--templates", "notion").stdout == "0 errors, 0 warnings in sequences.yaml\n"
    assert "Hello there" in run("simulate", "welcome", "reds=2", "--templates", "notion").stdout
    assert run("templates", "check", "--templates", "notion").exit_code == 0


@pytest.mark.usefixtures("notion")
def test_a_token_that_is_not_taken_is_one_sentence(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTION_TOKEN", "ntn_another-token-of-somebody")
    result = run("validate", "--templates", "notion")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(
        "Error: the templates in Notion could not be read: Notion does not accept NOTION_TOKEN"
    )


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("re_a-key-for-the-stand-in", ("ok", "the key is taken")),
        (
            "re_sending-only",
            ("ok", "the key is taken; it may only send, so the sender's domain was not looked up"),
        ),
        ("not-a-key", ("fail", "the key is not taken (HTTP 403)")),
    ],
)
def test_the_doctor_asks_resend_whether_it_takes_the_key(
    run: Run, monkeypatch: pytest.MonkeyPatch, key: str, expected: tuple[str, str]
) -> None:
    vendor = Resend()
    if not vendor.judges:
        pytest.skip("contracts of Resend: ../shared/contracts is missing")
    with StandIn(vendor) as server:
        monkeypatch.setenv("RESEND_API_URL", server.url)
        monkeypatch.setenv("RESEND_API_KEY", key)
        assert checks(run)["resend"] == expected


@pytest.mark.parametrize(
    ("domains", "expected"),
    [
        ({"Example.com": "verified"}, ("ok", "example.com is verified")),
        (
            {"example.com": "pending"},
            ("fail", "example.com is not verified yet, so no email can be sent from it (Resend calls it pending)"),
        ),
        (
            {"example.org": "verified"},
            ("fail", "example.com is not among the domains of this account, so no email can be sent from it"),
        ),
    ],
)
def test_the_doctor_asks_resend_for_the_domain_of_the_sender(
    run: Run, monkeypatch: pytest.MonkeyPatch, domains: dict[str, str], expected: tuple[str, str]
) -> None:
    vendor = Resend()
    if not vendor.judges:
        pytest.skip("contracts of Resend: ../shared/contracts is missing")
    with StandIn(vendor) as server:
        vendor.domains = domains
        monkeypatch.setenv("RESEND_API_URL", server.url)
        monkeypatch.setenv("RESEND_API_KEY", "re_a-key-for-the-stand-in")
        assert checks(run)["resend domain"] == expected
        Path("sequences.yaml").write_text("nothing: [")
        assert "resend domain" not in checks(run)

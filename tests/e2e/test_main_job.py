"""Webhooks in, five emails out, on the embedded defaults: what the README promises, as a user would see it."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.product import Product, eventually

FIVE = {
    "CRITICAL": ["email_1", "email_2a_critical", "email_3", "email_4", "email_5a_critical"],
    "URGENT": ["email_1", "email_2b_urgent", "email_3", "email_4", "email_5b_urgent"],
    "OPTIMIZE": ["email_1", "email_2c_optimize", "email_3", "email_4", "email_5c_optimize"],
}
CASES = {
    "CRITICAL": {"red_systems": 2, "orange_systems": 1},
    "URGENT": {"red_systems": 0, "orange_systems": 2},
    "OPTIMIZE": {"red_systems": 0, "orange_systems": 1},
}
SIGNUP = {"name": "Ada Example", "first_name": "Ada"}


def test_signup_and_assessment_become_five_emails_in_order(tmp_path: Path) -> None:
    with Product(tmp_path).running() as product:
        for segment, systems in CASES.items():
            email = f"ada+{segment.lower()}@example.com"
            status, answer, headers = product.post("signup", {"email": email, **SIGNUP})
            assert (status, answer["status"], answer["segment"]) == (202, "accepted", None)
            assert headers["X-Request-Id"]
            status, answer, _ = product.post("assessment", {"email": email, **systems})
            assert (status, answer["email"], answer["segment"]) == (202, email, segment)
        for segment, expected in FIVE.items():
            emails = eventually(
                lambda segment=segment: product.emails(f"ada+{segment.lower()}@example.com"),
                lambda found: len(found) >= 5,
                product.log,
            )
            assert [email["template"] for email in emails] == expected
            for email in emails:
                assert "{{" not in email["html"] + email["text"] + email["subject"]
                assert "/u/" in email["html"]
        alerts = product.get("/outbox.json")["alerts"]
        assert [(alert["message"], alert["status"]) for alert in alerts] == [
            ("Hot lead: Ada, ada+critical@example.com, 2 red systems", "recorded")
        ]


def test_the_same_assessment_twice_and_ten_at_once_start_one_sequence(tmp_path: Path) -> None:
    with Product(tmp_path).running() as product:
        body = {"email": "ada@example.com", **CASES["URGENT"]}
        product.post("assessment", body)
        product.post("assessment", body)
        many = {"email": "kim@example.com", **CASES["CRITICAL"]}
        with ThreadPoolExecutor(10) as pool:
            statuses = {answer[0] for answer in pool.map(lambda _: product.post("assessment", many), range(10))}
        assert statuses == {202}

        for email, segment in (("ada@example.com", "URGENT"), ("kim@example.com", "CRITICAL")):
            eventually(lambda email=email: len(product.emails(email)), lambda count: count >= 5, product.log)
            assert [one["template"] for one in product.emails(email)] == FIVE[segment]


def test_a_repeat_under_one_key_is_answered_again_and_another_body_refused(tmp_path: Path) -> None:
    with Product(tmp_path).running() as product:
        body = {"email": "ada@example.com", **CASES["URGENT"]}
        first = product.post("assessment", body, Idempotency_Key="one")
        again = product.post("assessment", body, Idempotency_Key="one")
        other = product.post("assessment", {**body, "red_systems": 8}, Idempotency_Key="one")

    assert (first[0], again[0], other[0]) == (202, 202, 409)
    assert again[1]["event_id"] == first[1]["event_id"]
    assert again[2]["Idempotent-Replayed"] == "true"


def test_a_file_that_breaks_while_it_runs_changes_nothing_until_it_is_mended(tmp_path: Path) -> None:
    product = Product(tmp_path)
    with product.running():
        good = (tmp_path / "sequences.yaml").read_text()
        (tmp_path / "sequences.yaml").write_text(good.replace("1 second", "1 secnod"))
        eventually(product.log, lambda log: "secnod" in log, product.log)
        status, answer, _ = product.post("assessment", {"email": "ada@example.com", **CASES["OPTIMIZE"]})
        assert (status, answer["segment"]) == (202, "OPTIMIZE")
        (tmp_path / "sequences.yaml").write_text(good.replace("red_systems >= 2", "red_systems >= 7"))

        def segment() -> Any:
            return product.post("assessment", {"email": "kim@example.com", **CASES["CRITICAL"]})[1]["segment"]

        eventually(segment, lambda found: found == "OPTIMIZE", product.log)


@pytest.mark.parametrize("burst", [1_000])
def test_a_burst_is_accepted_whole(tmp_path: Path, burst: int) -> None:
    product = Product(tmp_path, testing="1 hour")
    with product.running():

        def post(number: int) -> int:
            return product.post("assessment", {"email": f"ada+{number}@example.com", **CASES["CRITICAL"]})[0]

        with ThreadPoolExecutor(16) as pool:
            assert set(pool.map(post, range(burst))) == {202}
        with sqlite3.connect(tmp_path / "busos.db") as ledger:
            eventually(
                lambda: ledger.execute("SELECT count(*) FROM emails WHERE status = 'accepted'").fetchone()[0],
                lambda count: count == burst,
                product.log,
            )
            counts = ledger.execute("SELECT program, count(*) FROM runs GROUP BY program").fetchall()
        ledger.close()
    assert dict(counts) == {"nurture": burst, "trigger assessment": burst}

"""``/webhook/resend``: whom it lets in, and that nothing that anybody sends makes it fail."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import LedgerUnavailable
from server.deliveries import LARGEST_BODY
from tests.server.conftest import NOW

KEY = b"a key for tests only"
SECRET = "whsec_" + base64.b64encode(KEY).decode()
BODY = json.dumps({"type": "email.delivered", "data": {"email_id": "p-1"}}).encode()


def signature(body: bytes, name: str = "msg_1", stamp: int = int(NOW.timestamp()), key: bytes = KEY) -> str:
    made = hmac.digest(key, f"{name}.{stamp}.".encode() + body, hashlib.sha256)
    return "v1," + base64.b64encode(made).decode()


def signed(body: bytes = BODY, prefix: str = "svix", **parts: Any) -> dict[str, str]:
    given = {"name": "msg_1", "stamp": int(NOW.timestamp()), **parts}
    return {
        "content-type": "application/json",
        f"{prefix}-id": given["name"],
        f"{prefix}-timestamp": str(given["stamp"]),
        f"{prefix}-signature": signature(body, **given),
    }


@pytest.fixture
def resend(make_system: Callable[..., Any], browse: Callable[..., Any]) -> tuple[Any, Any]:
    system = make_system(resend_webhook_secret=SECRET)
    return system, browse(system)


@pytest.mark.parametrize("prefix", ["svix", "webhook"])
def test_an_event_that_resend_signed_is_taken_once(resend: Any, prefix: str) -> None:
    system, client = resend
    answers = [client.post("/webhook/resend", content=BODY, headers=signed(prefix=prefix)) for _ in range(2)]
    assert [(one.status_code, one.json()) for one in answers] == [
        (200, {"status": "accepted"}),
        (200, {"status": "known"}),
    ]
    assert list(system.delivered) == ["msg_1"]


def test_one_of_several_signatures_is_enough(resend: Any) -> None:
    _, client = resend
    headers = signed()
    others = f"v1a,xyz v2,abc {signature(BODY, key=b'another')}"
    assert client.post("/webhook/resend", content=BODY, headers=headers).status_code == 200
    headers["svix-signature"] = f"{others} {headers['svix-signature']}"
    assert client.post("/webhook/resend", content=BODY, headers=headers).status_code == 200
    headers["svix-signature"] = others
    assert client.post("/webhook/resend", content=BODY, headers=headers).status_code == 401


@pytest.mark.parametrize(
    ("changes", "body"),
    [
        ({"svix-timestamp": "soon"}, BODY),
        ({"svix-timestamp": "-1"}, BODY),
        ({"svix-timestamp": "9" * 400}, BODY),
        ({"svix-signature": ""}, BODY),
        ({"svix-signature": "v1,é".encode()}, BODY),
        ({"svix-signature": "v1," + "=" * 50}, BODY),
        ({"svix-id": "msg_2"}, BODY),
        ({}, BODY + b" "),
        (signed(stamp=int(NOW.timestamp()) - 301), BODY),
        (signed(stamp=int(NOW.timestamp()) + 301), BODY),
        ({"authorization": f"Bearer {SECRET}", "svix-signature": "v1,x"}, BODY),
    ],
)
def test_nobody_else_gets_in(resend: Any, changes: Any, body: bytes) -> None:
    system, client = resend
    answer = client.post("/webhook/resend", content=body, headers={**signed(), **changes})
    assert answer.status_code == 401
    assert system.delivered == {}


def test_without_a_secret_nobody_can_prove_anything(client: Any) -> None:
    answer = client.post("/webhook/resend", content=BODY, headers=signed())
    assert answer.status_code == 401
    assert "RESEND_WEBHOOK_SECRET" in answer.json()["detail"]


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b"\xff", b"[" * 100_000])
def test_what_is_signed_and_no_event_is_refused(resend: Any, body: bytes) -> None:
    system, client = resend
    assert client.post("/webhook/resend", content=body, headers=signed(body)).status_code == 400
    assert system.delivered == {}


def test_what_is_too_large_is_refused_and_a_ledger_that_is_away_is_told(resend: Any) -> None:
    system, client = resend
    large = b" " * (LARGEST_BODY + 1)
    assert client.post("/webhook/resend", content=large, headers=signed(large)).status_code == 413
    system.fault = LedgerUnavailable("busy")
    answer = client.post("/webhook/resend", content=BODY, headers=signed())
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0


_HEADER = st.binary(max_size=60).filter(lambda text: not set(text) & set(b"\r\n\0"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.dictionaries(st.sampled_from(["svix-id", "svix-timestamp", "svix-signature"]), _HEADER), st.binary())
def test_nothing_that_anybody_sends_makes_it_fail(resend: Any, headers: dict[str, bytes], body: bytes) -> None:
    _, client = resend
    answer = client.post("/webhook/resend", content=body, headers={**signed(body), **headers})
    assert answer.status_code < 500

"""Signatures, the rate limit and the lock on the pages, against oracles made by hand."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest

from server.problems import Problem
from server.security import RateLimit

PATH = "/webhook/assessment"
BODY = json.dumps({"email": "ada@example.com", "red_systems": 2, "orange_systems": 1}).encode()
KEY = b"0123456789abcdef0123456789abcdef"
SECRET = "whsec_" + base64.b64encode(KEY).decode()
NOW = 1762959600  # the moment at which the system's clock stands


def signed(
    body: bytes = BODY, *, key: bytes = KEY, at: int | str = NOW, prefix: str = "webhook", extra: str = ""
) -> dict[str, str]:
    digest = hmac.new(key, f"msg_1.{at}.".encode() + body, hashlib.sha256).digest()
    return {
        "content-type": "application/json",
        f"{prefix}-id": "msg_1",
        f"{prefix}-timestamp": str(at),
        f"{prefix}-signature": f"{extra}v1,{base64.b64encode(digest).decode()}",
    }


@pytest.fixture
def locked(make_system: Callable[..., Any], browse: Callable[..., Any]) -> Any:
    return browse(make_system(webhook_secret=SECRET))


@pytest.mark.parametrize(
    "headers",
    [
        signed(),
        signed(prefix="svix"),
        signed(at=NOW - 300),
        signed(at=NOW + 300),
        signed(extra="v1,bm90IHRoaXMgb25l v1a,abc= v1,! "),
        {"content-type": "application/json", "authorization": f"Bearer {SECRET}"},
        {"content-type": "application/json", "authorization": f"bearer  {SECRET}"},
    ],
)
def test_a_sender_who_knows_the_secret_comes_in(locked: Any, headers: dict[str, str]) -> None:
    assert locked.post(PATH, content=BODY, headers=headers).status_code == 202


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"content-type": "application/json"}, "must be signed"),
        ({**signed(), "webhook-id": ""}, "must be signed"),
        ({**signed(), "webhook-id": "msg_2"}, "does not fit"),
        (signed(BODY + b" "), "does not fit"),
        (signed(key=b"other"), "does not fit"),
        ({**signed(), "webhook-signature": "v1,"}, "does not fit"),
        ({**signed(), "webhook-signature": signed()["webhook-signature"].replace("v1,", "v2,")}, "does not fit"),
        (signed(at=NOW - 301), "webhook-timestamp must be"),
        (signed(at=NOW + 301), "webhook-timestamp must be"),
        (signed(at="soon"), "webhook-timestamp must be"),
        (signed(at="-1"), "webhook-timestamp must be"),
        (signed(at="9" * 400), "webhook-timestamp must be"),
        ({**signed(), "authorization": "Bearer wrong"}, "Bearer key is not"),
        ({"content-type": "application/json", "authorization": "Bearer "}, "Bearer key is not"),
    ],
)
def test_anyone_else_is_401_and_never_told_the_secret(locked: Any, headers: dict[str, str], words: str) -> None:
    response = locked.post(PATH, content=BODY, headers=headers)
    assert response.status_code == 401
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["www-authenticate"] == "Bearer"
    assert words in response.json()["detail"]
    assert SECRET not in response.text


def test_a_stranger_learns_nothing_about_the_fields(locked: Any) -> None:
    response = locked.post(PATH, content=b"{", headers={"content-type": "application/json"})
    assert response.status_code == 401


def test_a_secret_that_is_plain_text_signs_as_itself(
    make_system: Callable[..., Any], browse: Callable[..., Any]
) -> None:
    client = browse(make_system(webhook_secret="open sesame"))
    assert client.post(PATH, content=BODY, headers=signed(key=b"open sesame")).status_code == 202
    assert client.post(PATH, content=BODY, headers=signed(key=b"")).status_code == 401


def test_a_trigger_with_a_secret_of_its_own_asks_for_that_one(
    make_system: Callable[..., Any], browse: Callable[..., Any]
) -> None:
    client = browse(make_system(webhook_secret="open sesame", trigger_secrets={"ASSESSMENT": "close sesame"}))
    assert client.post(PATH, content=BODY, headers=signed(key=b"open sesame")).status_code == 401
    assert client.post(PATH, content=BODY, headers=signed(key=b"close sesame")).status_code == 202
    other = client.post("/webhook/signup", content=BODY, headers=signed(key=b"open sesame"))
    assert other.status_code != 401


def test_only_triggers_with_a_secret_are_locked(make_system: Callable[..., Any], browse: Callable[..., Any]) -> None:
    client = browse(make_system(trigger_secrets={"SIGNUP": "close sesame"}))
    assert client.post(PATH, content=BODY, headers={"content-type": "application/json"}).status_code == 202
    assert client.post("/webhook/signup", json={"email": "ada@example.com"}).status_code == 401
    operations = {path: item.get("post", {}) for path, item in client.get("/schema").json()["paths"].items()}
    assert [path for path, operation in operations.items() if "security" in operation] == ["/webhook/signup"]


# -- The rate limit -----------------------------------------------------------------------------


def admitted(limit: RateLimit, client: str, now: float) -> bool:
    try:
        limit.check(client, now)
    except Problem:
        return False
    return True


def test_a_bucket_holds_a_minutes_worth_and_fills_steadily() -> None:
    limit = RateLimit(60)
    assert [admitted(limit, "a", 0.0) for _ in range(61)] == [True] * 60 + [False]
    assert not admitted(limit, "a", 0.9)
    assert admitted(limit, "a", 2.0)
    assert admitted(limit, "a", 2.0)
    assert not admitted(limit, "a", 2.0)
    assert sum(admitted(limit, "a", 1000.0) for _ in range(100)) == 60


def test_each_client_has_a_bucket_of_its_own_and_old_ones_are_forgotten() -> None:
    limit = RateLimit(1)
    assert admitted(limit, "first", 0.0)
    assert not admitted(limit, "first", 0.0)
    assert all(admitted(limit, f"client {number}", 0.0) for number in range(10_001))
    assert admitted(limit, "first", 0.0)


# -- The pages ----------------------------------------------------------------------------------

PAGES = ["/outbox", "/outbox.json", "/outbox/some-key"]


def basic(user: str, password: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "[::1]:8000", "LOCALHOST"])
@pytest.mark.parametrize("address", [("127.0.0.1", 1), ("::1", 1)])
def test_without_a_password_this_machine_may_look(
    system: Any, browse: Callable[..., Any], page: str, host: str, address: Any
) -> None:
    assert browse(system, address=address).get(page, headers={"Host": host}).status_code in (200, 404)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "203.0.113.9"},
        {"Forwarded": "for=203.0.113.9"},
        {"X-Real-IP": "127.0.0.1"},
        {"Host": "rebound.example.com"},
        {"Host": ""},
    ],
)
def test_without_a_password_a_proxy_or_another_name_is_refused(client: Any, page: str, headers: dict[str, str]) -> None:
    response = client.get(page, headers=headers)
    assert response.status_code == 403
    assert "Set BUSOS_ADMIN_PASSWORD" in response.json()["detail"]


@pytest.mark.parametrize("address", [("203.0.113.9", 1234), ("localhost.example.com", 1), None])
def test_without_a_password_another_machine_is_refused(system: Any, browse: Callable[..., Any], address: Any) -> None:
    assert browse(system, address=address).get("/outbox").status_code == 403


@pytest.mark.parametrize("page", PAGES)
def test_with_a_password_everyone_has_to_give_it(
    make_system: Callable[..., Any], browse: Callable[..., Any], page: str
) -> None:
    client = browse(make_system(admin_password="pässword:1"), base_url="https://busos.example.com")
    for wrong in ({}, basic("busos", "wrong"), basic("root", "pässword:1"), {"authorization": "Basic !"}):
        response = client.get(page, headers=wrong)
        assert response.status_code == 401
        assert response.headers["www-authenticate"] == 'Basic realm="busos", charset="UTF-8"'
        assert "pässword" not in response.text
    assert client.get(page, headers=basic("busos", "pässword:1")).status_code in (200, 404)

"""The real server on a real socket: bodies that dribble, crowds, keys in URLs, and stopping."""

from __future__ import annotations

import html
import json
import re
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from engine.errors import SettingsError
from server.app import listen
from tests.server.conftest import Kept

GOOD = {"email": "ada@example.com", "red_systems": 2, "orange_systems": 1}
PATH = "/webhook/assessment"


def slowly(*chunks: bytes) -> Iterator[bytes]:
    for chunk in chunks:
        time.sleep(0.05)
        yield chunk


def test_a_chunked_body_that_comes_slowly_is_read(live: httpx.Client) -> None:
    body = json.dumps(GOOD).encode()
    response = live.post(
        PATH, content=slowly(body[:5], body[5:20], body[20:]), headers={"content-type": "application/json"}
    )
    assert response.status_code == 202


def test_a_chunked_body_over_the_limit_is_413_though_nobody_said_its_length(live: httpx.Client) -> None:
    chunks = (b" " * 16_384 for _ in range(5))
    response = live.post(PATH, content=chunks, headers={"content-type": "application/json"})
    assert response.status_code == 413
    assert live.get("/health").status_code == 200


def test_a_sender_who_leaves_in_the_middle_disturbs_nobody(live: httpx.Client, system: Any) -> None:
    with socket.create_connection((live.base_url.host, live.base_url.port or 0)) as raw:
        raw.sendall(
            b"POST /webhook/assessment HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b'Content-Length: 500\r\n\r\n{"email":'
        )
    assert live.post(PATH, json=GOOD).status_code == 202
    assert len(system.arrivals) == 1


def test_a_crowd_from_one_address_is_all_accepted_once(live: httpx.Client, system: Any) -> None:
    def post(number: int) -> int:
        return live.post(PATH, json=GOOD, headers={"Idempotency-Key": f"k-{number % 100}"}).status_code

    with ThreadPoolExecutor(8) as crowd:
        assert set(crowd.map(post, range(200))) == {202}
    assert sorted(arrival.key for arrival in system.arrivals) == sorted(f"k-{number}" for number in range(100))


@pytest.mark.parametrize("key", ["run/1#2?x=y", "100%25", "a b&c"])
def test_any_key_of_an_email_can_be_opened_by_its_link(live: httpx.Client, system: Any, key: str) -> None:
    system.emails.append(Kept(key=key, to="ada@example.com", subject="Found"))
    link = html.unescape(re.findall(r'class="email" href="([^"]+)"', live.get("/outbox").text)[0])
    assert "<h1>Found</h1>" in live.get(link).text


def test_the_server_does_not_say_what_it_runs_on(live: httpx.Client) -> None:
    response = live.get("/health")
    assert "server" not in response.headers
    assert not any("uvicorn" in value.lower() or "litestar" in value.lower() for value in response.headers.values())


def test_a_port_that_is_taken_is_said_with_what_to_do() -> None:
    with listen("127.0.0.1", 0) as taken:
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(
            SettingsError, match=rf"^cannot listen on 127\.0\.0\.1 port {port}: .*choose another --port$"
        ):
            listen("127.0.0.1", port)

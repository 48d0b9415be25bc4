"""The real server on a real socket: bodies that dribble, crowds, keys in URLs, and stopping."""

from __future__ import annotations

import asyncio
import html
import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from engine.errors import SettingsError
from server.app import listen, make_server, serve
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


def test_serve_says_when_it_is_ready_and_stops_when_told(system: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []

    def remember(*arguments: Any) -> Any:
        made.append(make_server(*arguments))
        return made[-1]

    monkeypatch.setattr("server.app.make_server", remember)
    ready = threading.Event()
    thread = threading.Thread(target=serve, args=(system, "127.0.0.1", 0), kwargs={"ready": ready.set})
    thread.start()
    assert ready.wait(10)
    port = made[0].servers[0].sockets[0].getsockname()[1]
    assert httpx.get(f"http://127.0.0.1:{port}/health").status_code == 200
    made[0].should_exit = True
    thread.join(10)
    assert not thread.is_alive()


def test_a_body_that_never_comes_is_given_up(live: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.webhooks.PATIENCE", 0.05)
    with socket.create_connection((live.base_url.host, live.base_url.port or 0), timeout=10) as raw:
        raw.sendall(
            b"POST /webhook/assessment HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: 9\r\n\r\n{"
        )
        assert raw.recv(65_536).startswith(b"HTTP/1.1 408 ")


def test_a_ledger_that_never_answers_is_503(live: httpx.Client, system: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.webhooks.PATIENCE", 0.05)
    monkeypatch.setattr(system, "submit", lambda _: Future())
    assert live.post(PATH, json=GOOD).status_code == 503


def test_answers_are_not_held_back_for_an_acknowledgement() -> None:
    """With Nagle's delay each answer would come 40 ms late: asyncio turns it off only on a socket that says TCP."""

    async def delay_is_off() -> bool:
        seen: asyncio.Queue[int] = asyncio.Queue()

        def accepted(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            seen.put_nowait(writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        with listen("127.0.0.1", 0) as bound:
            async with await asyncio.start_server(accepted, sock=bound) as server:
                _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
                writer.close()
                return bool(await asyncio.wait_for(seen.get(), 10))

    assert asyncio.run(delay_is_off())

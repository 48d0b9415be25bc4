"""HttpWeb against a server of our own, over real HTTP: where it connects, what it follows and what it makes of it."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from engine.adapters.http import LARGEST, MOST_REDIRECTS, HttpWeb, addresses_of, is_public
from engine.model import Refused, Retry
from engine.ports import WebAnswer, WebCall
from tests.web import Quiet, Server, serving

PRIVATE = (
    "metadata.internal may not be called: 169.254.169.254 is no address of the public internet, "
    "and BUSOS_HTTP_ALLOW does not name it"
)
SEVEN = WebAnswer(told="POST 127.0.0.1: 200", status=200, value={"id": 7})


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as found:
        yield found


@pytest.fixture
def web() -> Iterator[HttpWeb]:
    found = HttpWeb(["127.0.0.0/8"], deadline=5.0)
    yield found
    found.close()


def call(url: str, **more: Any) -> WebCall:
    return WebCall(key="run-1:tell", method="POST", url=url, body=b'{"a": 1}', **more)


def test_the_bytes_and_the_key_arrive_and_the_answer_is_read(server: Server, web: HttpWeb) -> None:
    secret = {"authorization": "Bearer x", "content-type": "application/json"}
    assert web.call(call(f"{server.url}/a?b=c%20d", headers=secret)) == WebAnswer(
        told="POST 127.0.0.1: 200", status=200, value={"id": 7}
    )
    ((method, path, headers, body),) = server.asked
    assert (method, path, body) == ("POST", "/a?b=c%20d", b'{"a": 1}')
    assert headers["idempotency-key"] == "run-1:tell"
    assert headers["authorization"] == "Bearer x"
    assert headers["host"] == f"127.0.0.1:{server.port}"


@pytest.mark.parametrize("content", [b"", b"plain", b"\xff", b"[" * 100_000])
def test_an_answer_that_is_no_json_has_no_value(server: Server, web: HttpWeb, content: bytes) -> None:
    server.answers["/"] = (204 if not content else 200, {}, content)
    assert isinstance(answer := web.call(call(f"{server.url}/")), WebAnswer)
    assert answer.value is None


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (404, {}, Refused(reason="127.0.0.1 answered 404")),
        (429, {"retry-after": "7"}, Retry(reason="127.0.0.1 answered 429", after=7.0)),
        (429, {"retry-after": "\N{SUPERSCRIPT TWO}"}, Retry(reason="127.0.0.1 answered 429")),
        (429, {"retry-after": "9" * 400}, Retry(reason="127.0.0.1 answered 429")),
        (503, {"retry-after": "Wed"}, Retry(reason="127.0.0.1 answered 503", uncertain=True)),
        (302, {}, Refused(reason="127.0.0.1 answered 302")),
    ],
)
def test_what_is_not_expected_is_tried_again_or_refused(
    server: Server, web: HttpWeb, status: int, headers: dict[str, str], expected: Retry | Refused
) -> None:
    server.answers["/"] = (status, headers, b"")
    assert web.call(call(f"{server.url}/")) == expected


def test_another_status_may_be_expected(server: Server, web: HttpWeb) -> None:
    server.answers["/"] = (404, {}, b"")
    assert web.call(call(f"{server.url}/", expect=frozenset([404]))) == WebAnswer(
        told="POST 127.0.0.1: 404", status=404
    )


# -- Where nobody is called -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        *(
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
        ),
        *("::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"),
        *("192.0.2.1", "240.0.0.1", "255.255.255.255"),
    ],
)
def test_these_addresses_are_not_public(address: str) -> None:
    assert not is_public(ip_address(address))
    web = HttpWeb(resolve=lambda *_: [address])
    refused = web.call(call("https://example.com/secret?token=1"))
    assert isinstance(refused, Refused)
    assert "no address of the public internet" in refused.reason
    assert "token" not in refused.reason


@pytest.mark.parametrize(
    "address", ["93.184.215.14", "2606:2800:21f:cb07::1", "64:ff9b::5db8:d70e", "::ffff:93.184.215.14"]
)
def test_these_addresses_are_public(address: str) -> None:
    assert is_public(ip_address(address))


def test_a_name_with_one_private_address_among_public_ones_is_not_called() -> None:
    web = HttpWeb(resolve=lambda *_: ["93.184.215.14", "10.0.0.1"])
    assert isinstance(web.call(call("https://example.com/")), Refused)


def test_the_address_itself_is_judged_however_it_is_written(server: Server) -> None:
    web = HttpWeb()
    for host in ("127.0.0.1", "[::1]", "localhost", "2130706433", "0x7f.1", "127.1"):
        assert isinstance(web.call(call(f"https://{host}:{server.port}/")), Refused | Retry), host
    assert server.asked == []


def test_the_connection_goes_to_the_address_that_was_judged(server: Server) -> None:
    looked: list[str] = []

    def resolve(host: str, _: int) -> list[str]:
        looked.append(host)
        return ["127.0.0.1"] if len(looked) == 1 else ["10.0.0.1"]  # it points elsewhere a moment later

    web = HttpWeb(["127.0.0.1"], resolve=resolve)
    answer = web.call(call(f"http://rebinding.example:{server.port}/"))
    assert answer == SEVEN.evolve(told="POST rebinding.example: 200")
    assert looked == ["rebinding.example"]
    assert server.asked[0][2]["host"] == f"rebinding.example:{server.port}"


@pytest.mark.parametrize(
    "url", ["ftp://example.com/", "https:///x", "https://a:b@example.com/", "nonsense", "https://[x/"]
)
def test_odd_addresses_are_not_called(url: str) -> None:
    web = HttpWeb(["public"], resolve=lambda *_: ["93.184.215.14"])
    assert isinstance(web.call(call(url)), Refused | Retry)


def test_without_encryption_only_what_is_named_is_called(server: Server) -> None:
    public = HttpWeb(["public"], resolve=lambda *_: ["93.184.215.14"])
    assert public.call(call("http://example.com/")) == Refused(
        reason="example.com would be called without encryption: write https://"
    )
    named = HttpWeb(["crm.internal"], resolve=lambda *_: ["127.0.0.1"])
    assert isinstance(named.call(call(f"http://crm.internal:{server.port}/")), WebAnswer)


# -- Redirects, limits, failures --------------------------------------------------------------------


def test_each_redirect_is_judged_anew(server: Server) -> None:
    server.answers["/away"] = (307, {"location": "http://metadata.internal/"}, b"")
    places = {"good.example": "127.0.0.1", "metadata.internal": "169.254.169.254"}
    web = HttpWeb(["127.0.0.1"], resolve=lambda host, _: [places[host]])
    refused = web.call(call(f"http://good.example:{server.port}/away"))
    assert refused == Refused(reason=PRIVATE)


@pytest.mark.parametrize(
    ("status", "method", "body"), [(308, "POST", b'{"a": 1}'), (303, "GET", b""), (301, "GET", b"")]
)
def test_a_redirect_keeps_the_request_only_where_it_must(
    server: Server, web: HttpWeb, status: int, method: str, body: bytes
) -> None:
    server.answers["/old"] = (status, {"location": "/new"}, b"")
    web.call(call(f"{server.url}/old", headers={"authorization": "Bearer x"}))
    assert (server.asked[1][0], server.asked[1][1], server.asked[1][3]) == (method, "/new", body)
    assert server.asked[1][2]["authorization"] == "Bearer x"


def test_a_secret_does_not_follow_to_another_host(server: Server) -> None:
    server.answers["/old"] = (307, {"location": f"http://other.example:{server.port}/new"}, b"")
    web = HttpWeb(["127.0.0.1"], resolve=lambda *_: ["127.0.0.1"])
    web.call(call(f"http://one.example:{server.port}/old", headers={"authorization": "Bearer x", "x-api-key": "y"}))
    headers = server.asked[1][2]
    assert not {"authorization", "x-api-key"} & set(headers)
    assert headers["idempotency-key"] == "run-1:tell"


def test_a_cookie_goes_to_nobody_else_at_that_address(server: Server) -> None:
    server.answers["/set"] = (200, {"set-cookie": "who=ada; Path=/"}, b"")
    web = HttpWeb(["127.0.0.1"], resolve=lambda *_: ["127.0.0.1"])
    for name in ("one.example", "other.example", "one.example"):
        web.call(call(f"http://{name}:{server.port}/set"))
    assert [headers.get("cookie") for _, _, headers, _ in server.asked] == [None] * 3


def test_what_is_no_address_is_not_tried_again(web: HttpWeb) -> None:
    assert web.call(call("http://127.0.0.1:x/")) == Refused(reason="127.0.0.1 leads to what is no web address")


def test_a_header_that_would_be_two_is_not_sent(server: Server, web: HttpWeb) -> None:
    refused = web.call(call(f"{server.url}/", headers={"x-token": "s3cret\r\nx-more: 1"}))
    assert isinstance(refused, Refused)
    assert "a line break" in refused.reason
    assert "s3cret" not in refused.reason
    assert server.asked == []


def test_redirects_come_to_an_end(server: Server, web: HttpWeb) -> None:
    server.answers["/"] = (307, {"location": "/"}, b"")
    assert web.call(call(f"{server.url}/")) == Refused(reason=f"127.0.0.1 redirects more than {MOST_REDIRECTS} times")
    assert len(server.asked) == MOST_REDIRECTS + 1


def test_an_endless_answer_is_cut_off(server: Server, web: HttpWeb) -> None:
    server.answers["/"] = (200, {}, b"x" * (LARGEST + 1))
    refused = web.call(call(f"{server.url}/"))
    assert isinstance(refused, Refused)
    assert "more than 1024 KiB" in refused.reason


@pytest.mark.parametrize("always", [b"a", b"\r\n\r\nHTTP/1.1 103 Early Hints\r\nX: "], ids=["bytes", "hints"])
def test_an_answer_that_trickles_is_cut_off_in_time(always: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def trickle() -> None:
            line, _ = listening.accept()
            with line, suppress(OSError):
                line.sendall(b"HTTP/1.1 103 Early Hints\r\nX: ")
                for _ in range(200):
                    line.sendall(always)
                    time.sleep(0.05)

        thread = threading.Thread(target=trickle)
        thread.start()
        web = HttpWeb(["127.0.0.1"], deadline=0.3)
        before = time.monotonic()
        answer = web.call(call(f"http://127.0.0.1:{listening.getsockname()[1]}/"))
        assert time.monotonic() - before < 3
        thread.join()
    assert isinstance(answer, Retry)
    assert answer.uncertain


def test_a_redirect_to_a_host_that_cannot_be_is_refused(server: Server, web: HttpWeb) -> None:
    server.answers["/"] = (307, {"location": "http://xn--/"}, b"")
    assert web.call(call(f"{server.url}/")) == Refused(reason="127.0.0.1 leads to what is no web address")


def test_an_answer_that_takes_too_long_may_have_been_heard(server: Server) -> None:
    web = HttpWeb(["127.0.0.1"], deadline=0.0)
    answer = web.call(call(f"{server.url}/"))
    assert isinstance(answer, Retry)


def test_where_nobody_listens_it_is_tried_again_without_doubt(server: Server, web: HttpWeb) -> None:
    answer = web.call(call("http://127.0.0.1:1/"))
    assert answer == Retry(reason="no connection to 127.0.0.1: ConnectError")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
def test_the_certificate_must_be_that_of_the_name_and_not_of_the_address(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=good.example -addext"
    made = ["subjectAltName=DNS:good.example", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command.split(), *made], check=True, capture_output=True)
    there = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    there.load_cert_chain(certificate, key)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(204)
            self.end_headers()

    with Quiet(("127.0.0.1", 0), Handler) as listening:
        listening.socket = there.wrap_socket(listening.socket, server_side=True)
        thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
        thread.start()
        trusting = ssl.create_default_context(cafile=str(certificate))
        web = HttpWeb(["127.0.0.1"], resolve=lambda *_: ["127.0.0.1"], verify=trusting)
        asked = WebCall(key="k", method="GET", url=f"https://good.example:{listening.server_port}/")
        good = web.call(asked)
        bad = web.call(asked.evolve(url=asked.url.replace("good.", "bad.")))
        listening.shutdown()
        thread.join()
    assert good == WebAnswer(told="GET good.example: 204", status=204)
    assert isinstance(bad, Retry)


def broken() -> Callable[[str, int], list[str]]:
    return lambda host, port: addresses_of("no-such-host.invalid", port)


def test_a_name_without_an_address_is_looked_up_again_later() -> None:
    assert isinstance(HttpWeb(resolve=broken()).call(call("https://example.com/")), Retry)
    assert isinstance(HttpWeb(resolve=lambda *_: []).call(call("https://example.com/")), Retry)

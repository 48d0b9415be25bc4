"""Calls to web addresses that a file names, and to nobody who stands behind them in a private network.

A name is looked up once for each request, every address it has is judged, and the connection goes to one that was
judged: the request is sent to the address itself, with the name in ``Host`` and in TLS. So a name that points elsewhere
a moment later (DNS rebinding) changes nothing, and each redirect is judged anew. Only whom the operator has named is
called; ``public`` names every address of the public internet.

What is secret in a header does not follow a redirect to another host. Answers are cut off past ``LARGEST``, and a call
ends within ``DEADLINE`` seconds, name lookup aside: when they are over, its connection is cut, however it trickles.
"""

from __future__ import annotations

import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from http.cookiejar import CookieJar, DefaultCookiePolicy
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

import httpx
import msgspec

from engine.model import Refused, Retry
from engine.ports import WebAnswer, WebCall

LARGEST = 1024 * 1024
DEADLINE = 20.0
MOST_REDIRECTS = 5
PUBLIC = "public"
CONNECT = 5.0

_KEPT_ELSEWHERE = frozenset({"content-type", "idempotency-key", "accept", "accept-encoding", "user-agent"})
_SAME_REQUEST = (307, 308)
_REDIRECTS = (301, 302, 303, *_SAME_REQUEST)
_LATER = (408, 425, 429)
_A_WHILE = re.compile(r"[0-9]{1,6}")
_NAT64 = IPv6Network("64:ff9b::/96")

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Sequence[str]]


class _Forbidden(Exception):  # no error: it carries the reason out of the call
    """Nobody may be called there."""


class HttpWeb:
    """Calls web addresses. ``allow`` names hosts, addresses and networks, or ``public`` for all that is not private.

    ``resolve`` gives the addresses of a host. Safe to use from many threads.
    """

    name = "http"

    def __init__(
        self,
        allow: Sequence[str] = (),
        *,
        resolve: Resolve | None = None,
        verify: bool | ssl.SSLContext = True,
        deadline: float = DEADLINE,
    ) -> None:
        self._public = PUBLIC in allow
        self._hosts = frozenset(name.casefold() for name in allow) - {PUBLIC}
        self._networks = tuple(ip_network(name, strict=False) for name in allow if _is_network(name))
        self._resolve = resolve or addresses_of
        self._deadline = deadline
        # Connections are kept by address: one that was opened for a name must not serve another name at that address.
        alone = httpx.Limits(max_keepalive_connections=0)
        # Cookies would be kept by address, too: what one name sets is not for another, nor for the next call.
        none = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
        self._client = httpx.Client(trust_env=False, verify=verify, limits=alone, cookies=none)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def call(self, call: WebCall) -> WebAnswer | Retry | Refused:
        """Make the call. The same key at every try tells the receiver which calls are one."""
        try:
            return self._judged(call, *self._through_redirects(call))
        except _Forbidden as reason:
            return Refused(reason=str(reason))
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            return Retry(reason=f"no connection to {call.host}: {type(error).__name__}")
        except (httpx.InvalidURL, UnicodeError):  # a host that IDNA does not know raises the second
            return Refused(reason=f"{call.host} leads to what is no web address")
        except httpx.LocalProtocolError:
            return Refused(reason=f"{call.host} was not called: a header holds what cannot be sent, maybe a line break")
        except (httpx.HTTPError, OSError) as error:
            return Retry(reason=f"{call.host} did not answer: {type(error).__name__}", uncertain=True)

    def _through_redirects(self, call: WebCall) -> tuple[httpx.Response, bytes]:
        until = time.monotonic() + self._deadline
        url, method, body, headers = httpx.URL(call.url), call.method, call.body, dict(call.headers)
        plain = {
            "accept": "application/json",
            "accept-encoding": "identity",
        }  # what is packed may be very large unpacked
        headers = {**plain, **headers, "idempotency-key": call.key}
        for _ in range(MOST_REDIRECTS + 1):
            response, content = self._once(url, method, body, headers, until)
            location = response.headers.get("location")
            if response.status_code not in _REDIRECTS or not location:
                return response, content
            onwards = url.join(location)
            if (onwards.scheme, onwards.host, onwards.port) != (url.scheme, url.host, url.port):
                headers = {name: value for name, value in headers.items() if name.lower() in _KEPT_ELSEWHERE}
            if response.status_code not in _SAME_REQUEST and method != "GET":
                method, body = "GET", b""
            url = onwards
        raise _Forbidden(f"{call.host} redirects more than {MOST_REDIRECTS} times")

    def _once(
        self, url: httpx.URL, method: str, body: bytes, headers: Mapping[str, str], until: float
    ) -> tuple[httpx.Response, bytes]:
        address = self._judged_address(url)
        left = max(until - time.monotonic(), 0.001)
        end = _End(until)
        request = self._client.build_request(
            method,
            url.copy_with(host=str(address)),
            headers=[(name.encode(), text.encode()) for name, text in headers.items()] + [(b"host", url.netloc)],
            content=body or None,
            timeout=httpx.Timeout(left, connect=min(CONNECT, left)),
            extensions={"sni_hostname": url.raw_host.decode("ascii"), "trace": end.see},
        )
        with closing(end), closing(self._client.send(request, stream=True)) as response:
            return response, _read(response, until)

    def _judged_address(self, url: httpx.URL) -> Address:
        """An address to connect to; a name of which one address is private is not called at all."""
        host = url.host
        if url.scheme not in ("https", "http") or not host or url.userinfo:
            raise _Forbidden(f"{_host_of(str(url))} cannot be called: write https:// and a host without a password")
        found = [
            ip_address(text.partition("%")[0])
            for text in self._resolve(host, url.port or (443 if url.scheme == "https" else 80))
        ]
        if not found:
            raise httpx.ConnectError(f"{host} has no address")
        named = host.casefold() in self._hosts
        if not named and (refused := next((one for one in found if not self._is_allowed(one)), None)):
            raise _Forbidden(f"{host} may not be called: {self._why_not(refused)}")
        if url.scheme == "http" and not named and not all(self._is_named(one) for one in found):
            raise _Forbidden(f"{host} would be called without encryption: write https://")
        return found[0]

    def _is_allowed(self, address: Address) -> bool:
        return (self._public and is_public(address)) or self._is_named(address)

    def _why_not(self, address: Address) -> str:
        if is_public(address):
            return f"BUSOS_HTTP_ALLOW names neither it nor {PUBLIC}"
        return f"{address} is no address of the public internet, and BUSOS_HTTP_ALLOW does not name it"

    def _is_named(self, address: Address) -> bool:
        return any(address in network for network in self._networks)

    @staticmethod
    def _judged(call: WebCall, response: httpx.Response, content: bytes) -> WebAnswer | Retry | Refused:
        status = response.status_code
        if status in call.expect:
            return WebAnswer(told=f"{call.method} {call.host}: {status}", status=status, value=_json(content))
        told = f"{call.host} answered {status}"
        if status in _LATER or status >= 500:
            return Retry(reason=told, after=_seconds(response.headers.get("retry-after", "")), uncertain=status >= 500)
        return Refused(reason=told)


class _End:
    """Cuts the connection of a request when its time is over.

    A timeout of a socket is one for each read, so a server that sends a byte now and then would never meet it.
    """

    def __init__(self, until: float) -> None:
        self._until = until
        self._open: tuple[socket.socket, threading.Timer] | None = None

    def see(self, event: str, info: Mapping[str, Any]) -> None:
        """What httpcore does. The line is our own handle of the connection, whatever TLS makes of the first one."""
        if event == "connection.connect_tcp.complete":
            line = info["return_value"].get_extra_info("socket").dup()
            timer = threading.Timer(max(self._until - time.monotonic(), 0.0), _cut, (line,))
            timer.daemon = True
            timer.start()
            self._open = line, timer

    def close(self) -> None:
        """The request is over."""
        if self._open is not None:
            line, timer = self._open
            timer.cancel()
            timer.join()
            line.close()


def _cut(line: socket.socket) -> None:
    with suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)


def is_public(address: Address) -> bool:
    """Whether an address belongs to the public internet, whatever it is wrapped in."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or _translated(address)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast and not address.is_reserved


def _translated(address: IPv6Address) -> IPv4Address | None:
    return IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None


def addresses_of(host: str, port: int) -> list[str]:
    """The addresses of a host, as the system tells them."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpx.ConnectError(f"{host} has no address") from error
    return [str(entry[4][0]) for entry in found]


def _is_network(name: str) -> bool:
    try:
        ip_network(name, strict=False)
    except ValueError:
        return False
    return True


def _read(response: httpx.Response, until: float) -> bytes:
    content = bytearray()
    for chunk in response.iter_raw():
        content += chunk
        if len(content) > LARGEST:
            raise _Forbidden(f"{response.request.headers['host']} answered with more than {LARGEST // 1024} KiB")
        if time.monotonic() > until:
            raise httpx.ReadTimeout("the answer took too long")
    return bytes(content)


def _json(content: bytes) -> object:
    try:
        return msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def _seconds(text: str) -> float | None:
    """What an answer asks to be left alone for; None when it does not say it in seconds, or absurdly long."""
    return float(text) if _A_WHILE.fullmatch(text) else None


def _host_of(url: str) -> str:
    """What a reason says of an address: paths and queries may hold what is nobody's business."""
    try:
        return httpx.URL(url).host or "the address"
    except httpx.InvalidURL:
        return "the address"

"""What goes over the wire: one request in, one answer out, as HTTP/1.1 writes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Request:
    """One request; header names in small letters."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The parsed body; ValueError when it is not JSON."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer: bytes go out as they are, None is no body, anything else is JSON."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        """The answer as it goes over the wire."""
        raw = (
            self.body if isinstance(self.body, bytes) else b"" if self.body is None else json.dumps(self.body).encode()
        )
        headers = {"content-type": "application/json", **self.headers, "content-length": str(len(raw))}
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"HTTP/1.1 {self.status} \r\n{head}\r\n".encode() + raw


class Intake:
    """Bytes as they come in, cut into requests."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._head: tuple[str, str, dict[str, str], int] | None = None

    def feed(self, data: bytes) -> None:
        """More has come."""
        self._data += data

    def take(self) -> Request | None:
        """The next whole request, or None until more has come. ValueError: this is no HTTP."""
        if self._head is None and not self._take_head():
            return None
        assert self._head is not None
        method, target, headers, length = self._head
        if len(self._data) < length:
            return None
        body, self._head = bytes(self._data[:length]), None
        del self._data[:length]
        path, _, query = target.partition("?")
        return Request(method, unquote(path), dict(parse_qsl(query)) if query else {}, headers, body)

    def _take_head(self) -> bool:
        end = self._data.find(END)
        if end < 0:
            return False
        first, *lines = self._data[:end].decode("latin-1").split("\r\n")
        del self._data[: end + len(END)]
        method, target, _ = first.split(" ", 2)
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        self._head = (method, target, headers, int(headers.get("content-length", 0)))
        return True

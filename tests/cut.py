"""A wire between a program and a server that tests cut at a word that passes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Literal

When = Literal["before", "after"]
"""Whether the server still gets to hear the word. In neither case does the program hear the answer."""


class Wire:
    """Hands bytes on until the word passes; then that connection is dead, and new ones work."""

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._door.getsockname()[1]
        self.word: bytes | None = None
        self.when: When = "before"
        self.open = True
        self._connected: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def cut_at(self, word: bytes, when: When, *, for_good: bool = False, saying: bytes = b"") -> None:
        """Cut the next connection on which the word passes, after ``saying`` something to the program instead.

        ``for_good`` lets nobody in afterwards.
        """
        self.when, self.word, self._for_good, self._saying = when, word, for_good, saying

    def lead_to(self, host: str, port: int, *, keep: bool = False) -> None:
        """New connections lead elsewhere; those that are there end, or stay where they are (``keep``)."""
        self._server = (host, port)
        for one in () if keep else self._connected:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.open = False
        self._door.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._door.accept()
                if not self.open:
                    client.close()
                    continue
                server = socket.create_connection(self._server)
                self._connected += (client, server)
                answers = _Answers(server, client)
                threading.Thread(target=self._up, args=(client, server, answers), daemon=True).start()
                threading.Thread(target=answers.pass_on, daemon=True).start()

    def _up(self, client: socket.socket, server: socket.socket, answers: _Answers) -> None:
        with suppress(OSError):
            while data := client.recv(65536):
                if self.word is not None and self.word in data:
                    self.word, self.open = None, not self._for_good
                    answers.hold_back.set()
                    if self.when == "after":
                        server.sendall(data)
                        answers.held_back.wait(timeout=10)
                    client.sendall(self._saying)
                    client.shutdown(socket.SHUT_RDWR)
                    break
                server.sendall(data)
        server.close()
        client.close()


class _Answers:
    """What comes from the server, until it is to be held back."""

    def __init__(self, server: socket.socket, client: socket.socket) -> None:
        self._server, self._client = server, client
        self.hold_back, self.held_back = threading.Event(), threading.Event()

    def pass_on(self) -> None:
        with suppress(OSError):
            while data := self._server.recv(65536):
                if self.hold_back.is_set():
                    self.held_back.set()
                else:
                    self._client.sendall(data)
        if not self.hold_back.is_set():
            with suppress(OSError):
                self._client.shutdown(socket.SHUT_RDWR)


@contextmanager
def wire(host: str, port: int) -> Iterator[Wire]:
    """A wire to a server, for a block."""
    found = Wire(host, port)
    try:
        yield found
    finally:
        found.close()

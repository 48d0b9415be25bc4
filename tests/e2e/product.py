"""The product as a user runs it: ``busos dev`` as a child process in a folder of its own."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

ROOT = Path(__file__).parents[2]


class Product:
    """A running ``busos dev``. ``testing`` is the length of every testing wait in the shipped file."""

    def __init__(self, folder: Path, *, testing: str = "1 second", **environ: str) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        if not (folder / "sequences.yaml").exists():
            shutil.copytree(ROOT / "templates", folder / "templates")
            text = (ROOT / "sequences.yaml").read_text()
            (folder / "sequences.yaml").write_text(re.sub(r"testing: \d minutes?", f"testing: {testing}", text))
        clean = {
            name: value for name, value in os.environ.items() if not name.startswith(("BUSOS", "NOTION", "RESEND"))
        }
        self.environ = {**clean, "PYTHONPATH": str(ROOT), "TESTING_MODE": "true", **environ}

    @contextlib.contextmanager
    def running(self) -> Iterator[Product]:
        """From healthy to a clean end."""
        with (self.folder / "log").open("ab") as log:
            command = [sys.executable, "-m", "server.cli", "dev", "--port", str(self.port)]
            child = subprocess.Popen(command, cwd=self.folder, env=self.environ, stdout=log, stderr=log)
        try:
            eventually(self.healthy, bool, self.log)
            yield self
        finally:
            child.send_signal(signal.SIGTERM)
            assert child.wait(timeout=40) == 0, self.log()

    def healthy(self) -> bool:
        with contextlib.suppress(URLError, OSError):
            return bool(self.get("/health")["status"] == "healthy")
        return False

    def log(self) -> str:
        return (self.folder / "log").read_text()[-4000:]

    def get(self, path: str) -> Any:
        with urlopen(f"{self.url}{path}", timeout=10) as answer:
            return json.loads(answer.read())

    def post(self, trigger: str, body: Mapping[str, Any], **headers: str) -> tuple[int, Any, Message]:
        """Status, JSON and headers of a webhook's answer."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = Request(
            f"{self.url}/webhook/{trigger}",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json", **named},
        )
        try:
            with urlopen(request, timeout=20) as answer:
                return answer.status, json.loads(answer.read()), answer.headers
        except HTTPError as refusal:
            with refusal:
                return refusal.code, json.loads(refusal.read()), refusal.headers

    def emails(self, address: str) -> list[dict[str, Any]]:
        """What the outbox has for somebody, oldest first."""
        found = self.get(f"/outbox.json?email={address.replace('+', '%2B')}")
        rows: list[dict[str, Any]] = found["emails"] if isinstance(found, dict) else found
        return list(reversed(rows))


def eventually(
    look: Callable[[], Any], good: Callable[[Any], bool], why: Callable[[], str], seconds: float = 60
) -> Any:
    """Look until it is good; fails with the last look and the log."""
    until = time.monotonic() + seconds
    while not good(found := look()):
        if time.monotonic() > until:
            raise AssertionError(f"still {found!r} after {seconds} s; the log says:\n{why()}")
        time.sleep(0.1)
    return found

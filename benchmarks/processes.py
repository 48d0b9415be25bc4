"""Child processes of the benchmarks: the product and vendor stand-ins, each started, watched and ended from outside."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

ROOT = Path(__file__).parents[1]
PATIENCE = 30.0  # seconds for a process to answer, or to end
_OURS = ("BUSOS", "TESTING", "NOTION", "RESEND", "SMTP", "DISCORD")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def ask(url: str, body: object = None, *, timeout: float = 30) -> Any:
    """GET, or POST a body as JSON; the answer's JSON."""
    data = json.dumps(body).encode() if body is not None else None
    with urlopen(Request(url, data, {"Content-Type": "application/json"}), timeout=timeout) as answer:
        return json.loads(answer.read() or b"null")


@dataclass
class Child:
    """A process with its own group, so that all that it starts is counted and ended with it."""

    popen: subprocess.Popen[bytes]
    log: Path
    port: int = 0
    started: float = 0.0

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def healthy_after(self, path: str = "/health") -> float:
        """Seconds from the start until it answers 200 there."""
        while time.monotonic() - self.started < PATIENCE:
            with contextlib.suppress(URLError, OSError), urlopen(self.url + path, timeout=5):
                return time.monotonic() - self.started
            self._still_alive()
            time.sleep(0.005)
        raise SystemExit(f"does not answer: {self.said()}")

    def says(self, words: str) -> float:
        """Seconds from the start until its log has these words."""
        while time.monotonic() - self.started < PATIENCE:
            if words in self.said():
                return time.monotonic() - self.started
            self._still_alive()
            time.sleep(0.005)
        raise SystemExit(f'does not say "{words}": {self.said()}')

    def said(self) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-3000:]

    def megabytes(self) -> float:
        """Resident memory of the group."""
        return sum(_status(pid, "VmRSS") for pid in self._group()) / 1024

    def cpu_seconds(self) -> float:
        """Processor time that the group has used."""
        return sum(_cpu(pid) for pid in self._group())

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End the whole group, and wait for it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.popen.pid, number)
        self.popen.wait(timeout=PATIENCE)

    def _still_alive(self) -> None:
        if self.popen.poll() is not None:
            raise SystemExit(f"{self.popen.args!r} ended with {self.popen.returncode}: {self.said()}")

    def _group(self) -> list[int]:
        found = (int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit())
        return [pid for pid in found if _group_of(pid) == self.popen.pid]


def _group_of(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return 0


def _status(pid: int, name: str) -> int:
    """A number of ``/proc/PID/status``, in kB."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1])
    return 0


def _cpu(pid: int) -> float:
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def start(folder: Path, *command: str, port: int = 0, **environ: str) -> Child:
    """Start a command in a folder; none of this shell's own settings of busos reach it."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    given = {**clean, "PYTHONPATH": str(ROOT), **environ}
    log = folder / f"log-{time.monotonic_ns()}"
    began = time.monotonic()
    with log.open("wb") as out:
        popen = subprocess.Popen(command, cwd=folder, env=given, stdout=out, stderr=out, start_new_session=True)
    return Child(popen, log, port, began)


def busos(folder: Path, verb: str, *more: str, **environ: str) -> Child:
    """``busos VERB`` on the ``sequences.yaml`` of a folder. ``dev`` and ``serve`` get a free port."""
    port = free_port() if verb in ("dev", "serve") else 0
    listening = ("--port", str(port)) if port else ()
    given = {"BUSOS_SECRET_KEY": "only for a benchmark", "BUSOS_DATABASE_URL": "sqlite:///busos.db", **environ}
    return start(folder, sys.executable, "-m", "server.cli", verb, *listening, *more, port=port, **given)


@contextlib.contextmanager
def running(*children: Child) -> Iterator[Sequence[Child]]:
    """End them all when the block ends, however it ends."""
    try:
        yield children
    finally:
        for child in children:
            child.end()


@contextlib.contextmanager
def resend(folder: Path) -> Iterator[str]:
    """A Resend stand-in as a process, without a rate limit and without a memory for bodies; its address."""
    child = start(folder, sys.executable, "-m", "tests.standins", "--resend", "0", "--rate", "0", "--lean")
    try:
        child.says("resend")
        addresses: Mapping[str, str] = json.loads(child.said())
        yield addresses["resend"]
    finally:
        child.end()


def write(folder: Path, file: str, templates: Mapping[str, str]) -> None:
    """The file and the templates of a product."""
    (folder / "sequences.yaml").write_text(file)
    (folder / "templates").mkdir(exist_ok=True)
    for name, text in templates.items():
        (folder / "templates" / f"{name}.md").write_text(text)

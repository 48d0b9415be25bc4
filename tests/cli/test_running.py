from __future__ import annotations

import json
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.cli.example import FILE, Child, Run, environment

KEY = "for-tests-only-0123456789-0123456789"


class Process:
    """A long-running busos; its lines are read as they come."""

    def __init__(self, folder: Path, *words: str, **settings: str) -> None:
        self.out, self.err = folder / "out.txt", folder / "err.txt"
        with self.out.open("w") as out, self.err.open("w") as err:
            command = [sys.executable, "-m", "server.cli", *words]
            child = environment(**settings)
            self.process = subprocess.Popen(command, cwd=folder, env=child, stdout=out, stderr=err)

    def said(self, text: str) -> str:
        """Everything on stdout and stderr once the text is there."""
        return until(lambda: found if text in (found := self.out.read_text() + self.err.read_text()) else None)

    def end(self, number: signal.Signals) -> int:
        """The exit status after a signal."""
        self.process.send_signal(number)
        return self.process.wait(10)


@contextmanager
def running(folder: Path, *words: str, **settings: str) -> Iterator[Process]:
    """A process that does not outlive the block."""
    started = Process(folder, *words, **settings)
    try:
        yield started
    finally:
        started.process.kill()
        started.process.wait()


def until(look: Callable[[], Any], seconds: float = 15) -> Any:
    """The first answer that is not empty."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)
    return found


def get(url: str) -> Any:
    """The JSON at a loopback address."""
    with urllib.request.urlopen(url, timeout=5) as answer:
        return json.load(answer)


def post(line: str) -> Any:
    """Do what a curl line says; the JSON of the answer."""
    words = shlex.split(line)
    headers = dict(word.split(": ", 1) for flag, word in pairwise(words) if flag == "-H")
    body = words[words.index("-d") + 1].encode()
    request = urllib.request.Request(words[3], data=body, headers=headers, method="POST")
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.load(answer)


def test_dev_takes_a_webhook_sends_an_email_reloads_and_ends(folder: Path) -> None:
    with running(folder, "dev", "--port", "0", TESTING_MODE="true") as dev:
        told = dev.said("Ctrl-C ends it.")
        assert "TESTING MODE: waits have their testing lengths" in told
        base = next(word for word in told.split() if word.startswith("http://127.0.0.1:"))
        assert f"{base}/outbox" in told
        assert get(f"{base}/health")["status"] == "healthy"

        curls = [line.strip() for line in told.splitlines() if line.strip().startswith("curl")]
        assert post(curls[0])["segment"] == "HOT"
        emails = until(lambda: get(f"{base}/outbox.json")["emails"])
        assert (emails[-1]["template"], emails[-1]["to"]) == ("hello", "ada@example.com")
        assert post(curls[1])["status"] == "accepted"

        (folder / "sequences.yaml").write_text(FILE.replace("24 hours", "24 houres"))
        told = dev.said("not loaded: revision")
        assert "26 |       - wait: 24 houres\n   |               ^^^^^^^^^\n" in told
        (folder / "sequences.yaml").write_text(FILE.replace("24 hours", "25 hours"))
        dev.said("loaded sequences.yaml: revision")

        assert dev.end(signal.SIGTERM) == 0
        assert dev.said("ended").endswith("ended\n")
        assert dev.err.read_text() == ""


def test_dev_tells_of_a_template_that_is_saved_with_a_mistake(folder: Path) -> None:
    template = next((folder / "templates").glob("*.md"))
    good = template.read_text(encoding="utf-8")
    (folder / ".env").write_text("TESTINGMODE=true\n")
    with running(folder, "dev", "--port", "0") as dev:
        assert "TESTINGMODE is not a setting and does nothing; did you mean TESTING_MODE?" in dev.said("Ctrl-C")
        template.write_text(good + "{{ nobody_knows }}\n", encoding="utf-8")
        told = dev.said("is held until it is mended")
        assert "uses {{ nobody_knows }}" in told
        template.write_text(good, encoding="utf-8")
        dev.said(f"loaded {template.relative_to(folder)}")
        assert dev.end(signal.SIGINT) == 0


def test_dev_ends_on_ctrl_c_too(folder: Path) -> None:
    with running(folder, "dev", "--port", "0") as dev:
        assert "TESTING MODE" not in dev.said("Ctrl-C ends it.")
        assert dev.end(signal.SIGINT) == 0
        assert dev.err.read_text() == ""


def test_dev_refuses_a_file_with_mistakes(child: Child, folder: Path) -> None:
    (folder / "sequences.yaml").write_text(FILE.replace("24 hours", "24 houres"))
    done = child("dev", "--port", "0")
    assert (done.returncode, done.stdout) == (2, "")
    assert "sequences.yaml:26:15: error:" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken_is_a_sentence(child: Child) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = child("dev", "--port", str(port))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"Error: cannot listen on 127.0.0.1 port {port}: Address already in use")
    assert done.stderr.count("\n") == 1


def test_serve_and_worker_need_a_key(child: Child) -> None:
    done = child("worker")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Error: BUSOS_SECRET_KEY is not set")


def test_send_worker_and_serve_share_a_ledger(child: Child, run: Run, folder: Path) -> None:
    accepted = child("send", "quiz", "email=ada@example.com", "reds=2", "--json")
    answer = json.loads(accepted.stdout)
    assert (accepted.returncode, accepted.stderr) == (0, "")
    assert (answer["status"], answer["email"], answer["segment"]) == ("accepted", "ada@example.com", "HOT")

    with running(folder, "worker", BUSOS_SECRET_KEY=KEY) as worker:
        line = json.loads(worker.said('"working"').splitlines()[0])
        assert (line["event"], line["file"]) == ("working", "sequences.yaml")
        until(lambda: "Hello there" in run("runs", "show", "ada@example.com").stdout)
        assert worker.end(signal.SIGTERM) == 0
        assert worker.out.read_text() == ""

    with running(folder, "serve", "--port", "0", BUSOS_SECRET_KEY=KEY) as server:
        line = json.loads(server.said('"serving"').splitlines()[0])
        assert get(f"{line['address']}/health")["status"] == "healthy"
        emails = get(f"{line['address']}/outbox.json")["emails"]
        assert [email["template"] for email in emails] == ["hello"]
        assert server.end(signal.SIGTERM) == 0
        assert server.out.read_text() == ""

"""Runs a command that ends in ``busos dev``, posts a webhook to it, and waits for the email in its outbox.

Only the standard library: it runs where nothing is installed yet. ``python3 .ci/dev_answers.py "COMMAND"``
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.request import Request, urlopen

PATIENCE = 300  # seconds for everything, an installation included
OURS = ("BUSOS_", "NOTION_", "RESEND_", "SMTP_", "DISCORD_", "TESTING_")
PERSON = {"email": "ada@example.com", "red_systems": 2, "orange_systems": 1}


@contextmanager
def started(command: str) -> Iterator[subprocess.Popen[str]]:
    """The command in a process group of its own, without a setting of ours; interrupted at the end."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    process = subprocess.Popen(
        ["bash", "-c", command], stdout=subprocess.PIPE, text=True, env=environ, start_new_session=True
    )
    killer = threading.Timer(PATIENCE, os.killpg, [process.pid, signal.SIGKILL])
    killer.start()
    try:
        yield process
    finally:
        killer.cancel()
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def printed_address(process: subprocess.Popen[str]) -> str:
    """The address that ``busos dev`` prints once it takes connections."""
    for line in process.stdout or ():
        print(line, end="")
        if found := re.search(r"busos dev\s+(http://\S+)", line):
            return found[1]
    raise SystemExit(f"it ended with status {process.wait()} before it said its address")


def asked(url: str, body: object = None) -> Any:
    """The JSON of a GET, or of a POST with a body."""
    data = None if body is None else json.dumps(body).encode()
    request = Request(url, data=data, headers={"Content-Type": "application/json"})
    with urlopen(request, timeout=10) as answer:
        return json.load(answer)


def first_email(address: str) -> dict[str, Any]:
    """The first email in the outbox, once there is one."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if emails := asked(f"{address}/outbox.json")["emails"]:
            found: dict[str, Any] = emails[0]
            return found
        time.sleep(0.1)
    raise SystemExit("no email came into the outbox within 20 seconds")


def rest_of(process: subprocess.Popen[str]) -> str:
    """Interrupt it as Ctrl-C does, and read what it says last."""
    os.killpg(process.pid, signal.SIGINT)
    return process.communicate(timeout=30)[0]


def main(command: str) -> None:
    """Exit status 0 when the email is there and the server ends when it is asked to."""
    print("$", command)
    with started(command) as process:
        address = printed_address(process)
        assert asked(f"{address}/health")["status"] == "healthy"
        receipt = asked(f"{address}/webhook/assessment", PERSON)
        assert (receipt["status"], receipt["segment"]) == ("accepted", "CRITICAL"), receipt
        email = first_email(address)
        assert (email["to"], email["template"], email["mailer"]) == ("ada@example.com", "email_1", "outbox"), email
        last = rest_of(process)
        assert last.rstrip().endswith("ended"), f"asked to end, it said: {last}"
    print(f'-> "{email["subject"]}" to {email["to"]}, kept in the outbox')


if __name__ == "__main__":
    main(sys.argv[1])

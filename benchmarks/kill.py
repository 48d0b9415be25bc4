"""Kill -9 at random moments, restart, and look from outside whether anybody missed or got an email twice.

    python benchmarks/kill.py [--kills 20] [--contacts 50] [--seed N]

Runs the real product (``busos dev``: server and workers) as a process group against a Resend stand-in in a
process of its own, with the shipped file on testing waits of a second. Contacts are posted while it is being
killed; a post without an answer is posted again under its idempotency key, as a careful frontend does.
Prints what the provider and the ledger saw; exit status 0 only when nothing was lost, doubled or out of order.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

ROOT = Path(__file__).parents[1]
STEPS = ["email_1", "email_2", "email_3", "email_4", "email_5"]
HEALTHY_SECONDS = 20
PATIENCE_SECONDS = 120


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def ask(url: str, body: object = None, headers: Mapping[str, str] | None = None) -> Any:
    """GET, or POST a body as JSON; the answer's JSON."""
    data = json.dumps(body).encode() if body is not None else None
    request = Request(url, data=data, headers={"Content-Type": "application/json", **(headers or {})})
    with urlopen(request, timeout=10) as answer:
        return json.loads(answer.read() or b"null")


class Product:
    """``busos dev`` in a folder of its own, started again after every kill."""

    def __init__(self, folder: Path, resend: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        shutil.copytree(ROOT / "templates", folder / "templates")
        text = (ROOT / "sequences.yaml").read_text()
        (folder / "sequences.yaml").write_text(re.sub(r"testing: \d minutes?", "testing: 1 second", text))
        self.environ = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "TESTING_MODE": "true",
            "RESEND_API_KEY": "re_for_a_stand_in",
            "RESEND_API_URL": resend,
            "BUSOS_DATABASE_URL": "sqlite:///busos.db",
        }
        self.child: subprocess.Popen[bytes] | None = None

    def start(self) -> float:
        """Start it; the seconds until it is healthy."""
        begun = time.monotonic()
        command = [sys.executable, "-m", "server.cli", "dev", "--port", str(self.port)]
        with (self.folder / "log").open("ab") as log:
            self.child = subprocess.Popen(
                command, cwd=self.folder, env=self.environ, stdout=log, stderr=log, start_new_session=True
            )
        while time.monotonic() - begun < HEALTHY_SECONDS:
            with contextlib.suppress(URLError, OSError):
                ask(f"{self.url}/health")
                return time.monotonic() - begun
            time.sleep(0.02)
        raise SystemExit(f"not healthy within {HEALTHY_SECONDS} s:\n{(self.folder / 'log').read_text()[-3000:]}")

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """End the whole process group."""
        if self.child is not None:
            os.killpg(self.child.pid, number)
            self.child.wait(timeout=30)


def post_all(product: Product, contacts: int, over: float) -> None:
    """Post every assessment, again and again until it is answered with 202."""
    for number in range(contacts):
        payload = {"email": f"ada+{number}@example.com", "red_systems": number % 4, "orange_systems": number % 3}
        while True:
            try:
                ask(f"{product.url}/webhook/assessment", payload, {"Idempotency-Key": f"key-{number}"})
                break
            except HTTPError as answer:
                if answer.code < 500:
                    raise
                time.sleep(0.05)
            except (URLError, OSError):
                time.sleep(0.05)
        time.sleep(over / contacts)


def torture(
    product: Product, kills: int, contacts: int, chance: random.Random, say: Callable[[str], None]
) -> list[float]:
    """Post, kill and restart; the seconds each start took."""
    starts = [product.start()]
    poster = threading.Thread(target=post_all, args=(product, contacts, min(kills * 0.5, 10.0)), daemon=True)
    poster.start()
    for number in range(kills):
        time.sleep(chance.uniform(0.05, 1.2))
        product.kill()
        starts.append(product.start())
        say(f"kill {number + 1} of {kills}, healthy again after {starts[-1]:.1f} s")
    poster.join(timeout=PATIENCE_SECONDS)
    return starts


def wait_until_done(product: Product, contacts: int) -> None:
    """Give leases time to run out and every run time to end."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        if ended(product.folder) >= contacts:
            return
        time.sleep(0.5)


def ended(folder: Path) -> int:
    return len([run for run in runs(folder) if run[1] == "finished"])


def runs(folder: Path) -> list[tuple[str, str, str]]:
    """(email, status, run id) of every run of the sequence, read from the ledger's file."""
    with contextlib.closing(sqlite3.connect(folder / "busos.db", timeout=10)) as connection:
        return connection.execute(
            "SELECT c.email, r.status, r.id FROM runs r JOIN contacts c ON c.id = r.contact_id "
            "WHERE r.program = 'nurture'"
        ).fetchall()


def integrity(folder: Path) -> str:
    with contextlib.closing(sqlite3.connect(folder / "busos.db")) as connection:
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])


def judge(folder: Path, seen: Mapping[str, Any], contacts: int) -> dict[str, int]:
    """Count what must be none, from what the provider accepted and what the ledger says."""
    found = runs(folder)
    step_of = {(email["key"]): email["key"].split("/", 1)[1] for email in seen["accepted"]}
    by_run: dict[str, list[str]] = {}
    for email in seen["accepted"]:
        by_run.setdefault(email["key"].split("/", 1)[0], []).append(step_of[email["key"]])
    expected = {run_id for _, _, run_id in found}
    return {
        "contacts without a run": contacts - len({email for email, _, _ in found}),
        "runs that did not finish": sum(status != "finished" for _, status, _ in found),
        "second runs": len(found) - len({email for email, _, _ in found}),
        "emails lost": sum(len(set(STEPS) - set(by_run.get(run_id, []))) for run_id in expected),
        "emails doubled": len(seen["accepted"]) - len(step_of) + len(seen["doubled"]),
        "runs out of order": sum(steps != sorted(steps) for steps in by_run.values()),
        "contract violations": len(seen["violations"]),
        "broken ledger": int(integrity(folder) != "ok"),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--contacts", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    options = parser.parse_args()
    print(f"{options.kills} kills, {options.contacts} contacts x {len(STEPS)} emails, seed {options.seed}", flush=True)
    command = [sys.executable, "-m", "tests.standins", "--resend", "0", "--rate", "0"]
    vendor = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    with tempfile.TemporaryDirectory() as name:
        try:
            assert vendor.stdout is not None
            resend = json.loads(vendor.stdout.readline())["resend"]
            product = Product(Path(name), resend)
            chance = random.Random(options.seed)
            starts = torture(product, options.kills, options.contacts, chance, lambda line: print(line, flush=True))
            wait_until_done(product, options.contacts)
            product.kill(signal.SIGTERM)
            seen = ask(f"{resend}/_seen")
            counts = judge(Path(name), seen, options.contacts)
        finally:
            vendor.terminate()
            vendor.wait()
            vendor.stdout and vendor.stdout.close()
    print(f"\naccepted by the provider: {len(seen['accepted'])}; starts took at most {max(starts):.1f} s")
    for label, count in counts.items():
        print(f"{label:>26}: {count}")
    return int(any(counts.values()))


if __name__ == "__main__":
    sys.exit(main())

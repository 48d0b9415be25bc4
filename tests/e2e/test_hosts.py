"""Two hosts, played by two folders, share a Postgres and a Redis; Redis is flushed and dies, and so does a host."""

from __future__ import annotations

import json
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.payloads import Payload
from engine.runtime.arrivals import Arrival
from engine.runtime.redis_link import client_of
from engine.runtime.settings import Settings
from engine.runtime.system import System
from engine.runtime.wiring import running
from tests.cli.example import environment
from tests.postgres import database
from tests.redis_child import RedisChild
from tests.standins.resend import Resend
from tests.standins.server import StandIn

FILE = """\
version: 1
timezone: Europe/Berlin
email: {from: Ada <ada@example.com>}
contact:
  email: {type: email}
triggers:
  enter:
    requires: [email]
    then:
      - start: welcome
sequences:
  welcome:
    steps:
      - email: one
      - wait: 1 second
      - email: two
      - wait: 1 second
      - email: three
"""
KEY = "for-tests-only-0123456789-0123456789"
CONTACTS = 60


class Host:
    """A folder with the file, and ``busos worker`` in it with its own account at the vendor."""

    def __init__(self, folder: Path, **settings: str) -> None:
        folder.mkdir()
        self.account = f"re_{folder.name}"
        self.log = folder / "log"
        self.settings = {"BUSOS_SECRET_KEY": KEY, "RESEND_API_KEY": self.account, **settings}
        (folder / "sequences.yaml").write_text(FILE)
        (folder / "templates").mkdir()
        for name in ("one", "two", "three"):
            (folder / "templates" / f"{name}.md").write_text(f"---\nsubject: Number {name}\n---\nHello.\n")
        self.folder = folder
        self.child: subprocess.Popen[bytes] | None = None

    def work(self) -> None:
        command = [sys.executable, "-m", "server.cli", "worker"]
        with self.log.open("ab") as log:
            env = environment(**self.settings)
            self.child = subprocess.Popen(command, cwd=self.folder, env=env, stdout=log, stderr=log)

    def end(self, number: signal.Signals) -> int:
        assert self.child is not None
        self.child.send_signal(number)
        return self.child.wait(30)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisChild]:
    child = RedisChild(tmp_path)
    child.start()
    yield child
    child.kill()


@pytest.fixture
def vendor() -> Iterator[StandIn[Resend]]:
    with StandIn(Resend(rate=0)) as server:
        server.faults.latency = 0.05
        yield server


@pytest.fixture
def ledger_url() -> Iterator[str]:
    with database() as url:
        yield url


@pytest.fixture
def hosts(tmp_path: Path, redis: RedisChild, vendor: StandIn[Resend], ledger_url: str) -> Iterator[list[Host]]:
    shared = {"BUSOS_DATABASE_URL": ledger_url, "BUSOS_QUEUE_URL": redis.url, "RESEND_API_URL": vendor.url}
    found = [Host(tmp_path / name, **shared) for name in ("north", "south")]
    yield found
    for host in found:
        if host.child is not None:
            host.child.kill()
            host.child.wait()


@pytest.fixture
def server(tmp_path: Path, hosts: list[Host], redis: RedisChild, ledger_url: str) -> Iterator[System]:
    """A third host takes the webhooks."""
    file = hosts[0].folder / "sequences.yaml"
    settings = Settings(file=file, database_url=ledger_url, queue_url=redis.url, secret_key=KEY)
    with running(settings, works=False) as system:
        yield system


def accept(system: System, numbers: range) -> None:
    for number in numbers:
        email = f"ada{number}@example.com"
        payload = Payload(email=email, values={"email": email}, ignored=0)
        arrival = Arrival(trigger="enter", payload=payload, raw=b"{}", key=None, body_hash=email)
        system.submit(arrival).result(30)


def eventually(good: Callable[[], Any], why: Callable[[], Any], seconds: float = 90) -> None:
    until = time.monotonic() + seconds
    while not good():
        assert time.monotonic() < until, why()
        time.sleep(0.1)


def hostile(redis: RedisChild, folder: Path) -> None:
    """Every key replaced by a pickle that would make a file, and a few more beside."""

    class Harm:
        def __reduce__(self) -> Any:
            return Path.touch, (folder / "harm",)

    bad = pickle.dumps(Harm())
    with client_of(redis.url) as client:
        for key in [*client.keys("*"), b"huey.redis.runs", b"busos", b"busos:pace:resend"]:
            client.delete(key)
            client.set(key, bad)
        client.lpush("huey.redis.emails", bad)
        client.publish("busos:bell", bad)


@pytest.mark.timeout(240)
def test_hosts_share_the_work_and_nothing_is_lost_or_doubled(
    server: System, hosts: list[Host], redis: RedisChild, vendor: StandIn[Resend], tmp_path: Path
) -> None:
    north, south = hosts
    for host in hosts:
        host.work()
    eventually(lambda: server.ready()["worker"][1] == "2 seen in the last minute", south.log.read_text)
    assert server.ready()["queue"] == (True, "Redis")

    accept(server, range(20))
    with client_of(redis.url) as client:
        client.flushall()
    hostile(redis, tmp_path)
    accept(server, range(20, 40))
    redis.kill()
    eventually(lambda: server.ready()["queue"] == (True, "Redis away: looking every 0.25 s"), south.log.read_text)
    accept(server, range(40, CONTACTS))
    eventually(lambda: len(vendor.vendor.accepted) > CONTACTS, south.log.read_text)
    north.end(signal.SIGKILL)
    redis.start()
    hostile(redis, tmp_path)

    def counts() -> dict[tuple[str, str], int]:
        with server.ledger.read() as tx:
            return {(program, status.value): n for (program, status), n in tx.counts().items()}

    eventually(
        lambda: counts() == {("trigger enter", "finished"): CONTACTS, ("welcome", "finished"): CONTACTS},
        lambda: (counts(), south.log.read_text()[-3000:], north.log.read_text()[-3000:]),
    )
    order = {email["to"][0]: list[str]() for email in vendor.vendor.accepted}
    for email in vendor.vendor.accepted:
        order[email["to"][0]].append(email["subject"])
    assert len(order) == CONTACTS
    assert set(map(tuple, order.values())) == {("Number one", "Number two", "Number three")}, "once each, in order"
    assert not (tmp_path / "harm").exists()
    assert south.end(signal.SIGTERM) == 0
    told = [json.loads(line)["event"] for line in south.log.read_text().splitlines() if line.startswith("{")]
    assert "workers gone" in told
    assert "Traceback" not in south.log.read_text()

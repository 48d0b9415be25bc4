"""SIGTERM amid slow sends: the worker ends within ten seconds, and who was not sent to is so once, by the next."""

from __future__ import annotations

import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from engine.runtime.settings import Settings
from engine.runtime.wiring import running
from tests.e2e.test_hosts import KEY, Host, accept, eventually
from tests.standins.resend import Resend
from tests.standins.server import StandIn


@pytest.mark.timeout(240)
@pytest.mark.parametrize(("latency", "fault"), [(4.0, None), (0.0, "hang")])
def test_a_worker_with_a_hundred_slow_sends_ends_in_time(tmp_path: Path, latency: float, fault: str | None) -> None:
    with StandIn(Resend(rate=0)) as vendor:
        url = f"sqlite:///{tmp_path / 'busos.db'}"
        host = Host(tmp_path / "host", BUSOS_DATABASE_URL=url, RESEND_API_URL=vendor.url)
        settings = Settings(file=host.folder / "sequences.yaml", database_url=url, secret_key=KEY)
        with running(settings, works=False) as server:
            accept(server, range(100))
            vendor.faults.latency = latency
            vendor.faults.chances = {fault: 1.0} if fault else {}
            host.work()
            eventually(lambda: vendor.vendor.requests or (fault and vendor.vendor.accepted), host.log.read_text)
            begun = time.monotonic()
            assert host.end(signal.SIGTERM) == 0, host.log.read_text()
            assert time.monotonic() - begun < 10

            vendor.faults.latency, vendor.faults.chances = 0.0, {}
            host.work()

            def finished() -> bool:
                with server.ledger.read() as tx:
                    counts = {(program, status.value): n for (program, status), n in tx.counts().items()}
                return counts == {("trigger enter", "finished"): 100, ("welcome", "finished"): 100}

            eventually(finished, host.log.read_text)
            assert host.end(signal.SIGTERM) == 0
        sent = Counter((email["to"][0], email["subject"]) for email in vendor.vendor.accepted)
        assert len(sent) == 300
        assert set(sent.values()) == {1}

"""The short form of ``benchmarks/kill.py``: the same script, fewer kills."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.e2e.product import ROOT


@pytest.mark.timeout(300)
def test_nobody_misses_or_gets_an_email_twice_when_everything_is_killed() -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "kill.py"), "--kills", "4", "--contacts", "15"]

    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "accepted by the provider: 75" in done.stdout

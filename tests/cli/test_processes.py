"""Several processes of one verb: shared port, restarts, and one end for all."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.example import FILE, Child, Run, environment
from tests.cli.test_running import KEY, Process, get, running
from tests.cli.test_running import until as soon


def until(look: Callable[[], object]) -> object:
    """Processes start slowly where many tests run."""
    return soon(look, 90)


def children(process: Process) -> list[int]:
    """The pids of the living children of a process, in order."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                told = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(told[1]) == process.process.pid and told[0] != "Z":
                found.append(int(entry.name))
    return sorted(found)


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


def lines(process: Process, event: str) -> list[dict[str, object]]:
    found = [json.loads(line) for line in process.err.read_text().splitlines() if line.startswith("{")]
    return [line for line in found if line["event"] == event]


pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="children are found in /proc")


def test_servers_share_a_port_and_one_that_dies_is_started_again(folder: Path) -> None:
    with running(folder, "serve", "--port", "0", "--processes", "2", BUSOS_SECRET_KEY=KEY) as server:
        until(lambda: len(lines(server, "serving")) == 2)
        assert sorted(int(str(line["pid"])) for line in lines(server, "serving")) == children(server)
        addresses = {str(line["address"]) for line in lines(server, "serving")}
        assert len(addresses) == 1
        (base,) = addresses
        first, second = children(server)
        assert get(f"{base}/health")["status"] == "healthy"
        os.kill(first, signal.SIGKILL)
        until(lambda: len(children(server)) == 2 and first not in children(server))
        assert second in children(server)
        for _ in range(10):
            assert get(f"{base}/health")["status"] == "healthy"
        until(lambda: len(lines(server, "serving")) == 3)
        pids = children(server)
        begun = time.monotonic()
        assert server.end(signal.SIGTERM) == 0
        assert time.monotonic() - begun < 10
        assert all(gone(pid) for pid in pids)


def test_workers_share_the_work_and_end_with_their_parent(child: Child, run: Run, folder: Path) -> None:
    for number in range(5):
        assert child("send", "quiz", f"email=ada{number}@example.com", "reds=2").returncode == 0
    with running(folder, "worker", "--processes", "2", "--threads", "1", BUSOS_SECRET_KEY=KEY) as worker:
        until(lambda: len(lines(worker, "working")) == 2)
        until(lambda: "Hello there" in run("runs", "show", "ada4@example.com").stdout)
        pids = children(worker)
        assert len(pids) == 2
        worker.process.kill()  # nobody can hear this: they notice
        worker.process.wait()
        until(lambda: all(gone(pid) for pid in pids))
        assert len(lines(worker, "worker ended")) == 2


def test_a_worker_that_cannot_start_says_so_once_for_all_and_ends(folder: Path, child: Child) -> None:
    done = child("worker", "--processes", "2")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Error: BUSOS_SECRET_KEY is not set")
    assert done.stderr.count("Error:") == 1
    (folder / "sequences.yaml").write_text(FILE.replace("24 hours", "24 houres"))
    done = child("serve", "--port", "0", "--processes", "2", BUSOS_SECRET_KEY=KEY)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("sequences.yaml:26:15: error:") == 1
    assert "Traceback" not in done.stderr


def test_each_line_of_one_of_several_processes_says_which_it_is() -> None:
    both = "structlog.get_logger().info('ours'); logging.getLogger('library').warning('theirs')"
    code = f"import logging, structlog; from server.cli import logs; logs.set_up(one_of_several=True); {both}"
    done = subprocess.Popen([sys.executable, "-c", code], env=environment(), stderr=subprocess.PIPE, text=True)
    told = [json.loads(line) for line in done.communicate(timeout=30)[1].splitlines()]
    assert [(line["event"], line["pid"]) for line in told] == [("ours", done.pid), ("theirs", done.pid)]


def test_a_folder_named_like_ours_is_not_taken_for_it(folder: Path) -> None:
    (folder / "server").mkdir()
    (folder / "server" / "__init__.py").write_text("raise SystemExit('the wrong one')\n")
    (folder / "server" / "cli.py").write_text("raise SystemExit('the wrong one')\n")
    # As the installed command does, which has no place of its own in the path.
    with running(folder, "worker", "--processes", "2", BUSOS_SECRET_KEY=KEY, PYTHONSAFEPATH="1") as worker:
        until(lambda: len(lines(worker, "working")) == 2)
        assert worker.end(signal.SIGTERM) == 0

"""A Postgres server of a test's own, which it may stop, crash, copy and promote."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytest

USER = "postgres"
"""It does not run as root: root hands it to this user."""
SETTINGS = (
    *("max_connections = 60", "shared_buffers = 32MB", "listen_addresses = '127.0.0.1'"),
    "wal_writer_delay = 10s",  # what is not waited for is not on disk for a while: a crash takes it back
)
_MEMORY = Path("/dev/shm")


class Cluster:
    """The server and its folder: in memory if that is a place, because one that crashed syncs every file."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="busos-test-", dir=_MEMORY if _MEMORY.is_dir() else None))
        self.data = self.folder / "data"
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self.url = f"postgresql://{USER}@127.0.0.1:{self.port}/postgres"
        self._binaries = _binaries()
        if os.getuid() == 0:
            shutil.chown(self.folder, USER, USER)

    def make(self) -> None:
        """Fill the folder of a new server, and start it."""
        self._run("initdb", "-D", str(self.data), "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C")
        self._configure(*SETTINGS)
        self.start()

    def follow(self, other: Cluster) -> None:
        """Become a standby of another server, and start."""
        self._run("pg_basebackup", "-R", "-D", str(self.data), "-d", other.url, "-c", "fast", "-X", "stream")
        self._configure()
        self.start()

    def start(self) -> None:
        """Start, and wait until it answers."""
        self._control("start")

    def restart(self, mode: Literal["fast", "immediate"]) -> None:
        """``fast`` closes connections in order, ``immediate`` is a crash with recovery."""
        self._control("restart", "-m", mode)

    def promote(self) -> None:
        """A standby begins to write."""
        self._control("promote")

    def stop(self) -> None:
        """End it at once, if it runs."""
        if (self.data / "postmaster.pid").exists():
            self._control("stop", "-m", "immediate")

    def _configure(self, *settings: str) -> None:
        sockets = f"unix_socket_directories = '{self.folder}'"
        with (self.data / "postgresql.conf").open("a") as file:
            file.write("\n".join([*settings, f"port = {self.port}", sockets, ""]))

    def _control(self, verb: str, *options: str) -> None:
        log = () if verb in ("stop", "promote") else ("-l", str(self.folder / "log"))
        self._run("pg_ctl", verb, "-D", str(self.data), "-w", "-t", "60", *log, *options)

    def _run(self, name: str, *options: str) -> None:
        user = ["runuser", "-u", USER, "--"] if os.getuid() == 0 else []
        command = [*user, str(self._binaries / name), *options]
        done = subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )
        assert done.returncode == 0, f"{name}: {done.stdout[-1000:]}{done.stderr[-1000:]}"


def _binaries() -> Path:
    """Where Postgres' programs are; the test is skipped, aloud, where there are none."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    known = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not known:
        pytest.skip("Postgres is not installed: no initdb in PATH or /usr/lib/postgresql")
    return known[-1].parent


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A server in its folder, gone after the block; ``make`` it, or let it ``follow`` another."""
    found = Cluster()
    try:
        yield found
    finally:
        found.stop()
        shutil.rmtree(found.folder, ignore_errors=True)

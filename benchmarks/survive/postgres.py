"""A database of the trial's own in Postgres, and a whole cluster where it is to be restarted."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from benchmarks.survive.children import CouldNotRun, free_port
from benchmarks.survive.places import Place, Row

USER = "postgres"
FAST = ("fsync = on", "max_connections = 200", "shared_buffers = 128MB", "unix_socket_directories = ''")


class Cluster:
    """Postgres in a temporary folder. It does not run as root, so root hands it to the user postgres."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="survive-postgres-"))
        self.port = free_port()
        self.url = f"postgresql://{USER}@127.0.0.1:{self.port}/postgres"
        self._bin = binaries()

    def start(self) -> None:
        """Make it and start it."""
        if os.getuid() == 0:
            shutil.chown(self.folder, USER, USER)
        data = str(self.folder / "data")
        self._run("initdb", "-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C")
        settings = [*FAST, f"port = {self.port}", "listen_addresses = '127.0.0.1'"]
        with (self.folder / "data" / "postgresql.conf").open("a") as file:
            file.write("\n".join(settings) + "\n")
        self._control("start")

    def restart(self, mode: str) -> None:
        """``fast`` closes connections in order, ``immediate`` is a crash with recovery."""
        self._control("restart", "-m", mode)

    def stop(self) -> None:
        """End it, and remove it."""
        if (self.folder / "data" / "postmaster.pid").exists():
            self._control("stop", "-m", "immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _control(self, verb: str, *options: str) -> None:
        log = ("-l", str(self.folder / "log")) if verb != "stop" else ()
        self._run("pg_ctl", verb, "-D", str(self.folder / "data"), "-w", "-t", "60", *log, *options)

    def _run(self, name: str, *options: str) -> None:
        command = [str(self._bin / name), *options]
        user = ["runuser", "-u", USER, "--"] if os.getuid() == 0 else []
        done = subprocess.run(
            [*user, *command], cwd=self.folder, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )
        if done.returncode:
            raise CouldNotRun(f"{name} failed:\n{done.stdout[-1000:]}{done.stderr[-1000:]}")


def binaries() -> Path:
    """Where Postgres' programs are; CouldNotRun when there are none."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    known = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not known:
        raise CouldNotRun("Postgres is not installed: no initdb in PATH or /usr/lib/postgresql")
    return known[-1].parent


class PostgresPlace(Place):
    """A database that is made for the trial on the server of this URL, and dropped after it."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._name = f"busos_survive_{secrets.token_hex(4)}"
        parts = urlsplit(server)
        self.url = urlunsplit(parts._replace(path=f"/{self._name}"))
        self._do(f"CREATE DATABASE {self._name}")

    def rows(self, sql: str) -> list[Row]:
        """The answer of the server, over a connection of its own."""
        with _connected(self.url) as connection:
            return list(connection.execute(sql).fetchall())

    def broken(self) -> list[str]:
        """Constraints and indexes that do not hold, and what amcheck finds in the files."""
        sql = "SELECT conrelid::regclass || '.' || conname FROM pg_constraint WHERE NOT convalidated"
        loose = [f"constraint not valid: {row[0]}" for row in self.rows(sql)]
        dead = "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid OR NOT indisready"
        return loose + [f"index not valid: {row[0]}" for row in self.rows(dead)] + self._heap()

    def _heap(self) -> list[str]:
        """What amcheck finds, where the server has it."""
        try:
            self.rows_written("CREATE EXTENSION IF NOT EXISTS amcheck")
        except CouldNotRun:
            return []
        tables = "SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        heap = self.rows(f"SELECT t.oid::regclass::text, v.msg FROM ({tables}) AS t, verify_heapam(t.oid) AS v")
        trees = """
            SELECT bt_index_parent_check(c.oid, true) FROM pg_class AS c JOIN pg_am AS a ON a.oid = c.relam
            WHERE c.relkind = 'i' AND c.relnamespace = 'public'::regnamespace AND a.amname = 'btree'
        """
        try:
            self.rows(trees)
        except Exception as error:
            return [str(error), *(f"{row[0]}: {row[1]}" for row in heap)]
        return [f"{row[0]}: {row[1]}" for row in heap]

    def rows_written(self, sql: str) -> None:
        """Run something that answers nothing; CouldNotRun when the server refuses it."""
        import psycopg  # noqa: PLC0415 - needed for Postgres only

        try:
            with _connected(self.url) as connection:
                connection.execute(sql)
        except psycopg.Error as error:
            raise CouldNotRun(str(error)) from error

    def close(self) -> None:
        """Drop the database."""
        self._do(f"DROP DATABASE IF EXISTS {self._name} WITH (FORCE)")

    def _do(self, sql: str) -> None:
        import psycopg  # noqa: PLC0415

        try:
            with _connected(self._server) as connection:
                connection.execute(sql)
        except psycopg.OperationalError as error:
            raise CouldNotRun(f"Postgres does not answer: {error}") from error


def _connected(url: str) -> Any:
    try:
        import psycopg  # noqa: PLC0415
    except ImportError as error:
        raise CouldNotRun("psycopg is not installed: pip install 'psycopg[binary]'") from error
    return psycopg.connect(url, autocommit=True, connect_timeout=5)

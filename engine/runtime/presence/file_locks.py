"""Locks that the operating system frees when a process dies, however it dies: one byte of a file for each worker.

The file lies beside the ledger and stays empty: locks may lie beyond its end. They belong to a process and are lost
when it closes the file anywhere, so a process opens it once, for all who ask.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterable
from pathlib import Path

PATIENCE = 1.0
"""Seconds to wait for a byte at which somebody looks."""
_open: dict[Path, _File] = {}
_guard = threading.RLock()


class FileLocks:
    """The locks of the workers of one ledger on one machine."""

    patience = 0.0
    beat_every = 10.0

    def __init__(self, ledger: Path) -> None:
        real = ledger.resolve()  # one name for one file: opened twice, the first to be closed would free all locks
        self._path = real.with_name(f"{real.name}-workers")
        self._number: int | None = None

    def hold(self, number: int) -> None:
        """Hold the byte of this number until ``let_go`` or death."""
        self.let_go()
        with _guard:
            if self._path not in _open:
                _open[self._path] = _File(self._path)
            _open[self._path].hold(number)
            self._number = number

    def let_go(self) -> None:
        """Hold nothing any more."""
        with _guard:
            file = _open.get(self._path)
            if file is None or self._number is None:
                return
            file.let_go(self._number)
            self._number = None
            if not file.numbers:
                _open.pop(self._path).close()

    def held(self, numbers: Iterable[int]) -> set[int]:
        """Those of these numbers that a living process holds."""
        with _guard:
            file = _open.get(self._path) or _File(self._path)
            try:
                file.stay()
                return {number for number in numbers if file.is_held(number)}
            finally:
                if not file.numbers:
                    file.close()


class _File:
    """The one opening of a file in this process, and the bytes it holds."""

    def __init__(self, path: Path) -> None:
        self.numbers: set[int] = set()
        self._path = path
        self._fd = self._opened()

    def _opened(self) -> int:
        return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def hold(self, number: int) -> None:
        until = time.monotonic() + PATIENCE
        while not self._try(fcntl.LOCK_EX, number):
            if time.monotonic() > until:
                raise OSError(f"{self._path}: somebody holds the place of worker {number}")
            time.sleep(0.005)
        self.numbers.add(number)

    def let_go(self, number: int) -> None:
        self.numbers.discard(number)
        fcntl.lockf(self._fd, fcntl.LOCK_UN, 1, number)

    def is_held(self, number: int) -> bool:
        if number in self.numbers:
            return True
        if not self._try(fcntl.LOCK_SH, number):
            return True
        fcntl.lockf(self._fd, fcntl.LOCK_UN, 1, number)
        return False

    def stay(self) -> None:
        """Somebody may have deleted the file: then those who open it anew must find our locks."""
        try:
            there, ours = os.stat(self._path), os.fstat(self._fd)
            same = (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)
        except FileNotFoundError:
            same = False
        if not same:
            os.close(self._fd)
            self._fd, numbers = self._opened(), self.numbers
            self.numbers = set()
            for number in numbers:
                self.hold(number)

    def close(self) -> None:
        os.close(self._fd)

    def _try(self, kind: int, number: int) -> bool:
        try:
            fcntl.lockf(self._fd, kind | fcntl.LOCK_NB, 1, number)
        except (BlockingIOError, PermissionError):
            return False
        return True

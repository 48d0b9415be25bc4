"""A file that gets its name only when it is whole: until then nothing can take it for what it is to become.

It is written under another name in the same folder, for this user's eyes only. Killed half-way, it leaves that
other file, which the next try writes over; nobody opens it by mistake. A name that is taken is never written over.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from engine.errors import LedgerUnavailable

_ENDING = ".unfinished"
_COMPANIONS = ("", "-journal", "-wal", "-shm")


@dataclass(frozen=True, slots=True)
class Draft:
    """A file in the making: ``path`` is where it is written, ``final`` what it will be called."""

    path: Path
    final: Path
    _handle: int

    def publish(self, *, aside: Path | None = None) -> None:
        """Put it on the disk and give it its name; what has that name now gets the name ``aside``.

        Without ``aside`` it refuses when the name was taken meanwhile. At no moment is there no file of that name.
        """
        try:
            os.fsync(self._handle)
            if aside is not None:
                _name(self.final, aside)
                self.path.replace(self.final)
            else:
                _name(self.path, self.final)
            _sync_folder(self.final.parent)
        except OSError as error:
            raise LedgerUnavailable(f"The file {self.final} cannot be written: {error.strerror}.") from error

    def belong_like(self, other: Path) -> None:
        """To the same owner and group, with the same rights: whoever could use the other file can use this one."""
        found = other.stat()
        os.fchmod(self._handle, stat.S_IMODE(found.st_mode))
        with suppress(PermissionError):  # only the superuser gives files away
            os.fchown(self._handle, found.st_uid, found.st_gid)


@contextmanager
def draft(final: Path, *, replacing: bool = False) -> Iterator[Draft]:
    """An empty private file that becomes ``final`` when ``publish`` is called; else it is gone after the block.

    Raises ``LedgerUnavailable`` when the name is taken, when the folder cannot be written, and when another process
    is at work on the same file.
    """
    if not replacing:
        refuse_taken(final)
    path = final.with_name(final.name + _ENDING)
    handle = _alone_with(path)
    try:
        yield Draft(path, final, handle)
    finally:
        for ending in _COMPANIONS:
            with suppress(FileNotFoundError):
                path.with_name(path.name + ending).unlink()
        os.close(handle)


def refuse_taken(path: Path) -> None:
    """Nothing is ever written over."""
    if os.path.lexists(path):
        raise LedgerUnavailable(f"There is a file {path} already, and it is not written over: name another.")


def _alone_with(path: Path) -> int:
    """The file, empty and locked. The lock is flock's, which does not meet those of SQLite."""
    while True:
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise LedgerUnavailable(f"The file {path} cannot be made: {_why(error, path)}.") from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(handle)
            raise LedgerUnavailable(
                f"Another process is writing {path} now: let it end, or name another file."
            ) from error
        if _is_still(handle, path):
            os.fchmod(handle, 0o600)
            os.ftruncate(handle, 0)
            return handle
        os.close(handle)  # its writer has just given it its name


_NO_RIGHT = "this user may not write into the folder {folder}. Give it the right, or name another place"
_IN_THE_WAY = "something else has this name. Take it away, or name another place"
_WHY = {
    errno.ENOENT: "there is no folder {folder}. Make it, or name another place",
    errno.ENOTDIR: "{folder} is no folder. Name another place",
    errno.EACCES: _NO_RIGHT,
    errno.EPERM: _NO_RIGHT,
    errno.EROFS: "the folder {folder} can only be read. Name another place",
    errno.ENOSPC: "the disk is full. Free some space, or name another place",
    errno.EISDIR: _IN_THE_WAY,
    errno.ELOOP: _IN_THE_WAY,
    errno.ENAMETOOLONG: "its name is too long. Name a shorter one",
}


def _why(error: OSError, path: Path) -> str:
    """The reason, and what to do about it. A draft of another user has the name, but not the rights."""
    if error.errno == errno.EACCES and os.path.lexists(path):
        return "one of this name belongs to another user. Delete it, or name another place"
    words = _WHY.get(error.errno or 0)
    return words.format(folder=path.parent) if words else f"{error.strerror}. Name another place"


def _is_still(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def _name(path: Path, final: Path) -> None:
    """A link, and not a rename, because a rename writes over what is there."""
    try:
        os.link(path, final)
    except FileExistsError:
        refuse_taken(final)
    except OSError:  # a file system without links
        refuse_taken(final)
        path.rename(final)


def _sync_folder(folder: Path) -> None:
    """Put the names in a folder on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

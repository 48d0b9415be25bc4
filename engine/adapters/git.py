"""What git knows of the file: how it was at a commit, and which commit it is from. Git itself is asked."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from engine.errors import SettingsError
from engine.language.sources import Unreachable, matches

_SECONDS = 20


def content_at(ref: str, path: Path) -> bytes:
    """What a file was at a commit, a branch or a tag. Raises ``SettingsError`` when git cannot say."""
    if not ref or ref.startswith("-") or ":" in ref:
        raise SettingsError(f'"{ref}" is not the name of a commit, a branch or a tag')
    found = _git(path, "show", f"{ref}:./{path.name}")
    if found.returncode:
        raise SettingsError(f"git has no {path} at {ref}: {_reason(found)}")
    return found.stdout


class AtCommit:
    """The files beside a file as they were at a commit."""

    def __init__(self, ref: str, path: Path) -> None:
        self._ref = ref
        self._folder = path.parent

    def matching(self, pattern: str) -> Sequence[str]:
        """The files of that commit with a name of this pattern."""
        found = _git(self._folder / "-", "ls-tree", "-r", "-z", "--name-only", self._ref, "--", ".")
        return sorted(name for name in found.stdout.decode(errors="replace").split("\0") if matches(pattern, name))

    def read(self, name: str) -> bytes:
        """What a file was. Raises ``Unreachable``."""
        found = _git(self._folder / "-", "show", f"{self._ref}:./{name}")
        if found.returncode:
            raise Unreachable(f"is not there at {self._ref}")
        return found.stdout


def commit_of(path: Path) -> str | None:
    """The commit that holds the file as it is now, in short; None where there is none, or it has been edited since."""
    try:
        clean = _git(path, "status", "--porcelain", "--", path.name)
        found = _git(path, "log", "-1", "--format=%h", "--", path.name)
    except SettingsError:
        return None
    told = found.stdout.decode(errors="replace").strip()
    return told if told and not found.returncode and not clean.returncode and not clean.stdout.strip() else None


def _git(path: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    command = ["git", "-C", str(path.resolve().parent), *words]
    try:
        return subprocess.run(command, capture_output=True, check=False, timeout=_SECONDS)  # noqa: S603 - no shell
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SettingsError(f"git cannot be asked: {error}") from None


def _reason(found: subprocess.CompletedProcess[bytes]) -> str:
    lines = found.stderr.decode(errors="replace").strip().splitlines()
    return lines[0].removeprefix("fatal: ") if lines else "git says nothing"

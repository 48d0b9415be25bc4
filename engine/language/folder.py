"""The folder of a main file on the disk: the one place where the language reads files itself.

Nothing outside the folder is read: a name is resolved, links and all, before it is opened. What was asked for is
remembered with its stamps, so that whoever runs the file can see whether any of it has changed since.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from engine.language.sources import ENDINGS, Unreachable, is_pattern, part_matches

MOST_BYTES = 1_000_001
"""A byte more than a file may have, so that one that is too large is seen to be."""

Stamp = tuple[tuple[str, int, int], ...]
Stamps = tuple[tuple[str, Stamp], ...]


class Folder:
    """Files below a folder, by their names relative to it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: dict[str, Stamp] = {}

    def matching(self, pattern: str) -> Sequence[str]:
        """The files that a pattern stands for, sorted; with stars only YAML files."""
        names = self._names(pattern)
        self._seen.setdefault(pattern, self._stamp(names))
        return names

    def read(self, name: str) -> bytes:
        """What a file says. Raises ``Unreachable``."""
        self._seen.setdefault(name, self._stamp([name]))
        try:
            path = Path(os.path.realpath(self.path / name))
            if not path.is_relative_to(os.path.realpath(self.path)):
                raise Unreachable("leads out of the folder")
            if not path.is_file():
                raise Unreachable("is not a file" if path.exists() else "is not there")
            return content(path)
        except (OSError, ValueError) as error:
            raise Unreachable(f"cannot be read: {getattr(error, 'strerror', None) or error}") from None

    @property
    def seen(self) -> Stamps:
        """Everything that was asked for, as it was just before it was read."""
        return tuple(sorted(self._seen.items()))

    def look(self) -> Stamps:
        """The same as it is now."""
        return tuple((asked, self._stamp(self._names(asked))) for asked in sorted(self._seen))

    def _names(self, pattern: str) -> Sequence[str]:
        if not is_pattern(pattern):
            return [pattern] if (self.path / pattern).is_file() else []
        found = [""]
        *folders, last = pattern.split("/")
        for part in folders:
            found = [f"{name}{entry}/" for name in found for entry in self._entries(name, part, files=False)]
        return sorted(f"{name}{entry}" for name in found for entry in self._entries(name, last, files=True))

    def _entries(self, name: str, part: str, *, files: bool) -> Iterator[str]:
        with suppress(OSError), os.scandir(self.path / name) as entries:
            for entry in entries:
                fits = entry.is_file() and entry.name.endswith(ENDINGS) if files else entry.is_dir()
                if fits and part_matches(part, entry.name):
                    yield entry.name

    def _stamp(self, names: Sequence[str]) -> Stamp:
        found = []
        for name in names:
            with suppress(OSError, ValueError):
                status = (self.path / name).stat()
                found.append((name, status.st_mtime_ns, status.st_size))
        return tuple(found)


def content(path: Path) -> bytes:
    """What a file says; of one that is too large to be read, a byte more than it may have. Raises ``OSError``."""
    with path.open("rb") as file:
        return file.read(MOST_BYTES)


def names(stamps: Stamps) -> set[str]:
    """The files that stamps are of."""
    return {name for _, stamp in stamps for name, _, _ in stamp}

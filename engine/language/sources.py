"""The files that are read together: where they come from, what was read, and one text that keeps them all.

A file that includes nothing is kept as it is. Several are kept one after the other, each below a line that says its
name and length; such a text begins with a percent sign, which no file that runs can begin with.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Protocol

_HEAD = "%busos files\n"
_PART = re.compile(r"%file (\d+) ([^\n]*)\n")
ENDINGS = (".yaml", ".yml")


class Unreachable(Exception):
    """A file that cannot be had; the message says why, after its name."""


class Sources(Protocol):
    """Where files are found by name. Names are relative to the main file, with slashes."""

    def matching(self, pattern: str) -> Sequence[str]:
        """The files that a name with ``*``, ``?`` or ``[…]`` stands for, sorted."""
        ...

    def read(self, name: str) -> bytes:
        """What a file says. Raises ``Unreachable``."""
        ...


@dataclass(frozen=True, slots=True)
class Bundle:
    """Files as values: the main one's name, and the text of each by name."""

    main: str
    files: Mapping[str, str] = field(default_factory=dict)

    def matching(self, pattern: str) -> Sequence[str]:
        """The files of that pattern."""
        return sorted(name for name in self.files if matches(pattern, name))

    def read(self, name: str) -> bytes:
        """A file of the bundle."""
        if name not in self.files:
            raise Unreachable("is not there")
        return self.files[name].encode()

    def text(self) -> str:
        """All of it as one text: the main file comes first, the others by name. Alone, it is its own text."""
        if list(self.files) == [self.main]:
            return self.files[self.main]
        names = [self.main, *sorted(set(self.files) - {self.main})]
        parts = [f"%file {len(self.files[name])} {name}\n{self.files[name]}\n" for name in names]
        return f"{_HEAD}{''.join(parts)}"


def bundle_of(text: str) -> Bundle | None:
    """The files in a text that a bundle made of several; None for any other text."""
    if not text.startswith(_HEAD):
        return None
    files: dict[str, str] = {}
    at = len(_HEAD)
    while at < len(text):
        head = _PART.match(text, at)
        if head is None:
            return None
        at = head.end() + int(head[1])
        files[head[2]] = text[head.end() : at]
        at += 1
    return Bundle(next(iter(files)), files) if files else None


def matches(pattern: str, name: str) -> bool:
    """Whether a name is one that a pattern stands for: part by part between the slashes, hidden files aside."""
    wanted, given = pattern.split("/"), name.split("/")
    return len(wanted) == len(given) and all(map(part_matches, wanted, given))


def part_matches(pattern: str, part: str) -> bool:
    """Whether a star and its like in one part of a name stand for another; they do not stand for hidden files."""
    return fnmatchcase(part, pattern) and part.startswith(".") == pattern.startswith(".")


def is_pattern(name: str) -> bool:
    """Whether a name may stand for several."""
    return any(sign in name for sign in "*?[")

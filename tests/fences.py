"""The fenced examples of the README and the docs, with the comment that stands above each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])

_FENCE = re.compile(r"(?:^<!-- (?P<mark>[^\n]+) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.M | re.S)


@dataclass(frozen=True)
class Fence:
    """An example. ``mark`` is the comment on the line above it."""

    page: str
    line: int
    language: str
    mark: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def fences(*languages: str) -> list[Fence]:
    """Every example written in one of these languages; without any, all of them."""
    return [one for page in PAGES for one in _fences(page) if not languages or one.language in languages]


def marked(mark: str, page: str) -> str:
    """The text of the one example of a page with this comment."""
    (found,) = [one.text for one in _fences(ROOT / page) if one.mark == mark]
    return found


def _fences(page: Path) -> Iterator[Fence]:
    text = page.read_text(encoding="utf-8")
    for found in _FENCE.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        name = page.relative_to(ROOT).as_posix()
        yield Fence(name, line, found["language"], found["mark"] or "", found["text"])

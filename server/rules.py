"""The pages that explain the rules: from the checkout, or from the installed package."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import engine

_HEAD = re.compile(r"\A# (\S+)\n\n(.+?)(?:\n\n|\Z)", re.DOTALL)


@cache
def folder() -> Path:
    """Where the pages are."""
    package = Path(engine.__file__).parent
    homes = (package.parent / "docs/rules", package / "_data/rules")
    return next(home for home in homes if home.is_dir())


def names() -> list[str]:
    """Every rule that has a page."""
    return sorted(page.stem for page in folder().glob("*.md") if page.stem != "README")


def page(rule: str) -> str:
    """The page of a rule that has one."""
    return (folder() / f"{rule}.md").read_text(encoding="utf-8")


def summary(rule: str) -> str:
    """Why there is this rule, in a sentence or two on one line."""
    found = _HEAD.match(page(rule))
    return " ".join(found[2].split()) if found else ""

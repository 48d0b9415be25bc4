"""Results on stdout: one JSON document, or text in aligned columns. ``click.echo`` takes colours out off a terminal."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import click

_OBEYED = re.compile("[\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")  # JSON itself escapes those below the space
WIDEST = 60
"""A column is padded up to this; a longer cell pushes the rest of its line to the right."""


def print_json(document: Any) -> None:
    """One JSON document."""
    text = json.dumps(document, ensure_ascii=False, indent=2)
    click.echo(_OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def grey(text: str) -> str:
    """Something to read past."""
    return click.style(text, dim=True)


def bold(text: str) -> str:
    """Something to see first."""
    return click.style(text, bold=True)


def plain(text: str) -> str:
    """Text from outside without characters that a terminal would obey."""
    return "".join(char if char.isprintable() else " " for char in text)


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of cells as lines with aligned columns. Cells carry no colour."""
    widths = [min(max(map(len, column)), WIDEST) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]

"""How far something long has come: a bar with the time left, on stderr, and only on a terminal."""

from __future__ import annotations

import sys
from typing import Any

import click


class Bar:
    """A bar for each part of the work; what is printed on stdout stays as it is."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._done = 0

    def begin(self, what: str, total: int, unit: str = "rows") -> None:
        """Begin the next part."""
        self.end()
        self._done = 0
        if sys.stderr.isatty():
            label = f"{what} {total:,} {unit}" if unit == "rows" else f"{what} {megabytes(total)}"
            self._bar = click.progressbar(length=total, label=label, file=sys.stderr, show_percent=True)
            self._bar.render_progress()

    def reached(self, done: int) -> None:
        """So much of it is done."""
        if self._bar is not None:
            self._bar.update(done - self._done)
        self._done = done

    def end(self) -> None:
        """The part is over."""
        if self._bar is not None:
            self._bar.finish()
            self._bar.render_progress()
            self._bar.render_finish()
            self._bar = None

    close = end


def megabytes(size: int) -> str:
    """A size for people: ``1.4 MB``."""
    return f"{size / 1_000_000:,.1f} MB"

"""Ctrl-C in the middle of something long: what holds now, and what is left behind, is said before it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

INTERRUPTED = 130
"""The exit status of whatever Ctrl-C has ended, as shells have it."""


@contextmanager
def interruptible(holds: Callable[[], str]) -> Iterator[None]:
    """A block that Ctrl-C ends with a sentence: ``holds`` looks at what there is by then."""
    try:
        yield
    except KeyboardInterrupt:
        click.echo(f"interrupted: {holds()}", err=True)
        raise click.exceptions.Exit(INTERRUPTED) from None


def file_at(address: str) -> Path | None:
    """The file that holds the ledger at an address; None where a server does."""
    from sqlalchemy.engine import make_url

    url = make_url(address)
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


def identity(file: Path | None) -> tuple[int, int] | None:
    """Which file has this name now; None where there is none, or none that we may see."""
    try:
        found = file.stat() if file else None
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if found else None

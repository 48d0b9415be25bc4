"""Keeps an import from bringing what is not used: what a library takes when it is there, and does without when not."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def absent(*names: str) -> Iterator[None]:
    """In the block, modules that nobody has imported yet cannot be imported; after it they can, as before."""
    hidden = [name for name in names if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment] # Python's own way to say: there is none
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]

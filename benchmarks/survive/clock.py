"""A clock that can be put forward: an hour of waiting for a vendor passes in a moment.

The product is started through this module when ``SURVIVE_CLOCK`` names a file: it is the same product, whose
clock adds the seconds in that file to the operating system's. Nothing else is changed. Timeouts of connections stay
what they are, since they are measured by another clock.
"""

from __future__ import annotations

import mmap
import os
import struct
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

VARIABLE = "SURVIVE_CLOCK"
SIZE = struct.calcsize("d")


def launcher(environ: Mapping[str, str]) -> list[str]:
    """What Python is to run to be busos."""
    return ["-m", "benchmarks.survive.clock"] if VARIABLE in environ else ["-m", "server.cli"]


class LeapingClock:
    """The file that says how far ahead the product's clock is."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.ahead = 0.0
        file.write_bytes(struct.pack("d", 0.0))

    def leap(self, seconds: float) -> float:
        """Put it forward; how far ahead it is now."""
        self.ahead += seconds
        with self.file.open("r+b") as file:
            file.write(struct.pack("d", self.ahead))
        return self.ahead


def main() -> None:
    """Be busos, with a clock that looks into the file."""
    from engine.runtime import clock  # noqa: PLC0415 - the product is imported where it is run
    from server.cli import main as busos  # noqa: PLC0415

    with Path(os.environ[VARIABLE]).open("rb") as file:
        shown = mmap.mmap(file.fileno(), SIZE, prot=mmap.PROT_READ)
    real = clock.SystemClock.now

    def now(self: clock.SystemClock) -> datetime:
        return real(self) + timedelta(seconds=struct.unpack("d", shown[:SIZE])[0])

    clock.SystemClock.now = now  # type: ignore[method-assign]
    sys.argv[0] = "busos"
    busos()


if __name__ == "__main__":
    main()

"""``python -m benchmarks.survive``, or ``python benchmarks/survive``, which starts inside the package."""

import signal
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[2])

from benchmarks.survive.command import main  # noqa: E402 - found only now

if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(2))  # what was started is ended then too
    sys.exit(main())

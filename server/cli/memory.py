"""What a long-running process tells Python's garbage collector."""

from __future__ import annotations

import gc

YOUNG = 10_000
"""Objects that may come before the collector looks at them: more than a batch of runs makes. Those go by themselves."""


def keep_what_is_loaded() -> None:
    """Call it once when all is loaded: the collector need not look at that again.

    It would walk over hundreds of thousands of objects, again and again: a sixth of what a wake-up costs.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG)

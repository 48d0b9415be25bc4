"""What fails at every try, told without a storm: a line at its beginning, one a minute, and one when it is over.

Loops that try again some times a second would else fill the log, and with it the disk that is full already.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

REPEAT = 60.0
"""Seconds between lines while it lasts."""
CALM = 5.0
"""Seconds without a failure after which it is over: on a full disk one can still read, so not every try fails."""


class Outage:
    """One thing that may fail again and again, in many threads. ``log`` is the module's, ``what`` its words."""

    def __init__(self, log: Any, what: str, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._what = what
        self._monotonic = monotonic
        self._turn = threading.Lock()
        self._failures = 0
        self._went_well = False
        self._began = self._told = self._last = 0.0

    def failed(self, error: Exception, **words: Any) -> None:
        """A try failed."""
        with self._turn:
            now = self._monotonic()
            if self._went_well:
                self._end_if_calm(now)
            self._failures += 1
            self._last, self._went_well = now, False
            if self._failures == 1:
                self._began = self._told = now
                self._log.warning(self._what, reason=str(error), **words)
            elif now - self._told >= REPEAT:
                self._told = now
                self._log.warning(f"still {self._what}", failures=self._failures, reason=str(error), **words)

    def went_well(self, **words: Any) -> None:
        """A try went well: it is over, unless another has failed just now."""
        if self._failures:
            with self._turn:
                self._went_well = True
                self._end_if_calm(self._monotonic(), **words)

    def _end_if_calm(self, now: float, **words: Any) -> None:
        if self._failures and now - self._last >= CALM:
            seconds = round(self._last - self._began)
            self._log.warning(f"over: {self._what}", failures=self._failures, seconds=seconds, **words)
            self._failures = 0

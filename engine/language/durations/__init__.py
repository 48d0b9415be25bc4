"""Time as people write it: lengths (``1 day 6 hours``), waits (``until Tuesday 09:00``), dates.

``amounts`` reads lengths of time, ``waits`` what a wait is for, ``dates`` days and instants. Each reads
the strict form first; only a text that is not in it is looked at again, to say what to write instead.
"""

from engine.language.durations.amounts import parse_duration
from engine.language.durations.dates import parse_date, parse_datetime
from engine.language.durations.waits import parse_until

__all__ = ["parse_date", "parse_datetime", "parse_duration", "parse_until"]

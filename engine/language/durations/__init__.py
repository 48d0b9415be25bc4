"""Time as people write it: lengths (``1 day 6 hours``), moments (``until Tuesday 09:00``), dates, windows.

``amounts`` reads lengths of time, ``waits`` the moment a wait is until, ``windows`` when it may end, ``dates`` days and
instants. Each reads the strict form first; only a text that is not in it is looked at again, to say what to write.
"""

from engine.language.durations.amounts import parse_duration
from engine.language.durations.dates import parse_date, parse_datetime
from engine.language.durations.limits import parse_limit
from engine.language.durations.waits import parse_until
from engine.language.durations.windows import parse_between, parse_days, parse_window

__all__ = [
    "parse_between",
    "parse_date",
    "parse_datetime",
    "parse_days",
    "parse_duration",
    "parse_limit",
    "parse_until",
    "parse_window",
]

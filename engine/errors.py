"""What can go wrong, by who must act.

    BusosError
    ├── InvalidFile         the author of sequences.yaml: every problem, each with its place
    ├── SettingsError       the operator: a setting is missing or wrong
    ├── Unrenderable        the author of a template: it cannot become an email for this contact
    └── LedgerError         the operator
        ├── LedgerUnavailable   nothing was written; trying again later may help
        │   └── LedgerInDoubt       it may have been written: look before trying again
        └── LedgerTooNew        a newer busos wrote this ledger: upgrade

A vendor's refusal is no exception: it is an ``Outcome`` (``engine.model``) that the core decides on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

MOST_PROBLEMS = 1_000
"""How many problems of a file are told at once: nobody reads more, and a file can be made to have a million."""


class Severity(StrEnum):
    """How bad a problem is: an error keeps the file from running, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong with a file, as a value: place, rule, sentence, and what to write instead.

    Lines and columns count from 1, columns in characters. ``end_column`` is the column after the
    last underlined character. ``notes`` are further lines printed under the carets.
    """

    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    severity: Severity
    rule: str
    message: str
    hint: str = ""
    notes: tuple[str, ...] = ()


class BusosError(Exception):
    """Everything that busos raises on purpose."""


class InvalidFile(BusosError):
    """The file has errors and was not compiled; ``problems`` holds all of them."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        first = self.problems[0]
        more = f" (and {len(self.problems) - 1} more)" if len(self.problems) > 1 else ""
        super().__init__(f"{first.file}:{first.line}:{first.column}: {first.message}{more}")


class SettingsError(BusosError):
    """A setting is missing or wrong; the message names it and says what to write."""


class Unrenderable(BusosError):
    """A template cannot become an email for this contact; the message says which value is missing."""


class LedgerError(BusosError):
    """The ledger could not do what was asked."""


class LedgerUnavailable(LedgerError):
    """The ledger is busy, full or away. Nothing was written."""


class LedgerInDoubt(LedgerUnavailable):
    """The connection was lost with the answer to a COMMIT: what was asked may be written or not."""


class LedgerTooNew(LedgerError):
    """The ledger was written by a newer version of busos."""

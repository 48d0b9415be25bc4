"""Conditions as trees, segment rules, and the words that every program of a file shares."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import date
from typing import Literal
from zoneinfo import ZoneInfo

from engine.model.durations import Duration
from engine.model.values import Datum, Field, FieldType


@dataclass(frozen=True, slots=True)
class Constant:
    """A value written in the file, already of the type of the field it is compared with."""

    value: Datum


@dataclass(frozen=True, slots=True)
class FieldValue:
    """The value of another field."""

    field: str


@dataclass(frozen=True, slots=True)
class Moment:
    """``now`` (day_only false) or ``today``, moved by a duration: sign -1 is ``ago``, +1 ``from now``."""

    day_only: bool = False
    offset: Duration | None = None
    sign: Literal[-1, 1] = 1


Operand = Constant | FieldValue | Moment
Comparison = Literal["=", "!=", "<", "<=", ">", ">="]


@dataclass(frozen=True, slots=True)
class Compare:
    """``red_systems >= 2``. ``type`` is the field's, so that dates compare as dates."""

    field: str
    type: FieldType
    op: Comparison
    operand: Operand


@dataclass(frozen=True, slots=True)
class Among:
    """``segment in [CRITICAL, URGENT]``."""

    field: str
    type: FieldType
    operands: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Contains:
    """``interests contains pricing``: an item of a list, or a part of a text."""

    field: str
    type: FieldType
    operand: Operand


@dataclass(frozen=True, slots=True)
class Known:
    """``signup_date is known`` / ``is unknown``; a default does not make a value known."""

    field: str
    known: bool


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    test: Test


@dataclass(frozen=True, slots=True)
class All:
    """``and``."""

    tests: tuple[Test, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """``or``."""

    tests: tuple[Test, ...]


Test = Compare | Among | Contains | Known | Not | All | AnyOf


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A checked condition, with the text the author wrote and the fields it reads."""

    text: str
    test: Test
    fields: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentRule:
    """One line of ``segments:``; a rule without a condition is ``otherwise``.

    ``file`` says in which of several files it stands.
    """

    name: str
    condition: Condition | None
    line: int
    file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """What every program of a file shares: its fields, its segments, its clock and its holidays."""

    fields: Mapping[str, Field]
    segments: tuple[SegmentRule, ...]
    zone: ZoneInfo
    segment_field: str | None = None
    zone_field: str | None = None
    holidays: Set[date] = frozenset()

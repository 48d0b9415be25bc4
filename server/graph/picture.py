"""What a picture is made of, whatever it is drawn with: boxes, and arrows with what stands on them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Look(StrEnum):
    """What a box is, and so how it looks."""

    START = "start"
    EMAIL = "email"
    ACTION = "action"
    CHOICE = "choice"
    STOP = "stop"
    END = "end"
    JOIN = "join"
    TRIGGER = "trigger"
    SEQUENCE = "sequence"


class Says(StrEnum):
    """What a label on an arrow tells."""

    GAP = "gap"
    CONDITION = "condition"


def shown(text: str) -> str:
    """A text without the signs that no picture shows: an SVG with them could not be opened, a terminal obeys them."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


@dataclass(frozen=True, slots=True)
class Label:
    """Words on an arrow."""

    says: Says
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A box: a small word above, its name, a row for each of several templates, and remarks below.

    ``people`` says who stands there, ``trouble`` who needs somebody's help there. A join has no words at all.
    """

    id: str
    look: Look
    tag: str = ""
    title: str = ""
    rows: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    people: str = ""
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Arrow:
    """From one box to another, with labels in the order in which they are passed. A faint one ends something."""

    source: str
    target: str
    labels: tuple[Label, ...] = ()
    faint: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """All of it, in the order of the file."""

    title: str
    boxes: list[Box] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)

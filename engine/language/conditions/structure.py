"""The structure of a condition: what ``grammar`` finds and ``meaning`` checks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.language.conditions.tokens import Token
from engine.model import Duration


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time on one side of now."""

    text: str
    start: int
    end: int
    duration: Duration
    sign: Literal[-1, 1]


Written = Token | Span


@dataclass(frozen=True, slots=True)
class Tested:
    """One test. ``verb`` is a comparison, ``in``, ``contains``, ``known``, ``unknown`` or, alone, empty."""

    name: Token
    verb: str
    place: Token
    values: tuple[Written, ...] = ()


@dataclass(frozen=True, slots=True)
class Negated:
    """``not`` and what follows."""

    part: Structure


@dataclass(frozen=True, slots=True)
class Joined:
    """Several parts joined by one word."""

    word: Literal["and", "or"]
    parts: tuple[Structure, ...]


Structure = Tested | Negated | Joined

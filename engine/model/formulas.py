"""What a computed field is worth: whole numbers added, taken away and multiplied, or texts joined."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Named:
    """The value of another field."""

    field: str


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Two whole numbers made into one."""

    sign: Literal["+", "-", "*"]
    left: Term
    right: Term


@dataclass(frozen=True, slots=True)
class Joined:
    """Texts, one after the other."""

    parts: tuple[Named | str, ...]


Term = int | str | Named | Arithmetic | Joined


@dataclass(frozen=True, slots=True, kw_only=True)
class Formula:
    """A checked formula, with the text the author wrote and the fields it reads."""

    text: str
    term: Term
    fields: tuple[str, ...]

"""Where a value stands inside a payload: ``payload.invitee.email``, ``answers[field.ref=plan].text``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Where:
    """The first item of a list in which ``keys`` lead to this text."""

    keys: tuple[str, ...]
    text: str


Part = str | int | Where


@dataclass(frozen=True, slots=True)
class PayloadPath:
    """The parts of a path, from the outermost, and the text the author wrote. The first part is a name.

    ``otherwise`` is where to look when nothing stands there.
    """

    text: str
    parts: tuple[Part, ...]
    otherwise: PayloadPath | None = None

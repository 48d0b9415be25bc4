"""The words, numbers, dates, texts and signs of a condition, each with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, NoReturn

from engine.language.durations import parse_duration
from engine.language.flaws import Flaw

Kind = Literal["word", "number", "date", "datetime", "text", "sign", "end"]


class Misread(Exception):  # no error: it carries the flaw out of the reader
    """The text has no structure from here on; ``flaw`` says why."""

    def __init__(self, flaw: Flaw) -> None:
        self.flaw = flaw
        super().__init__(flaw.message)


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a condition. ``text`` is without quotes; ``start`` and ``end`` are with them."""

    kind: Kind
    text: str
    start: int
    end: int

    def is_word(self, *words: str) -> bool:
        """Whether it is one of these words, written exactly so."""
        return self.kind == "word" and self.text in words

    @property
    def joiner(self) -> str:
        """``and``, ``or`` or ``not`` in small letters where it is one of them, else an empty text."""
        folded = self.text.casefold()
        return folded if self.kind == "word" and folded in ("and", "or", "not") else ""


# Signs of other languages, and what they are here.
FOREIGN: Mapping[str, str] = {
    "&&": "and",
    "&": "and",
    "||": "or",
    "|": "or",
    "!": "not",
    "=>": ">=",
    "=<": "<=",
    "<>": "!=",
    "===": "=",
    "!==": "!=",
    "≥": ">=",
    "≤": "<=",
    "≠": "!=",
}
COMPARISONS = ("=", "==", "!=", "<", "<=", ">", ">=")
_SIGNS = sorted([*FOREIGN, *COMPARISONS, "(", ")", "[", "]", ","], key=len, reverse=True)

_TOKEN = re.compile(
    rf"""(?P<datetime> [0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}} [Tt\ ][0-9]{{1,2}}:[0-9]{{2}} (?: :[0-9]{{2}}(?:\.[0-9]+)? )?
                     (?: \ ?(?:[Zz]|[+-][0-9]{{2}}:?[0-9]{{2}}) )? (?![\w:./-]) )
       | (?P<date> [0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}} (?![\w:./-]) )
       | (?P<number> -?[0-9]{{1,15}}(?:\.[0-9]{{1,15}})? (?![\w:./-]) )
       | (?P<odd> -?[0-9][\w:./-]* )
       | (?P<word> [^\W\d][\w./@:+-]* )
       | (?P<text> "[^"]*" | '[^']*' )
       | (?P<sign> {"|".join(re.escape(sign) for sign in _SIGNS)} )""",
    re.VERBOSE,
)
_SPACE = re.compile(r"\s*")


def tokens_of(text: str) -> Iterator[Token]:
    """The tokens from left to right, closed by one of kind ``end``. Raises ``Misread`` at what is none."""
    at = _skip(text, 0)
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None or found.lastgroup == "odd":
            _refuse(text, at, found[0] if found else "")
        kind: Kind = found.lastgroup  # type: ignore[assignment] # the pattern's groups are the kinds
        inner = found[0][1:-1] if kind == "text" else found[0]
        yield Token(kind, inner, at, found.end())
        at = _skip(text, found.end())
    end = len(text.rstrip())
    yield Token("end", "", end, end)


def _skip(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    return space.end() if space else at


def _refuse(text: str, at: int, odd: str) -> NoReturn:
    written = odd or text[at]
    message, hint = f'"{written}" has no meaning in a condition', ""
    if odd:
        message, hint = f'"{odd}" is neither a number nor a date', _hint_for(odd)
    elif written in "\"'":
        message, hint = f"this quote is never closed: {text[at:].strip()}", f"end the text with {written}"
    elif written in "“”‘’„«»":
        message, hint = f"{written} is not a quote that busos reads", 'use straight quotes: "text"'
    end = len(text.rstrip()) if written in "\"'" else at + len(written)
    raise Misread(Flaw(start=at, end=end, message=message, hint=hint, rule="condition-syntax"))


def _hint_for(odd: str) -> str:
    duration = parse_duration(odd)
    if isinstance(duration, Flaw) and duration.hint.startswith('write "') and odd[-1].isalpha():
        return f'{duration.hint[:-1]} ago"'
    return 'numbers are like 2 or 2.5, dates like 2025-11-12, texts stand in quotes: "2x"'

"""How much room words take. A picture cannot know the reader's fonts, so it reckons with the widest common ones."""

from __future__ import annotations

import unicodedata

# Hundredths of the font size for each character from the space to ~, in DejaVu Sans: what systems have is narrower.
_WIDTHS = (
    *(32, 41, 46, 84, 64, 96, 78, 28, 40, 40, 50, 84, 32, 37, 32, 34, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 34, 34),
    *(84, 84, 84, 54, 100, 69, 69, 70, 78, 64, 58, 78, 76, 30, 30, 66, 56, 87, 75, 79, 61, 79, 70, 64, 62, 74, 69, 99),
    *(69, 62, 69, 40, 34, 40, 84, 50, 50, 62, 64, 55, 64, 62, 36, 64, 64, 28, 28, 58, 28, 98, 64, 62, 64, 64, 42, 53),
    *(40, 64, 60, 82, 60, 60, 53, 64, 34, 64, 84),
)
_OTHER, _WIDE, _MONO = 84, 112, 61


def width(text: str, size: float, *, mono: bool = False) -> float:
    """An upper bound of the width of a line of text, in pixels."""
    return sum(_hundredths(char, mono) for char in text) * size / 100


def wrapped(text: str, room: float, size: float, *, mono: bool = False, most: int = 3) -> list[str]:
    """The text in at most so many lines that fit the room; what is left out ends in an ellipsis."""
    lines: list[str] = []
    for word in text.split():
        first, *rest = _pieces(word, room, size, mono)
        joined = f"{lines[-1]} {first}" if lines else first
        if lines and width(joined, size, mono=mono) <= room:
            lines[-1] = joined
        else:
            lines.append(first)
        lines.extend(rest)
    if len(lines) <= most:
        return lines
    return [*lines[: most - 1], _cut(f"{lines[most - 1]}…", room, size, mono)]


def _pieces(word: str, room: float, size: float, mono: bool) -> list[str]:
    """A word that is wider than the room in pieces that are not, broken after a hyphen or underscore."""
    pieces = []
    while width(word, size, mono=mono) > room:
        fits = max(1, next(n for n in range(len(word), 0, -1) if n == 1 or width(word[:n], size, mono=mono) <= room))
        soft = max(word.rfind("_", 1, fits), word.rfind("-", 1, fits)) + 1
        at = soft if soft > fits // 2 else fits
        pieces.append(word[:at])
        word = word[at:]
    return [*pieces, word]


def _cut(line: str, room: float, size: float, mono: bool) -> str:
    while width(line, size, mono=mono) > room and len(line) > 1:
        line = line[:-2].rstrip() + "…"
    return line


def _hundredths(char: str, mono: bool) -> int:
    if unicodedata.combining(char):
        return 0
    if unicodedata.east_asian_width(char) in "WF":
        return _WIDE if not mono else 2 * _MONO
    if mono:
        return _MONO
    return _WIDTHS[ord(char) - 32] if " " <= char <= "~" else _OTHER

"""Paths into payloads, from text to parts.

    path = name { "." name | "[" place "]" | "[" name { "." name } "=" text "]" }
    name = letters, digits, "_" and "-", or any text in quotes ;   place = a number from 0

That is all of it: a path leads to one value, so there are no stars, no conditions and no counting from the end. The
item of a list is told by its place, or by a text in it, because forms number their answers by what was asked
(``answers[field.ref=plan].text``) and skip those that nobody gave.
"""

from __future__ import annotations

import re
from typing import NoReturn

from engine.language.flaws import Flaw
from engine.model import PayloadPath, Where

MOST_CHARACTERS = 200
LAST_PLACE = 99

_NAME = re.compile(r'[A-Za-z0-9_-]+|"[^"\n]+"')
_INSIDE = re.compile(r'(?P<text>"[^"\n]*"|[^\]"\n]*)\]')
_PLACE = re.compile(r"([0-9]+)\]")


class _WrongPath(Exception):  # no error: it carries the flaw out of the reader
    def __init__(self, flaw: Flaw) -> None:
        self.flaw = flaw
        super().__init__(flaw.message)


def parse_path(text: str) -> PayloadPath | Flaw:
    """The path that a text says, or the first thing wrong with it."""
    try:
        _whole(text)
        return PayloadPath(text, _Reader(text).path())
    except _WrongPath as wrong:
        return wrong.flaw


def _refuse(start: int, end: int, message: str, hint: str = "") -> NoReturn:
    raise _WrongPath(Flaw(start=start, end=end, message=message, hint=hint, rule="payload-path"))


def _whole(text: str) -> None:
    """What is wrong with all of it at once: nothing there, too much, or another language of paths."""
    if not text.strip():
        _refuse(0, len(text), "the path is empty", "write where the value stands, like payload.email")
    if len(text) > MOST_CHARACTERS:
        _refuse(
            MOST_CHARACTERS,
            len(text),
            f"a path has at most {MOST_CHARACTERS} characters; this one has {len(text)}",
            "let the sender put the value further up",
        )
    if found := re.fullmatch(r"\{\{\s*(.*?)\s*\}\}", text):
        _refuse(0, len(text), "a path stands without braces", f"write {found[1]}")
    if text.startswith("/"):
        _refuse(0, len(text), "the names of a path are joined by points", f"write {'.'.join(text.split('/')[1:])}")
    if text.startswith("$"):
        _refuse(0, 1, 'a path begins with a name, not with "$"', f"write {text.lstrip('$.')}")


class _Reader:
    """Reads a path from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def path(self) -> tuple[str | int | Where, ...]:
        parts: list[str | int | Where] = [self._name()]
        while self.at < len(self.text):
            if self._sign("."):
                parts.append(self._name())
            elif self._sign("["):
                parts.append(self._item())
            else:
                self._refuse_sign()
        if isinstance(parts[-1], Where):
            message = "this leads to a whole item, and a value is inside it"
            _refuse(self.text.rfind("["), self.at, message, "write the name of the value behind it, like [id=1].text")
        return tuple(parts)

    def _sign(self, sign: str) -> bool:
        found = self.text.startswith(sign, self.at)
        self.at += found
        return found

    def _name(self) -> str:
        found = _NAME.match(self.text, self.at)
        if found is None:
            self._refuse_name()
        self.at = found.end()
        return found[0].strip('"')

    def _refuse_name(self) -> NoReturn:
        written = self.text[self.at : self.at + 1]
        if written == "*":
            _refuse(self.at, self.at + 1, 'a path leads to one value, so "*" has no meaning', "write a name there")
        if written in ("", ".", "["):
            before = self.text[self.at - 1] if self.at else ""
            after = f'after "{before}"' if before else "at the start"
            end = max(len(self.text), 1) if not written else self.at + 1
            _refuse(max(self.at - (not written), 0), end, f"a name is missing {after}", "write a name there")
        self._refuse_sign()

    def _refuse_sign(self) -> NoReturn:
        written = self.text[self.at]
        start = max(self.text.rfind(".", 0, self.at), self.text.rfind("]", 0, self.at)) + 1
        rest = re.match(r"[^.\[]*", self.text[start:])
        name = rest[0] if rest else ""
        message = f'"{written}" has no meaning in a path' if written != " " else "a name with a space needs quotes"
        hint = "" if '"' in name else f'write "{name.strip()}" in quotes if that is the name'
        _refuse(self.at, self.at + 1, message, hint)

    def _item(self) -> int | Where:
        start = self.at
        if place := _PLACE.match(self.text, start):
            return self._place(start, place[1])
        inside = self.text[start:].partition("]")[0]
        if "=" not in inside:
            self._refuse_item(start, inside)
        return self._where(start)

    def _place(self, start: int, digits: str) -> int:
        if len(digits) > len(str(LAST_PLACE)):
            _refuse(start, start + len(digits), f"a place in a list is at most {LAST_PLACE}", "the first item is [0]")
        self.at = start + len(digits) + 1
        return int(digits)

    def _refuse_item(self, start: int, inside: str) -> NoReturn:
        if start + len(inside) == len(self.text):
            _refuse(start - 1, len(self.text), "this bracket is never closed", 'write "]" where it ends')
        end = max(start + len(inside), start + 1)
        if inside == "*":
            _refuse(start, end, 'a path leads to one value, so "*" has no meaning', "the first item is [0]")
        if re.fullmatch(r"-[0-9]+", inside):
            _refuse(start, end, "items are counted from the start", "the first item is [0]")
        hint = "write a place like [0], or a name and its text like [question=Plan]"
        _refuse(start, end, "the brackets say which item of a list", hint)

    def _where(self, start: int) -> Where:
        keys = [self._name()]
        while self._sign("."):
            keys.append(self._name())
        if not self._sign("="):
            _refuse(start, self.at + 1, "the brackets say which item of a list", "write them like [question=Plan]")
        found = _INSIDE.match(self.text, self.at)
        if found is None:
            _refuse(start - 1, len(self.text), "this bracket is never closed", 'write "]" where it ends')
        text = found["text"].strip('"') if found["text"].startswith('"') else found["text"].strip()
        if not text:
            _refuse(self.at - 1, found.end(), 'a text is missing after "="', "write the text that the item has there")
        self.at = found.end()
        return Where(tuple(keys), text)

"""The structure of a condition, before anyone asks what its words mean.

    condition = part {"and" part} | part {"or" part}          "and" beside "or" is a flaw, not a choice
    part      = ["not"] ( "(" condition ")" | test )
    test      = name [ comparison value | "in" "[" value {"," value} "]" | "contains" value | "is" known ]
    value     = number | date | quoted text | word | duration ("ago" | "from now")

``comparing`` reads tests and values; here are the words and brackets between them.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.language.conditions.comparing import read_test
from engine.language.conditions.cursor import Cursor, misread
from engine.language.conditions.structure import Joined, Negated, Structure
from engine.language.conditions.tokens import FOREIGN, Misread, Token
from engine.language.flaws import Flaw

MOST_NESTING = 20


def read(text: str) -> tuple[Structure, list[Flaw]]:
    """The structure of a condition and the flaws that do not hide it. Raises ``Misread`` where it has none."""
    grammar = _Grammar(text)
    return grammar.whole(), grammar.flaws


class _Grammar:
    """Recursive descent, one token ahead."""

    def __init__(self, text: str) -> None:
        self.cursor = Cursor(text)
        self.flaws: list[Flaw] = []

    def whole(self) -> Structure:
        if self.cursor.peek().kind == "end":
            end = len(self.cursor.text)
            raise misread(Token("end", "", 0, end), "the condition is empty", "write a test like red_systems >= 2")
        found = self._condition(0)
        if self.cursor.peek().kind != "end":
            raise _decimal_comma(self.cursor) or _unexpected(self.cursor.peek())
        return found

    def _condition(self, depth: int) -> Structure:
        first = self.cursor.at
        parts, told = [self._part(depth)], [self.cursor.since(first)]
        words: list[str] = []
        while self.cursor.peek().joiner in ("and", "or"):
            words.append(self.cursor.take().joiner)
            start = self.cursor.at
            parts.append(self._part(depth))
            told.append(self.cursor.since(start))
        if not words:
            return parts[0]
        if len(set(words)) > 1:
            self.flaws.append(self._mixed(first, told, words))
        return Joined("and" if words[0] == "and" else "or", tuple(parts))

    def _part(self, depth: int) -> Structure:
        if self.cursor.peek().joiner != "not":
            return self._bracket_or_test(depth)
        self.cursor.take()
        if self.cursor.peek().joiner == "not":
            raise misread(self.cursor.peek(), '"not not" says nothing', "leave both out")
        return Negated(self._bracket_or_test(depth))

    def _bracket_or_test(self, depth: int) -> Structure:
        opening = self.cursor.peek()
        if not self.cursor.sign("("):
            return read_test(self.cursor)
        if depth >= MOST_NESTING:
            raise misread(opening, f"brackets are nested more than {MOST_NESTING} deep", "say part of it as a segment")
        found = self._condition(depth + 1)
        if self.cursor.sign(")"):
            return found
        if self.cursor.peek().kind != "end":
            raise _unexpected(self.cursor.peek())
        raise misread(opening, "this bracket is never closed", 'write ")" where it ends')

    def _mixed(self, first: int, parts: Sequence[str], words: Sequence[str]) -> Flaw:
        one, other = (_grouped(parts, words, binder) for binder in ("and", "or"))
        return Flaw(
            start=self.cursor.tokens[first].start,
            end=self.cursor.tokens[self.cursor.at - 1].end,
            message='"and" beside "or" can be read in two ways; brackets say which',
            hint=f"write {one}, or {other}",
            rule="mixed-and-or",
        )


def _decimal_comma(cursor: Cursor) -> Misread | None:
    """``2,5`` is how half of the world writes 2.5."""
    before, comma, after = cursor.peek(-1), cursor.peek(), cursor.peek(1)
    if (before.kind, comma.text, after.kind) != ("number", ",", "number"):
        return None
    whole = Token("number", f"{before.text},{after.text}", before.start, after.end)
    return misread(whole, "numbers are written with a point here", f"write {before.text}.{after.text}")


def _unexpected(token: Token) -> Misread:
    """Something after a test that does not join it with another."""
    meant = FOREIGN.get(token.text) if token.kind == "sign" else None
    if meant in ("and", "or", "not"):
        return misread(token, f'"{token.text}" is written as a word', f'write "{meant}"')
    if token.kind == "sign" and token.text == ")":
        return misread(token, "there is no bracket for this one to close", 'leave it out, or write "(" before')
    return misread(token, f'"{token.text}" was not expected here', 'join two tests with "and" or "or"')


def _grouped(parts: Sequence[str], words: Sequence[str], binder: str) -> str:
    """The parts with brackets around what ``binder`` joins."""
    groups, joiners = [[parts[0]]], []
    for word, part in zip(words, parts[1:], strict=True):
        if word == binder:
            groups[-1].append(part)
        else:
            groups.append([part])
            joiners.append(word)
    told = [f"({f' {binder} '.join(group)})" if len(group) > 1 else group[0] for group in groups]
    return told[0] + "".join(f" {word} {group}" for word, group in zip(joiners, told[1:], strict=True))

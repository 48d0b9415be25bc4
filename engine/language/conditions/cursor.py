"""A place in the tokens of a condition, moving from left to right."""

from __future__ import annotations

from engine.language.conditions.tokens import Misread, Token, tokens_of
from engine.language.flaws import Flaw


class Cursor:
    """Reads tokens one by one; the last one, of kind ``end``, is never passed."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(tokens_of(text))
        self.at = 0

    def peek(self, ahead: int = 0) -> Token:
        """The next token, or one further on."""
        return self.tokens[min(self.at + ahead, len(self.tokens) - 1)]

    def take(self, count: int = 1) -> Token:
        """The next token, which is then behind us (with ``count - 1`` more)."""
        token = self.peek()
        self.at = min(self.at + count, len(self.tokens) - 1)
        return token

    def sign(self, text: str) -> bool:
        """Take this sign if it is next."""
        found = self.peek().kind == "sign" and self.peek().text == text
        if found:
            self.take()
        return found

    def since(self, first: int) -> str:
        """The text from the token of this number up to here, as it was written."""
        return self.text[self.tokens[first].start : self.tokens[self.at - 1].end]

    def as_written(self, token: Token) -> str:
        """A token with its quotes."""
        return self.text[token.start : token.end]


def misread(place: Token, message: str, hint: str = "") -> Misread:
    """The flaw, at a token, that hides the structure of what follows."""
    return Misread(Flaw(start=place.start, end=place.end, message=message, hint=hint, rule="condition-syntax"))

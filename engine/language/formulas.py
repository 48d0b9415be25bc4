"""Formulas of computed fields, from text to a checked term.

    formula = sum | joined ;   sum = product {("+" | "-") product} ;   product = number | name {"*" (number | name)}
    joined  = (name | quoted text) {"+" (name | quoted text)}

Which of the two it is follows from the type of the field. There are no brackets and there is no dividing: what needs
a name of its own gets a field of its own, and is then seen in the story of a contact, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from engine.language.flaws import Flaw
from engine.language.spelling import did_you_mean
from engine.model import Arithmetic, Field, FieldType, Formula, Joined, Named, Term

MOST_CHARACTERS = 500
TEXTS = (FieldType.TEXT, FieldType.EMAIL, FieldType.CHOICE, FieldType.PHONE, FieldType.LINK, FieldType.TIMEZONE)

_TOKEN = re.compile(
    r"""(?P<number> [0-9]{1,15} (?![\w.]) )
      | (?P<odd> [0-9][\w.]* )
      | (?P<name> [^\W\d]\w* )
      | (?P<text> "[^"\n]*" | '[^'\n]*' )
      | (?P<sign> [-+*] )
      | (?P<else> \S )""",
    re.VERBOSE,
)
_SAID = {"plus": "+", "minus": "-", "times": "*", "and": "+"}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int
    end: int


class _WrongFormula(Exception):  # no error: it carries the flaw out of the reader
    def __init__(self, flaw: Flaw) -> None:
        self.flaw = flaw
        super().__init__(flaw.message)


def parse_formula(text: str, kind: FieldType, fields: Mapping[str, Field]) -> Formula | tuple[Flaw, ...]:
    """The formula that a text says for a field of this type, or everything wrong with it."""
    try:
        tokens = _tokens(text)
        _alternate(tokens, text)
    except _WrongFormula as wrong:
        return (wrong.flaw,)
    flaws = tuple(_type_flaws(tokens, kind, fields))
    if flaws:
        return flaws
    names = dict.fromkeys(token.text for token in tokens if token.kind == "name")
    term = _joined(tokens) if kind is FieldType.TEXT else _sum(tokens)
    return Formula(text=text.strip(), term=term, fields=tuple(names))


def _flaw(token: _Token, message: str, hint: str = "", rule: str = "formula") -> Flaw:
    return Flaw(start=token.start, end=token.end, message=message, hint=hint, rule=rule)


# -- Structure: values with signs between them ------------------------------------------------------


def _tokens(text: str) -> list[_Token]:
    if len(text) > MOST_CHARACTERS:
        message = f"a formula has at most {MOST_CHARACTERS} characters; this one has {len(text)}"
        hint = "compute a part of it in a field of its own"
        raise _WrongFormula(_flaw(_Token("else", "", MOST_CHARACTERS, len(text)), message, hint))
    found = [
        _Token(str(one.lastgroup), one[0][1:-1] if one.lastgroup == "text" else one[0], one.start(), one.end())
        for one in _TOKEN.finditer(text)
    ]
    for token in found:
        if token.kind in ("odd", "else"):
            raise _WrongFormula(_foreign(token, text))
    return found


def _foreign(token: _Token, text: str) -> Flaw:
    written = token.text
    if token.kind == "odd":
        return _flaw(token, f'"{written}" is no whole number', "only whole numbers can be computed with")
    if written in "()[]":
        hint = "compute the part in brackets in a field of its own"
        return _flaw(token, "there are no brackets in a formula", hint)
    if written in "{}":
        return _flaw(token, "the names of fields stand without braces here", f"write {_unbraced(text)}")
    if written in "\"'“”‘’„":
        return _flaw(token, "this quote is never closed, or is not a straight one", 'put texts in quotes: "text"')
    return _flaw(token, f'"{written}" has no meaning in a formula', "there are +, - and *, and nothing else")


def _unbraced(text: str) -> str:
    return " ".join(re.sub(r"[{}]", " ", text).split())


def _alternate(tokens: list[_Token], text: str) -> None:
    """A value first, then a sign and a value each."""
    if not tokens:
        flaw = _flaw(_Token("else", "", 0, len(text)), "the formula is empty", "write one like red_systems + 1")
        raise _WrongFormula(flaw)
    for index, token in enumerate(tokens):
        if (index % 2 == 1) != (token.kind == "sign"):
            raise _WrongFormula(_out_of_turn(tokens, index))
    if tokens[-1].kind == "sign":
        raise _WrongFormula(_flaw(tokens[-1], f'a value is missing after "{tokens[-1].text}"'))


def _out_of_turn(tokens: list[_Token], index: int) -> Flaw:
    token = tokens[index]
    if token.kind == "sign":
        where = f'after "{tokens[index - 1].text}"' if index else f'before "{token.text}"'
        hint = "write 0 - … for a number below zero" if token.text == "-" else ""
        return _flaw(token, f"a value is missing {where}", hint)
    if sign := _SAID.get(token.text.casefold()):
        return _flaw(token, f'"{token.text}" is written as a sign', f'write "{sign}"')
    return _flaw(token, f'a sign is missing before "{token.text}"', 'write "+", "-" or "*" between two values')


# -- Meaning ----------------------------------------------------------------------------------------


def _type_flaws(tokens: list[_Token], kind: FieldType, fields: Mapping[str, Field]) -> Iterator[Flaw]:
    for token in tokens:
        found = _text_flaw(token, fields) if kind is FieldType.TEXT else _number_flaw(token, fields)
        if found is not None:
            yield found


def _number_flaw(token: _Token, fields: Mapping[str, Field]) -> Flaw | None:
    if token.kind == "text":
        message = f'"{token.text}" is a text, and this field is a whole number'
        return _flaw(token, message, "texts can be joined in a field of type text", "formula-type")
    return _name_flaw(token, fields, (FieldType.WHOLE,)) if token.kind == "name" else None


def _text_flaw(token: _Token, fields: Mapping[str, Field]) -> Flaw | None:
    if token.kind == "sign" and token.text != "+":
        return _flaw(token, f'texts are joined with "+"; "{token.text}" is for numbers', "", "formula-type")
    if token.kind == "number":
        message = f"{token.text} is a number, and this field is a text"
        return _flaw(token, message, f'write "{token.text}" in quotes', "formula-type")
    return _name_flaw(token, fields, TEXTS) if token.kind == "name" else None


def _name_flaw(token: _Token, fields: Mapping[str, Field], types: tuple[FieldType, ...]) -> Flaw | None:
    field = fields.get(token.text)
    if field is None:
        hint = did_you_mean(token.text, fields) or f'put quotes around it if it is a text: "{token.text}"'
        return _flaw(token, f'no field is called "{token.text}"', hint, "unknown-field")
    if field.type in types:
        return None
    wanted = "whole numbers" if types == (FieldType.WHOLE,) else "texts"
    verb = "counted with" if types == (FieldType.WHOLE,) else "joined"
    message = f"{token.text} is of type {field.type}, and only {wanted} can be {verb} here"
    return _flaw(token, message, "", "formula-type")


def _joined(tokens: list[_Token]) -> Term:
    return Joined(tuple(Named(one.text) if one.kind == "name" else one.text for one in tokens if one.kind != "sign"))


def _sum(tokens: list[_Token]) -> Term:
    """Products first: they are gathered until a plus or a minus ends them."""
    total: Term | None = None
    sign: Literal["+", "-"] = "+"
    product = _number(tokens[0])
    for operator, token in zip(tokens[1::2], tokens[2::2], strict=True):
        if operator.text == "*":
            product = Arithmetic("*", product, _number(token))
            continue
        total = product if total is None else Arithmetic(sign, total, product)
        sign = "+" if operator.text == "+" else "-"
        product = _number(token)
    return product if total is None else Arithmetic(sign, total, product)


def _number(token: _Token) -> Term:
    return Named(token.text) if token.kind == "name" else int(token.text)

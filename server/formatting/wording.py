"""Words: conditions and lengths of time in their usual spelling, quotes where they help and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from engine.language.conditions import parse_condition
from engine.language.conditions.tokens import Misread, Token, tokens_of
from engine.language.document import Document, Scalar
from engine.language.durations import parse_duration
from engine.language.durations.amounts import BUSINESS_DAY, UNITS
from engine.language.flaws import Flaw
from engine.language.scalars import resolve
from engine.language.schema import Place
from engine.language.vocabulary import OTHERWISE, vocabulary
from engine.language.waiting import parse_wait
from engine.model import Vocabulary
from server.formatting.splicing import Edit, node_at, places_of, spliced

_AMOUNT = re.compile(rf"(?<![\w.:-])0*([0-9]+)\s+({'|'.join((*UNITS, BUSINESS_DAY))})s?(?![\w-])", re.IGNORECASE)
_WEEKDAY = re.compile(r"(?<=until )(mon|tues|wednes|thurs|fri|satur|sun)day(?!\w)", re.IGNORECASE)
_CONDITIONS = ("condition", "segment-rule")
_TIMES = ("duration", "testing", "until", "hold")
# Roles of texts that are names or follow a grammar: they read as well without quotes.
_BARE = (*_CONDITIONS, *_TIMES, "template", "field", "segment", "sequence", "zone")
_SAFE = re.compile(r"[A-Za-z][A-Za-z0-9_./=<>!()@+ -]*")
_INPUT = re.compile(r"<[A-Za-z_]\w*>")  # what a blueprint asks for
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Words that other readers of YAML take for true and false, or for a number of seconds.
_ELSEWHERE = re.compile(r"y|n|yes|no|on|off|[0-9]+(:[0-5]?[0-9])+", re.IGNORECASE)


def worded(document: Document) -> str:
    """Conditions, lengths of time, ``true`` and ``false`` in their usual spelling."""
    return spliced(document.text, [*_texts(document), *_ticks(document)])


def quoted(document: Document) -> str:
    """Without quotes around names and conditions, with quotes around words that other programs misread."""
    places = places_of(document)
    bare = {id(node) for role in _BARE for node in _scalars(document, places.get(role, ()))}
    prose = {id(node) for node in _scalars(document, places.get("message", ()))}
    every = [node for node in _every(document.root, keys=True) if id(node) not in prose]
    return spliced(document.text, [edit for node in every for edit in _requoted(document, node, id(node) in bare)])


# -- Words ------------------------------------------------------------------------------------


def _texts(document: Document) -> Iterator[Edit]:
    words, places = vocabulary(document), places_of(document)
    for role in (*_CONDITIONS, *_TIMES):
        for node in _scalars(document, places.get(role, ())):
            new = _spelled(role, str(node.data), words)
            at = document.text.find(str(node.data), node.start, node.end)
            if new != node.data and at >= 0 and node.end - node.start - len(str(node.data)) in (0, 2):
                yield at, at + len(str(node.data)), new


def _spelled(role: str, text: str, words: Vocabulary) -> str:
    """The text in its usual spelling, if that means the same."""
    if role in _CONDITIONS:
        if not words.fields:  # a part of a file: its fields are declared elsewhere, so only its signs are compared
            return text if _INPUT.search(text) else _if_same(text, _condition, _signs)
        return text if text == OTHERWISE else _if_same(text, _condition, lambda one: parse_condition(one, words))
    if role == "hold":
        return _if_same(text, _times, lambda one: parse_duration(one.partition(" ")[2]))
    return _if_same(text, _times, lambda one: parse_wait(one, words, None) if role == "until" else parse_duration(one))


def _if_same(text: str, spell: Callable[[str], str], parse: Callable[[str], object]) -> str:
    meaning = parse(text)
    if isinstance(meaning, Flaw | tuple):
        return text
    spelled = spell(text)
    return spelled if meaning_of(parse(spelled)) == meaning_of(meaning) else text


def meaning_of(value: Any) -> Any:
    """Frozen data without the texts that authors wrote."""
    if is_dataclass(value):
        return type(value), [meaning_of(getattr(value, one.name)) for one in fields(value) if one.name != "text"]
    return [meaning_of(one) for one in value] if isinstance(value, tuple) else value


def _times(text: str) -> str:
    text = " ".join(text.split())
    text = _AMOUNT.sub(lambda found: f"{found[1]} {found[2].lower()}{'' if found[1] == '1' else 's'}", text)
    return _WEEKDAY.sub(lambda found: found[0].capitalize(), text)


def _condition(text: str) -> str:
    try:
        tokens = list(tokens_of(text))[:-1]
    except Misread:
        return text
    told = [_token(text, token) for token in tokens]
    spaces = [_gap(told, number) for number in range(len(told))]
    return _times("".join(space + word for space, word in zip(spaces, told, strict=True)).strip())


def _signs(text: str) -> Flaw | list[str]:
    """The words and signs of a condition, which mean the same with any fields."""
    try:
        return [_token(text, token) for token in tokens_of(text)]
    except Misread as misread:
        return misread.flaw


def _token(text: str, token: Token) -> str:
    return token.joiner or ("=" if token.text == "==" and token.kind == "sign" else text[token.start : token.end])


def _gap(told: Sequence[str], number: int) -> str:
    """The space before a word of a condition."""
    tight = told[number] in (")", "]", ",") or (number > 0 and told[number - 1] in ("(", "["))
    return "" if tight else " "


def _ticks(document: Document) -> Iterator[Edit]:
    for node in _every(document.root):
        written = document.text[node.start : node.end]
        if node.plain and isinstance(node.data, bool) and written != written.lower():
            yield node.start, node.end, written.lower()


# -- Quotes -----------------------------------------------------------------------------------


def _requoted(document: Document, node: Scalar, bare: bool) -> Iterator[Edit]:
    if not isinstance(node.data, str) or not node.data:
        return
    written, text = document.text[node.start : node.end], node.data
    if node.plain and written == text and _ELSEWHERE.fullmatch(text):
        yield node.start, node.end, f'"{text}"'
    elif written[:1] in ("'", '"') and (bare or _WORD.fullmatch(text)) and _needs_none(text):
        yield node.start, node.end, text
    elif written == f"'{text}'" and not re.search(r'["\\]', text):
        yield node.start, node.end, f'"{text}"'


def _needs_none(text: str) -> bool:
    plain = _SAFE.fullmatch(text) and text == text.strip() and isinstance(resolve(text), str)
    return bool(plain) and not _ELSEWHERE.fullmatch(text)


def _scalars(document: Document, places: Sequence[Place]) -> Iterator[Scalar]:
    for place in places:
        node = node_at(document, place.path, key=place.key)
        if isinstance(node, Scalar) and isinstance(node.data, str):
            yield node


def _every(node: Any, *, keys: bool = False) -> Iterator[Scalar]:
    """Every value that is a scalar, in any depth, and the names before a colon if they are asked for."""
    if isinstance(node, Scalar):
        yield node
    for key, inner in (getattr(node, "pairs", None) or {}).values():
        if keys and not key.plain:
            yield key
        yield from _every(inner, keys=keys)
    for inner in getattr(node, "children", ()):
        yield from _every(inner, keys=keys)

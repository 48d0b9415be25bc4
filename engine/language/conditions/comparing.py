"""One test of a condition, and the values in it."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from engine.language.conditions.cursor import Cursor, misread
from engine.language.conditions.structure import Span, Tested, Written
from engine.language.conditions.tokens import COMPARISONS, FOREIGN, Misread, Token
from engine.language.durations import parse_duration
from engine.language.durations.amounts import BUSINESS_DAY, UNITS
from engine.language.flaws import Flaw
from engine.language.spelling import closest, did_you_mean

_MIRRORED = {"=": "=", "==": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_TWICE = {
    "<>": "!=",
    "==": "=",
    "=>": ">=",
    "=<": "<=",
    ">=": ">=",
    "<=": "<=",
    "!=": "!=",
}  # two signs with a space between them
_WORDS = ("in", "is", "contains", "and", "or")
_NOTHING = ("None", "none", "null", "nil", "empty", "blank", "missing")
_OPPOSITE = {"": "is unknown", "known": "is unknown", "unknown": "is known", **dict.fromkeys(_NOTHING, "is known")}
_SPOKEN = {
    ("at", "least"): ">=",
    ("at", "most"): "<=",
    **dict.fromkeys((("more", "than"), ("greater", "than"), ("bigger", "than"), ("larger", "than")), ">"),
    **dict.fromkeys((("less", "than"), ("fewer", "than"), ("smaller", "than")), "<"),
    ("equal", "to"): "=",
}
_NEEDLESS = ("if", "when", "where")
_PLAIN_WORDS = {
    "equals": 'write "="',
    "eq": 'write "="',
    "includes": 'write "contains"',
    "has": 'write "contains"',
    "exists": 'write "is known"',
    "more": 'write ">"',
    "over": 'write ">"',
    "less": 'write "<"',
    "under": 'write "<"',
    "not": 'write "!=", or put not before the name',
}


def read_test(cursor: Cursor) -> Tested:
    """A name and what is asked of it; a name alone asks whether it is ticked."""
    name = cursor.peek()
    if name.kind != "word" or name.joiner:
        raise _no_name(cursor, name)
    cursor.take()
    verb = cursor.peek()
    if verb.kind == "sign" and verb.text in COMPARISONS:
        cursor.take()
        return Tested(name, "=" if verb.text == "==" else verb.text, verb, (_value(cursor, verb),))
    if verb.kind == "word" and verb.joiner not in ("and", "or"):
        return _worded(cursor, name, cursor.take())
    meant = FOREIGN.get(verb.text) if verb.kind == "sign" else None
    if meant in COMPARISONS:
        raise misread(verb, f'"{verb.text}" is not a comparison', f'write "{meant}"')
    return Tested(name, "", name)


def _no_name(cursor: Cursor, token: Token) -> Misread:
    if token.kind == "sign" and FOREIGN.get(token.text) == "not":
        return misread(token, '"!" is written as a word', 'write "not"')
    if token.kind == "end" or token.text == ")" or token.joiner:
        here = "at the end" if token.kind == "end" else f'before "{token.text}"'
        return misread(token, f"a test is missing {here}", "write a test like red_systems >= 2")
    written, other = cursor.as_written(token), cursor.peek(2)
    mirrored = _MIRRORED.get(cursor.peek(1).text)
    if mirrored and other.kind == "word" and not other.joiner:
        return misread(token, "a test begins with the name of a field", f"write {other.text} {mirrored} {written}")
    return misread(token, f"a test begins with the name of a field, not with {written}", _list_hint(cursor))


def _list_hint(cursor: Cursor) -> str:
    """``red_systems = 1 or 2`` is how people say it; it takes a list here."""
    if cursor.at >= 4:
        name, sign, value, joiner = cursor.tokens[cursor.at - 4 : cursor.at]
        if sign.text in ("=", "==") and joiner.joiner == "or":
            return f"write {name.text} in [{value.text}, {cursor.peek().text}]"
    return "write a test like red_systems >= 2"


def _worded(cursor: Cursor, name: Token, verb: Token) -> Tested:
    match verb.text:
        case "in":
            return Tested(name, "in", verb, _list(cursor, verb))
        case "contains":
            return Tested(name, "contains", verb, (_value(cursor, verb),))
        case "is":
            return Tested(name, _known_or_unknown(cursor, name), verb)
    if verb.joiner and cursor.peek().is_word("in", "contains"):
        raise misread(verb, '"not" stands before the name', f"write not {name.text} {cursor.peek().text} ...")
    if name.text.casefold() in _NEEDLESS:
        raise misread(name, f'"{name.text}" is not needed: a condition begins with what it asks', "leave it out")
    if sign := _SPOKEN.get((verb.text.casefold(), cursor.peek().text.casefold())):
        raise misread(
            verb, f'"{verb.text}" does not follow the name of a field', f"write {name.text} {sign} {_rest(cursor)}"
        )
    if cursor.peek().text in COMPARISONS:
        hint = f"if one field is meant, its name is one word, such as {name.text}_{verb.text}"
        raise misread(verb, f'"{verb.text}" does not follow the name of a field', hint)
    hint = _PLAIN_WORDS.get(verb.text.casefold()) or did_you_mean(verb.text, _WORDS)
    hint = hint or 'a name is followed by a comparison like >=, or by "in", "contains", "is known"'
    raise misread(verb, f'"{verb.text}" does not follow the name of a field', hint)


def _known_or_unknown(cursor: Cursor, name: Token) -> str:
    after = cursor.take()
    if after.is_word("known", "unknown"):
        return after.text
    if after.joiner == "not":
        word = cursor.peek()
        meant = _OPPOSITE.get(word.text) or f"!= {cursor.as_written(word)}"
        raise misread(after, '"is not" is not a comparison', f"write {name.text} {meant}")
    if after.kind in ("end", "sign") or after.joiner:
        raise misread(after, f'"{name.text} is" what?', f"write {name.text} is known, or {name.text} is unknown")
    if after.text in _NOTHING:
        raise misread(after, f'nothing is called "{after.text}"', f"write {name.text} is unknown")
    if sign := _SPOKEN.get((after.text.casefold(), cursor.peek().text.casefold())):
        raise misread(after, '"is" is followed by "known" or "unknown"', f"write {name.text} {sign} {_rest(cursor)}")
    near = closest(after.text, ("known", "unknown"))
    hint = f"write {name.text} is {near}" if near else f"write {name.text} = {cursor.as_written(after)}"
    raise misread(after, '"is" is followed by "known" or "unknown"', hint)


def _rest(cursor: Cursor) -> str:
    """The value after two words of a comparison in words."""
    value = cursor.peek(1)
    return "..." if value.kind in ("end", "sign") else cursor.as_written(value)


def _list(cursor: Cursor, verb: Token) -> tuple[Written, ...]:
    opening = cursor.peek()
    if not cursor.sign("["):
        raise misread(opening, 'the values of "in" stand in square brackets', "write in [one, two]")
    values = [_value(cursor, verb)]
    while cursor.sign(","):
        values.append(_value(cursor, verb))
    if not cursor.sign("]"):
        place = opening if cursor.peek().kind == "end" else cursor.peek()
        raise misread(place, 'a "," or the closing "]" is missing', "write in [one, two]")
    return tuple(values)


def _value(cursor: Cursor, after: Token) -> Written:
    token = cursor.peek()
    if token.kind in ("sign", "end") or token.joiner:
        hint = f'write "{meant}"' if (meant := _TWICE.get(after.text + token.text)) else "write a value there"
        raise misread(after if token.kind == "end" else token, f'a value is missing after "{after.text}"', hint)
    if token.kind == "number" and cursor.peek(1).kind == "word" and not cursor.peek(1).joiner:
        return _span(cursor)
    return cursor.take()


def _span(cursor: Cursor) -> Span:
    """``30 days ago``; amounts and units up to the words that say which way."""
    first = cursor.at
    while cursor.peek().kind == "number" and cursor.peek(1).kind == "word" and not cursor.peek(1).joiner:
        cursor.take(3 if _of_two_words(cursor) else 2)
    amount = Token("text", cursor.since(first), cursor.tokens[first].start, cursor.tokens[cursor.at - 1].end)
    sign = _direction(cursor)
    if sign is None:
        raise _no_direction(amount, cursor.tokens[first + 1])
    duration = parse_duration(amount.text)
    if isinstance(duration, Flaw):
        raise Misread(replace(duration, start=amount.start, end=amount.end))
    return Span(cursor.since(first), amount.start, cursor.tokens[cursor.at - 1].end, duration, sign)


def _of_two_words(cursor: Cursor) -> bool:
    """Whether the unit after the next number is ``business days``, or nearly so."""
    first, second = cursor.peek(1).text.casefold(), cursor.peek(2)
    if second.kind != "word":
        return False
    near = closest(f"{first} {second.text}", (BUSINESS_DAY, f"{BUSINESS_DAY}s"))
    return near is not None or (first in ("work", "working") and second.is_word("day", "days"))


def _direction(cursor: Cursor) -> Literal[-1, 1] | None:
    if cursor.peek().is_word("ago"):
        cursor.take()
        return -1
    if cursor.peek().is_word("from") and cursor.peek(1).is_word("now"):
        cursor.take(2)
        return 1
    return None


def _no_direction(amount: Token, unit: Token) -> Misread:
    if closest(unit.text, UNITS) is None and len(amount.text.split()) == 2:
        return misread(unit, f'"{unit.text}" was not expected here', 'join two tests with "and" or "or"')
    hint = f"write {amount.text} ago, or {amount.text} from now"
    return misread(amount, f'"{amount.text}" before now, or after it?', hint)

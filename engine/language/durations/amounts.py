"""Lengths of time in words: ``24 hours``, ``1 day 6 hours``, ``2 business days``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from engine.language.flaws import Flaw
from engine.language.spelling import closest
from engine.model import Duration

# In seconds, from the longest. Days and weeks keep the clock time, so they are not really seconds.
UNITS: Mapping[str, int] = {"week": 604_800, "day": 86_400, "hour": 3_600, "minute": 60, "second": 1}
BUSINESS_DAY = "business day"
_SPELLED: Mapping[str, str] = {spelling: unit for unit in (*UNITS, BUSINESS_DAY) for spelling in (unit, f"{unit}s")}

_MOST_YEARS = 10
_MOST_SECONDS = _MOST_YEARS * 366 * UNITS["day"]
_MOST_DIGITS = 9
_WEEK_OF_WORK = 5
_EXAMPLES = 'write it like "24 hours" or "1 day 6 hours"'


def parse_duration(text: str | int | float) -> Duration | Flaw:
    """A length of time: whole numbers with a unit each, ``1 day 6 hours``. Weeks are seven days."""
    raw = str(text)
    parts = _strict(_words(raw))
    if parts is None:
        return _explain(raw)
    days = parts.get("day", 0) + 7 * parts.get("week", 0)
    seconds = sum(parts.get(unit, 0) * UNITS[unit] for unit in ("hour", "minute", "second"))
    business_days = parts.get(BUSINESS_DAY, 0)
    return _bounded(raw, Duration(text=raw.strip(), days=days, business_days=business_days, seconds=seconds))


def _words(raw: str) -> list[str]:
    """The words of a text; ``business`` and what follows it are one."""
    words: list[str] = []
    for word in raw.split():
        if words and words[-1].casefold() == "business":
            words[-1] = f"business {word}"
        else:
            words.append(word)
    return words


def _strict(words: Sequence[str]) -> dict[str, int] | None:
    """How many of each unit, or None when the text is not in the form ``NUMBER UNIT ...``."""
    amounts, units = words[0::2], [_SPELLED.get(word.casefold()) for word in words[1::2]]
    if not words or len(amounts) != len(units) or len(set(units)) != len(units):
        return None
    parts: dict[str, int] = {}
    for amount, unit in zip(amounts, units, strict=True):
        if unit is None or not (amount.isascii() and amount.isdigit()):
            return None
        parts[unit] = int(amount.lstrip("0")[: _MOST_DIGITS + 1] or 0)  # ten digits are past the most already
    return parts


def _bounded(raw: str, duration: Duration) -> Duration | Flaw:
    days = duration.days + -(-duration.business_days * 7 // _WEEK_OF_WORK)
    total = days * UNITS["day"] + duration.seconds
    if total == 0:
        return _flaw(raw, f'"{raw.strip()}" is no time at all', "write at least 1 second")
    if total > _MOST_SECONDS:
        return _flaw(raw, f'"{raw.strip()}" is more than {_MOST_YEARS} years', "write a shorter length of time")
    return duration


def _flaw(raw: str, message: str, hint: str = "") -> Flaw:
    text = raw.strip()
    start = raw.index(text)
    return Flaw(start=start, end=start + len(text), message=message, hint=hint, rule="duration")


# -- What a text that is not in the strict form was meant to be -------------------------------

_SHORT: Mapping[str, str] = {
    **dict.fromkeys(("s", "sec", "secs"), "second"),
    **dict.fromkeys(("m", "min", "mins"), "minute"),
    **dict.fromkeys(("h", "hr", "hrs"), "hour"),
    "d": "day",
    **dict.fromkeys(("w", "wk", "wks"), "week"),
}
_RIGHT = _SPELLED.keys() | _SHORT.keys() | {"weekday", "weekdays", "workday", "workdays", "working days"}
_CALENDAR = frozenset({"month", "months", "mo", "mth", "mths", "year", "years", "yr", "yrs", "y"})
_WORKING = re.compile(r"b[a-z]{5,9}[\s-]+d[a-z]{1,4}|work(ing)?[\s-]*days?|weekdays?", re.ASCII | re.IGNORECASE)
_NUMBER_WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_WORTH: Mapping[str, int] = {"a": 1, "an": 1, **{word: n for n, word in enumerate(_NUMBER_WORDS, 1)}}

_ORDER = ("week", "day", BUSINESS_DAY, "hour", "minute", "second")

_BARE = re.compile(r"[-+]?\d+(?:[.,]\d+)?", re.ASCII)
_PART = re.compile(
    rf"""(?: [\s,]+ | \band\b )*
         (?P<amount> [-+]?\d{{1,{_MOST_DIGITS}}}(?:\.\d{{1,3}}|,\d{{1,2}})? | \b(?:{"|".join(_WORTH)})\b ) \s*
         (?P<unit> (?:b[a-z]{{5,9}}|working|work)[\s-]+d[a-z]{{1,4}} | [^\W\d_]+ )""",
    re.ASCII | re.VERBOSE | re.IGNORECASE,
)
_ISO = re.compile(
    r"[-+]?P(?:(?P<year>\d+)Y)?(?:(?P<month>\d+)M)?(?:(?P<week>\d+)W)?(?:(?P<day>\d+)D)?"
    r"(?:T(?:(?P<hour>\d+)H)?(?:(?P<minute>\d+)M)?(?:(?P<second>\d+)S)?)?",
    re.ASCII | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Part:
    """An amount and its unit, as far as they can be made out; ``unit`` is None when it cannot."""

    amount: Fraction
    written: str
    unit: str | None


def _explain(raw: str) -> Flaw:
    text = raw.strip()
    if not text:
        return Flaw(start=0, end=len(raw), message="a length of time is missing", hint=_EXAMPLES, rule="duration")
    if _BARE.fullmatch(text):
        hint = f'write "{text} hours" or "{text} days"' if text.isdigit() else _EXAMPLES
        return _flaw(raw, f"{text} what? A length of time says its unit", hint)
    iso = _ISO.fullmatch(text)
    if iso and any(iso.groupdict().values()):
        return _explain_iso(raw, iso)
    return _explain_parts(raw, _parts(text))


def _explain_iso(raw: str, iso: re.Match[str]) -> Flaw:
    amounts = {unit: amount for unit, amount in iso.groupdict().items() if amount}
    if "year" in amounts or "month" in amounts:
        return _calendar(raw, next(iter(amounts)))
    words = " ".join(_counted(int(amount[:_MOST_DIGITS]), unit) for unit, amount in amounts.items())
    if isinstance(refused := parse_duration(words), Flaw):
        return _flaw(raw, refused.message, refused.hint)
    return _flaw(raw, f'"{raw.strip()}" is the computer\'s way to write a length of time', f'write "{words}"')


def _explain_parts(raw: str, parts: Sequence[_Part]) -> Flaw:
    text = raw.strip()
    for part in parts:
        if part.written.casefold() in _CALENDAR:
            return _calendar(raw, "year" if part.written.casefold().startswith("y") else "month")
        if part.unit == BUSINESS_DAY and part.amount.denominator > 1:
            hint = 'write whole ones, with hours beside them: "1 business day 4 hours"'
            return _flaw(raw, f'"{text}": a business day cannot be divided', hint)
        if part.amount < 0:
            return _flaw(raw, f'"{text}" is negative; time only goes forward', f'write "{text.replace("-", "")}"')
    meant = _meant(parts)
    if meant is None:
        return _flaw(raw, f'"{text}" is not a length of time', _EXAMPLES)
    if isinstance(refused := parse_duration(meant), Flaw):
        return _flaw(raw, refused.message, refused.hint)
    if any(part.written.casefold() not in _RIGHT for part in parts):
        return _flaw(raw, f'"{text}" is not a length of time; did you mean "{meant}"?')
    return _flaw(raw, f'"{text}" is not how a length of time is written', f'write "{meant}"')


def _calendar(raw: str, unit: str) -> Flaw:
    days = "365 days" if unit == "year" else "30 days"
    message = f"{unit}s are not all equally long, so they are no length of time here"
    return _flaw(raw, message, f'write it in days or weeks, like "{days}"')


def _parts(text: str) -> list[_Part]:
    """The amounts and units found when the text consists of nothing else; none otherwise."""
    parts, at = [], 0
    while at < len(text):
        found = _PART.match(text, at)
        if found is None:
            return []
        parts.append(_Part(_amount(found["amount"]), found["unit"], _unit(found["unit"])))
        at = found.end()
    return parts


def _amount(text: str) -> Fraction:
    worth = _WORTH.get(text.casefold())
    return Fraction(text.replace(",", ".")) if worth is None else Fraction(worth)


def _unit(written: str) -> str | None:
    word = written.casefold()
    known = _SPELLED.get(word) or _SHORT.get(word)
    if known is None and _WORKING.fullmatch(word):
        return BUSINESS_DAY
    return known or _SPELLED.get(closest(word, _SPELLED) or "")


def _meant(parts: Sequence[_Part]) -> str | None:
    """The parts in the strict form, each unit once, fractions told in smaller units."""
    total = dict.fromkeys(_ORDER, 0)
    for part in parts:
        if part.unit is None:
            return None
        for unit, count in _whole(part.amount, part.unit).items():
            total[unit] += count
    words = [_counted(count, unit) for unit, count in total.items() if count]
    return " ".join(words) or (_counted(0, parts[0].unit or "second") if parts else None)


def _whole(amount: Fraction, unit: str) -> dict[str, int]:
    if amount.denominator == 1:
        return {unit: int(amount)}
    left, counts = round(amount * UNITS[unit]), {}
    for smaller, seconds in UNITS.items():
        counts[smaller], left = divmod(left, seconds)
    return counts


def _counted(count: int, unit: str) -> str:
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"

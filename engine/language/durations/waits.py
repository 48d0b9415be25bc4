"""What a wait is for: a length of time, or ``until`` a weekday, a clock time, a date or a field's moment."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, time

from engine.language.durations.amounts import parse_duration
from engine.language.durations.clocks import CLOCK, TWELVE, clock_of, of_twelve, of_words
from engine.language.durations.dates import parse_date
from engine.language.durations.windows import WEEKDAYS
from engine.language.flaws import Flaw
from engine.language.spelling import closest, did_you_mean
from engine.model import After, Around, AtClock, FieldType, OnDate, OnWeekday, Until, Vocabulary

_FORMS = '"until Tuesday 09:00", "until 09:00", "until 2025-11-12 10:00" or "until 24 hours before FIELD"'
_MOMENTS = (FieldType.DATE, FieldType.DATETIME)

_BETWEEN = re.compile(r"(?<=^....-..-..)T")  # between the day and the time, as computers write them
_AROUND = re.compile(r"(?:(?P<offset>.*?)\s+)?(?P<side>before|after)\s+(?P<field>\S+)", re.DOTALL)


def parse_until(text: str | int | float, vocabulary: Vocabulary) -> Until | Flaw:
    """What a wait waits for. A field it names must be a date or a datetime."""
    raw = str(text)
    word = raw.split(maxsplit=1)[0] if raw.strip() else ""
    if word == "until":
        start = raw.index(word) + len(word)
        return _Reading(raw, start, vocabulary).moment()
    duration = parse_duration(raw)
    return _explain(raw, word, duration) if isinstance(duration, Flaw) else After(duration)


class _Reading:
    """The part of a text after ``until``, and where it stands, so that flaws can point into it."""

    def __init__(self, raw: str, start: int, vocabulary: Vocabulary) -> None:
        rest = raw[start:]
        self.text = rest.strip()
        self.start = start + rest.index(self.text)
        self.vocabulary = vocabulary

    def moment(self) -> Until | Flaw:
        """Every form in turn; the first that the text is in says what it means or what is wrong."""
        forms: tuple[Callable[[], Until | Flaw | None], ...] = (self._clock, self._weekday, self._date, self._around)
        for form in forms:
            found = form()
            if found is not None:
                return found
        return self._unclear()

    def _flaw(self, part: str, message: str, hint: str = "", rule: str = "wait") -> Flaw:
        start = self.start + (self.text.rindex(part) if part else 0)
        return Flaw(start=start, end=start + len(part), message=message, hint=hint, rule=rule)

    def _clock(self) -> Until | Flaw | None:
        if not (CLOCK.fullmatch(self.text) or TWELVE.fullmatch(self.text)):
            return None
        at = self._time(self.text)
        return at if isinstance(at, Flaw) else AtClock(at)

    def _weekday(self) -> Until | Flaw | None:
        day, rest = (*self.text.split(maxsplit=1), "", "")[:2]
        names = [name.casefold() for name in WEEKDAYS]
        if day.casefold() not in names:
            return None
        at = self._time_or_none(rest)
        return at if isinstance(at, Flaw) else OnWeekday(names.index(day.casefold()), at)

    def _date(self) -> Until | Flaw | None:
        if not re.match(r"\d{4}-\d", self.text, re.ASCII):
            return None
        day, _, rest = _BETWEEN.sub(" ", self.text, count=1).partition(" ")
        if parse_date(day) is None:
            return self._flaw(day, f'"{day}" is no day of the calendar', 'write it like "2025-11-12"')
        at = self._time_or_none(rest)
        return at if isinstance(at, Flaw) else OnDate(date.fromisoformat(day), at)

    def _around(self) -> Until | Flaw | None:
        around = _AROUND.fullmatch(self.text)
        name = around["field"] if around else self.text
        field = self.vocabulary.fields.get(name)
        if field is None:
            return self._unknown(name) if around else None
        if field.type not in _MOMENTS:
            message = f'a wait can be until a date or a datetime; "{name}" is a {field.type}'
            return self._flaw(name, message, self._moments(), "wait")
        return self._moved(name, around) if around else Around(name)

    def _moved(self, name: str, around: re.Match[str]) -> Until | Flaw:
        written, before = around["offset"], around["side"] == "before"
        if written is None:
            message = f"how long {around['side']} {name}?"
            hint = f'write "until 24 hours {around["side"]} {name}", or "until {name}"'
            return self._flaw(self.text, message, hint)
        offset = parse_duration(written)
        if isinstance(offset, Flaw):
            start, end = self.start + offset.start, self.start + offset.end
            return Flaw(start=start, end=end, message=offset.message, hint=offset.hint, rule=offset.rule)
        return Around(name, offset, before)

    def _time_or_none(self, written: str) -> time | Flaw | None:
        return self._time(written.strip()) if written.strip() else None

    def _time(self, written: str) -> time | Flaw:
        if clock := clock_of(written):
            return clock
        hint = (
            f'write "{meant}"'
            if (meant := of_twelve(written) or of_words(written))
            else 'write it like "09:00" or "17:30"'
        )
        return self._flaw(written, f'"{written}" is not a time of the day', hint)

    def _unknown(self, name: str) -> Flaw:
        hint = did_you_mean(name, self._dates()) or self._moments()
        return self._flaw(name, f'no field is called "{name}"', hint, "unknown-field")

    def _dates(self) -> list[str]:
        return [name for name, field in self.vocabulary.fields.items() if field.type in _MOMENTS]

    def _moments(self) -> str:
        dates = self._dates()
        return f"fields that are: {', '.join(dates)}" if dates else "no field of this file is one"

    def _unclear(self) -> Flaw:
        if not self.text:
            return self._flaw("", "until when?", f"write {_FORMS}")
        words = self.text.split()
        day = next((day for word in words[:2] if (day := closest(word, WEEKDAYS))), None)
        near = closest(self.text, self._dates())
        if isinstance(parse_duration(self.text), Flaw):
            hint = _of_calendar(self.text) or _or(near, day, words)
        else:
            hint = f'write "{self.text}" without until, or "until {self.text} before FIELD"'
        return self._flaw(self.text, f'"{self.text}" is not a moment to wait until', hint)


def _or(field: str | None, weekday: str | None, words: list[str]) -> str:
    if field is not None:
        return f'did you mean "{field}"?'
    if weekday is not None:
        clock = f" {words[-1]}" if CLOCK.fullmatch(words[-1]) else ""
        return f'did you mean "until {weekday}{clock}"?'
    if moment := of_words(" ".join(words)):
        return f'write "until {moment}"'
    return f"write {_FORMS}"


def _of_calendar(written: str) -> str:
    """What to write for ``12.11.2025``, or for ``11/12/2025``, which has two readings."""
    found = re.match(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})\b", written, re.ASCII)
    if found is None:
        return ""
    one, other, year = int(found[1]), int(found[3]), found[4]
    days = [(month, day) for day, month in ((one, other), (other, one)) if month <= 12 and day <= 31]
    days = days[:1] if found[2] == "." else days
    told = [f'"until {year}-{month:02}-{day:02}"' for month, day in dict.fromkeys(days)]
    return f"write {' or '.join(told)}: year, month, day" if told else ""


def _explain(raw: str, word: str, refused: Flaw) -> Flaw:
    """What a text is that is neither a length of time nor begins with ``until``."""
    text = raw.strip()
    if word.casefold() == "until":
        message, hint = f'"{word}" is written in small letters', f'write "until{text[len(word) :]}"'
    elif _AROUND.fullmatch(text):
        message, hint = f'"{text}" is a moment, not a length of time', f'write "until {text}"'
    else:
        return refused
    return Flaw(start=raw.index(text), end=raw.index(text) + len(text), message=message, hint=hint, rule="wait")

"""``field=value`` from the shell: read as text, then checked as a webhook's payload is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from engine.model import Vocabulary
    from engine.payloads import Payload

_TRUE, _FALSE = ("true", "yes"), ("false", "no")


def pairs(words: Iterable[str]) -> dict[str, str]:
    """The fields and their texts; a usage error that names everything that is not ``field=value``."""
    found: dict[str, str] = {}
    wrong: list[str] = []
    for word in words:
        name, sign, text = word.partition("=")
        if not sign or not name:
            wrong.append(f'"{word}" is not field=value: write it like email=ada@example.com')
        elif name in found:
            wrong.append(f"{name} is given twice")
        found[name.strip()] = text
    refuse(wrong)
    return found


def refuse(wrong: Sequence[str]) -> None:
    """A usage error with everything that is wrong, a line each; nothing when nothing is."""
    if wrong:
        raise click.UsageError(
            "\n".join(wrong) if len(wrong) == 1 else "\n  ".join((f"{len(wrong)} mistakes:", *wrong))
        )


def document(vocabulary: Vocabulary, texts: Mapping[str, str]) -> dict[str, object]:
    """What a webhook's sender would have written as JSON: numbers and checkboxes without quotes."""
    return {name: _json_value(vocabulary, name, text) for name, text in texts.items()}


def contact_values(vocabulary: Vocabulary, texts: Mapping[str, str], now: datetime) -> Payload:
    """Any fields of a contact, checked; a usage error with every wrong one."""
    from engine.model import Program, Take, Trigger
    from engine.payloads import Payload, PayloadReader

    known = {name: text for name, text in texts.items() if name in vocabulary.fields or name == "email"}
    wrong = [_no_field(name, vocabulary) for name in texts if name not in known]
    if vocabulary.segment_field in known:
        wrong.append(f"{vocabulary.segment_field} follows from the rules under segments: give the fields they read")
    wrong += [
        _worked_out(name, vocabulary)
        for name in known
        if name in vocabulary.fields and vocabulary.fields[name].computed
    ]
    takes = tuple(Take(field=name) for name in known)
    nothing = Program(name="values", vocabulary=vocabulary, steps={}, first=None)
    trigger = Trigger(name="values", path="", takes=takes, program=nothing)
    read = PayloadReader(trigger, vocabulary).read(document(vocabulary, known), now)
    if not isinstance(read, Payload):
        refuse([*wrong, *(error.message for error in read)])
        raise AssertionError("a payload that was not taken has errors")
    refuse(wrong)
    return read


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """``; did you mean "x"?``, ``; there are: x, y``, or nothing."""
    from engine.language.spelling import did_you_mean as guess

    there = list(names)
    near = guess(name, there)
    if near:
        return f"; {near}"
    return f"; there are: {', '.join(there)}" if there else ""


def _no_field(name: str, vocabulary: Vocabulary) -> str:
    return f'no field is called "{name}"{did_you_mean(name, vocabulary.fields)}'


def _worked_out(name: str, vocabulary: Vocabulary) -> str:
    formula = vocabulary.fields[name].computed
    return f"{name} is computed ({formula.text if formula else ''}): give the fields it is computed from"


def _json_value(vocabulary: Vocabulary, name: str, text: str) -> object:
    field = vocabulary.fields.get(name)
    if field is None:
        return text
    read = _readers().get(field.type.value)
    try:
        return read(text) if read and text.strip() else text
    except ValueError:
        return text  # what is wrong with it is the payload reader's to say


def _readers() -> Mapping[str, Callable[[str], object]]:
    return {"whole number": int, "number": _number, "checkbox": _flag, "list": _items}


def _number(text: str) -> int | float:
    return int(text) if text.strip().lstrip("+-").isdigit() else float(text)


def _flag(text: str) -> bool:
    word = text.strip().lower()
    if word not in (*_TRUE, *_FALSE):
        raise ValueError(text)
    return word in _TRUE


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(",")]

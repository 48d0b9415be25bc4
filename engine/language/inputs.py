"""The inputs of a blueprint: what each may be, and what is wrong with a value that is given for one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.language.conditions import parse_condition
from engine.language.document import Entries, Node, Scalar
from engine.language.durations import parse_duration
from engine.language.flaws import Flaw
from engine.language.shape import found
from engine.language.spelling import did_you_mean
from engine.language.vocabulary import as_dict, as_list
from engine.model import Vocabulary


@dataclass(frozen=True, slots=True)
class Input:
    """One input: its name and where that stands, its type, and its value where none is given."""

    name: str
    key: Scalar
    type: str = "text"
    choices: tuple[str, ...] = ()
    default: Node | None = None
    description: str = ""

    @property
    def example(self) -> str:
        """A value as it might be given."""
        return self.choices[0] if self.choices else _KINDS[self.type].example


@dataclass(frozen=True, slots=True)
class Names:
    """What a value may speak of: the fields, segments, sequences and triggers of the file."""

    vocabulary: Vocabulary
    data: Mapping[str, Any]

    def of(self, kind: str) -> list[str]:
        """Every name of a kind."""
        match kind:
            case "field":
                return list(self.vocabulary.fields)
            case "segment":
                return [rule.name for rule in self.vocabulary.segments]
            case _:
                return list(as_dict(self.data.get(f"{kind}s")))


def declared(node: Node | None) -> Mapping[str, Input]:
    """The inputs that a blueprint declares, by name."""
    pairs = node.pairs if isinstance(node, Entries) else {}
    return {name: _input(name, key, value) for name, (key, value) in pairs.items()}


def _input(name: str, key: Scalar, node: Node) -> Input:
    pairs = node.pairs if isinstance(node, Entries) else {}
    said = as_dict(node.data)
    return Input(
        name=name,
        key=key,
        type=said.get("type", "text"),
        choices=tuple(as_list(said.get("choices"))),
        default=pairs["default"][1] if "default" in pairs else None,
        description=said.get("description", ""),
    )


def words_of(value: object) -> str:
    """A value as it stands inside a text."""
    if isinstance(value, dict):
        return ", ".join(map(words_of, value.values()))
    return str(value).lower() if isinstance(value, bool) else str(value)


# -- Types --------------------------------------------------------------------------------------


def flaw_of(one: Input, value: Node, names: Names) -> Flaw | None:
    """What is wrong with a value for an input, if anything."""
    kind = _KINDS[one.type]
    if not kind.fits(value.data):
        return _misfit(one, kind.wants, value.data, _written(one, value.data))
    if one.type == "choice" and value.data not in one.choices:
        return _misfit(one, f"one of {', '.join(one.choices)}", value.data, did_you_mean(value.data, one.choices))
    return kind.look(one, value.data, names) if kind.look else None


def _misfit(one: Input, wants: str, value: object, hint: str) -> Flaw:
    return _whole(
        value, rule="input-type", message=f'the input "{one.name}" must be {wants}, not {found(value)}', hint=hint
    )


def _written(one: Input, value: object) -> str:
    """How a value of the wrong type should be written."""
    if not _is_number(value) or not _KINDS[one.type].fits("text"):
        return f"for example  {one.name}: {one.example}"
    return f"say of what, for example  {value} hours" if one.type == "duration" else f'put quotes around it: "{value}"'


def _whole(value: object, *, rule: str, message: str, hint: str) -> Flaw:
    return Flaw(start=0, end=len(str(value)), rule=rule, message=message, hint=hint)


def _duration(one: Input, text: str, names: Names) -> Flaw | None:
    parsed = parse_duration(text)
    return parsed if isinstance(parsed, Flaw) else None


def _condition(one: Input, text: str, names: Names) -> Flaw | None:
    parsed = parse_condition(text, names.vocabulary)
    return parsed[0] if isinstance(parsed, tuple) else None


def _named(one: Input, text: str, names: Names) -> Flaw | None:
    known = names.of(one.type)
    if text in known:
        return None
    listed = f"the {one.type}s are {', '.join(known)}" if known else f"this file has no {one.type}s"
    hint = did_you_mean(text, known) or listed
    return _whole(text, rule=_KINDS[one.type].rule, message=f'no {one.type} is called "{text}"', hint=hint)


@dataclass(frozen=True, slots=True)
class _Kind:
    """A type of input: how it is said, an example, which values fit, and what to look up."""

    wants: str
    example: str
    fits: Callable[[Any], bool]
    look: Callable[[Input, str, Names], Flaw | None] | None = None
    rule: str = ""


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_template(value: object) -> bool:
    return _is_text(value) or (isinstance(value, dict) and bool(value) and all(map(_is_text, value.values())))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_KINDS: Mapping[str, _Kind] = {
    "text": _Kind("a text", "hello", _is_text),
    "whole number": _Kind("a whole number", "3", lambda value: _is_number(value) and isinstance(value, int)),
    "number": _Kind("a number", "2.5", _is_number),
    "checkbox": _Kind("true or false", "true", lambda value: isinstance(value, bool)),
    "choice": _Kind("one of its choices", "a", lambda value: isinstance(value, str)),
    "duration": _Kind("a length of time", "24 hours", _is_text, _duration),
    "condition": _Kind("a condition", "customer = true", _is_text, _condition),
    "template": _Kind("the name of a template, or one for each segment", "email_1", _is_template),
    "field": _Kind("the name of a field", "appointment_time", _is_text, _named, rule="unknown-field"),
    "segment": _Kind("the name of a segment", "CRITICAL", _is_text, _named, rule="unknown-segment"),
    "sequence": _Kind("the name of a sequence", "nurture", _is_text, _named, rule="unknown-sequence"),
    "trigger": _Kind("the name of a trigger", "booking", _is_text, _named, rule="unknown-trigger"),
}

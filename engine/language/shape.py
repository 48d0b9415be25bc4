"""The shape of a file: what JSON Schema finds wrong, said in one sentence each by a table of messages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from engine.errors import MOST_PROBLEMS, Problem
from engine.language.document import Document, Entries, Path, Span
from engine.language.schema import ROLE, fits, resolve, schema, verbs
from engine.language.spelling import TYPES, meant
from engine.language.validator import Error, errors

# Texts that are more than words: quotes alone would not make them right.
_FORMED = (
    *("condition", "until", "testing", "segment-rule", "zone", "address", "recipients", "between", "day-off"),
    *("quiet-hours", "email-limit"),
)
_PASTED = "\u00a0\u2007\u202f\u3000"  # spaces of web pages and word processors, which YAML takes for letters
_TIMED = ("duration", "until", "testing")
_GLUED = re.compile(r"([a-z_]+):([^ ].*)")


_TYPES = {
    "object": "lines of  key: value",
    "array": "a list",
    "string": "a text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
}


@dataclass(frozen=True, slots=True)
class Told:
    """An error in words: where, which rule, what was found, and what to write."""

    path: Path
    rule: str
    message: str
    hint: str = ""
    key: bool = False


def shape(document: Document) -> tuple[list[Problem], frozenset[Path]]:
    """Everything that has the wrong shape, and the paths to it, so that other checks look elsewhere."""
    told = list(islice((one for error in errors(document.data) for one in _tell(error)), MOST_PROBLEMS))
    problems = [
        document.problem(document.span(one.path, key=one.key), one.rule, one.message, hint=one.hint)
        for one in dict.fromkeys(told)
    ]
    return problems, frozenset(one.path[:length] for one in told for length in range(len(one.path) + 1))


def misfits(root: Entries, part: str) -> list[tuple[Span, Told]]:
    """What is wrong with the shape of a value that must be as ``$defs`` of the schema says, each with its place."""
    document = Document("", "", root, root.home)
    found = (one for error in errors(root.data, part) for one in _tell(error))
    told = dict.fromkeys(islice(found, MOST_PROBLEMS))
    return [(document.span(one.path, key=one.key), one) for one in told]


def _tell(error: Error) -> Iterator[Told]:
    path = tuple(error.absolute_path)
    if "propertyNames" in error.relative_schema_path:
        message = f'"{error.instance}" cannot be a name here: a name is made of {_wants(error)}'
        name = re.sub(r"[^A-Za-z0-9_]+", "_", error.instance).strip("_")
        hint = f"for example  {name}" if name[:1].isalpha() else ""
        yield Told((*path, str(error.instance)), "name", message, hint, key=True)
        return
    yield from _TABLE[str(error.validator)](error, path)


def _wants(error: Error) -> str:
    """What the schema expects here, in words."""
    part = error.schema
    if "x-wants" in part:
        return str(part["x-wants"])
    if "enum" in part:
        return _listed(part["enum"])
    types = part["type"]
    return " or ".join(_TYPES[name] for name in ([types] if isinstance(types, str) else types))


def _listed(words: list[str]) -> str:
    return ", ".join(words[:-1]) + f" or {words[-1]}"


def found(value: Any) -> str:
    """A value of the file as a sentence names it."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "lines of key: value"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


def _name(path: Path) -> str:
    """The last word of a path, as a person would say it."""
    named = [part for part in path if isinstance(part, str)]
    if not named:
        return "the file"
    return f'an item of "{named[-1]}"' if isinstance(path[-1], int) else f'"{named[-1]}"'


def _unknown_keys(error: Error, path: Path) -> Iterator[Told]:
    part = error.schema
    for word in error.instance:
        if word not in part["properties"]:
            yield unknown_key(word, list(part["properties"]), path)


def unknown_key(word: str, known: list[str], path: Path) -> Told:
    """A word that cannot stand at a path, beside those that can."""
    here = (*path, word)
    if word[:1] in tuple(_PASTED):
        message = "this line begins with characters that only look like spaces"
        return Told(here, "indentation", message, "delete them and type spaces instead", key=True)
    near = meant(word, known)
    hint = f'did you mean "{near}"?' if near else f"what can stand here: {', '.join(known)}"
    return Told(here, "unknown-key", f'"{word}" is not a word that can stand here', hint, key=True)


def _missing(error: Error, path: Path) -> Iterator[Told]:
    part = error.schema
    for word in error.validator_value:
        if word not in error.instance:
            example = _example(part["properties"][word])
            yield Told(
                path, "missing-key", f'{_name(path)} needs "{word}"', f"add  {word}: {example}".rstrip(), key=bool(path)
            )


def _example(part: Any) -> str:
    found = resolve(part)
    examples = found.get("examples") or found.get("x-examples", ["…"])  # what editors would spell out badly
    return _written(examples[0])


def _written(value: Any) -> str:
    """An example on one line, as it would stand in the file."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_written(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(_written, value))}]"
    return f'"{value}"' if re.search(r": |\{\{", str(value)) else str(value)


def _wrong_type(error: Error, path: Path) -> Iterator[Told]:
    hint = ""
    value, part = error.instance, error.schema
    expects_text = part.get("type") == "string"
    if isinstance(value, str) and (glued := _GLUED.fullmatch(value)):
        told = f'a space is missing after the colon in "{value}"'
        rest = glued[2].lstrip(_PASTED)
        if rest != glued[2]:
            told = f"after {glued[1]}: stands a character that only looks like a space"
        yield Told(path, "missing-space", told, f"write {glued[1]}: {rest}")
        return
    if expects_text and isinstance(value, int | float):
        has_form = "pattern" in part or part.get(ROLE) in _FORMED
        hint = f"say of what, for example  {value} hours" if part.get(ROLE) in _TIMED else ""
        hint = hint or f"for example  {_example(part)}" if has_form else f'put quotes around it: "{found(value)}"'
    elif part.get("type") == "array":
        pairs = part.get("items", {}).get("type") == "object" and isinstance(value, str)
        hint = f"for example  {_example(part)}" if pairs else _as_list(value)
    if value is None and not hint and (example := _example(part)) != "…" and isinstance(path[-1], str):
        hint = f"for example  {path[-1]}: {example}"
    wants = "a length of time" if part.get(ROLE) in _TIMED else _wants(error)
    yield Told(path, "wrong-type", f"{_name(path)} must be {wants}, not {found(value)}", hint)


def _as_list(value: Any) -> str:
    """What stands where a list belongs, written as one."""
    if isinstance(value, dict):
        return "put a hyphen and a space before each line"
    if value is None or isinstance(value, list):
        return ""
    items = [item.strip() for item in str(value).split(",") if item.strip()]
    return f"write  [{', '.join(_listable(item) for item in items)}]"


def _listable(item: str) -> str:
    return item if re.fullmatch(r"[\w .@+-]+", item) else f'"{item}"'


def _wrong_word(error: Error, path: Path) -> Iterator[Told]:
    message = f"{_name(path)} must be {_wants(error)}, not {found(error.instance)}"
    yield Told(path, "unknown-word", message, _near(error.instance, error.validator_value))


def _near(value: Any, words: Any) -> str:
    """The word of a list that somebody meant; ``skip`` is the start of only one, ``any time`` is ``any_time``."""
    if not isinstance(value, str) or not value:
        return ""
    known = [found(word).strip('"') for word in words]
    begun = [word for word in known if word.startswith(value.casefold())]
    near = begun[0] if len(begun) == 1 else meant(value, known, TYPES)
    return f'did you mean "{near}"?' if near else ""


def _wrong_version(error: Error, path: Path) -> Iterator[Told]:
    message = f"this version of busos reads version 1 of the language, not {found(error.instance)}"
    yield Told(path, "version", message, "write  version: 1")


def _wrong_form(error: Error, path: Path) -> Iterator[Told]:
    message = f"{_name(path)} must be {_wants(error)}, not {found(error.instance)}"
    yield Told(path, "form", message, f"for example  {_example(error.schema)}")


def _empty(error: Error, path: Path) -> Iterator[Told]:
    yield Told(path, "empty", f"{_name(path)} has nothing in it", "write something, or take it away")


def _too_many(error: Error, path: Path) -> Iterator[Told]:
    names = ", ".join(error.instance)
    message = f"{_name(path)} must be {_wants(error)}, and here are {len(error.instance)}: {names}"
    yield Told(path, "one-each", message, "start a new item with a hyphen for each")


def _twice(error: Error, path: Path) -> Iterator[Told]:
    seen: set[str] = set()
    for index, item in enumerate(error.instance):
        if repr(item) in seen:
            yield Told((*path, index), "one-each", f"{found(item)} stands twice in {_name(path)}", "keep one of them")
        seen.add(repr(item))


def _out_of_range(error: Error, path: Path) -> Iterator[Told]:
    message = f"{_name(path)} must be {error.validator_value} or more, not {found(error.instance)}"
    yield Told(path, "form", message, f"for example  {_example(error.schema)}")


def _too_long(error: Error, path: Path) -> Iterator[Told]:
    message = f"{_name(path)} has {len(error.instance)} characters; {error.validator_value} are allowed"
    yield Told(path, "form", message, "make it shorter")


def _one_way(error: Error, path: Path) -> Iterator[Told]:
    """A step with no verb or several, a branch with neither ``when`` nor ``otherwise``."""
    part = error.schema
    if "x-either" in part:
        yield from _either(error, path)
        return
    if not isinstance(error.instance, dict) or any(word not in part["properties"] for word in error.instance):
        return
    ways = [way["required"] for way in part["oneOf"]]
    written = [word for word in error.instance if [word] in ways]
    if ["otherwise"] in ways:
        message = "a branch says when it is taken and what happens then"
        yield Told(path, "branch", message, f"write  {part['x-wants']}")
    elif written:
        message = f"this step has {len(written)} verbs: {', '.join(written)}"
        yield Told(path, "two-verbs", message, "start a new step with a hyphen for each", key=True)
    else:
        message = "this step does not say what to do"
        hint = f"add one of  {', '.join(verbs())}"
        if len(error.instance) == 1 and path[-1:] != (0,):
            word = next(iter(error.instance))
            hint += f'; if "{word}" is for the step above, write it under that one, without the hyphen'
        yield Told(path, "no-verb", message, hint)


def _either(error: Error, path: Path) -> Iterator[Told]:
    """None, or several, of words of which there must be one."""
    part = error.schema
    if not isinstance(error.instance, dict):
        return  # told already: it is no mapping
    words = [way["required"][0] for way in part["oneOf"]]
    written = [word for word in words if word in error.instance]
    if written:
        message = f'"{written[1]}" cannot stand beside "{written[0]}"'
        yield Told((*path, written[1]), "either-or", message, part["x-either"], key=True)
    elif all(word in schema()["$defs"][part["x-of"]]["properties"] for word in error.instance):
        yield Told(path, "either-or", f"{_listed(words)} is missing here", part["x-either"])


def _several_ways(error: Error, path: Path) -> Iterator[Told]:
    """Of several ways to write a value: the mistake in the one that was meant, or all the ways there are."""
    part = error.schema
    if belongs := part.get("x-belongs"):
        yield from _misplaced(path, belongs[0], belongs[1:], error.instance)
        return
    meant = [index for index, way in enumerate(part["anyOf"]) if "type" in way and fits(error.instance, way)]
    inner = [one for one in error.context if one.schema_path[0] in meant and one.validator != "pattern"]
    if inner:
        for one in inner:
            yield from _tell(one)
        return
    words = [word for way in part["anyOf"] for word in way.get("enum", ())]
    message = f"{_name(path)} must be {_wants(error)}, not {found(error.instance)}"
    number = isinstance(error.instance, int | float) and not isinstance(error.instance, bool)
    timed = number and any(way.get(ROLE) in _TIMED for way in part["anyOf"])
    if timed:
        hint = f"say of what, for example  {error.instance} days"
    else:
        hint = (
            f'put quotes around it: "{found(error.instance)}"' if number and not words else _near(error.instance, words)
        )
    yield Told(path, "unknown-word" if words else "wrong-type", message, hint)


def _dependent(error: Error, path: Path) -> Iterator[Told]:
    for word, owners in error.validator_value.items():
        if word in error.instance and owners[0] not in error.instance:
            if error.schema[ROLE] == "step":
                yield from _misplaced(path, word, owners, error.instance)
            else:
                message = f'"{word}" belongs to "{owners[0]}", and there is none here'
                yield Told((*path, word), "misplaced-key", message, "take it away", key=True)


def _misplaced(path: Path, word: str, owners: list[str], step: Any) -> Iterator[Told]:
    if not any(verb in step for verb in verbs()):
        return
    belongs = " or ".join(f'"{owner}"' for owner in owners)
    message = f'"{word}" belongs to a step with {belongs}, and this step has none'
    yield Told((*path, word), "misplaced-key", message, "move it there, or take it away", key=True)


_TABLE: dict[str, Callable[[Error, Path], Iterator[Told]]] = {
    "additionalProperties": _unknown_keys,
    "anyOf": _several_ways,
    "const": _wrong_version,
    "dependentRequired": _dependent,
    "enum": _wrong_word,
    "maxLength": _too_long,
    "maxProperties": _too_many,
    "minItems": _empty,
    "minLength": _empty,
    "minProperties": _empty,
    "minimum": _out_of_range,
    "oneOf": _one_way,
    "pattern": _wrong_form,
    "required": _missing,
    "type": _wrong_type,
    "uniqueItems": _twice,
}

"""Problems as text for people, JSON for programs, annotations for GitHub, SARIF for code scanners."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.errors import Problem, Severity
from engine.language.document import Lines

_WIDTH = 100
_LEAD = 30
_RESET, _BOLD, _RED, _YELLOW, _BLUE = "\x1b[0m", "\x1b[1m", "\x1b[31m", "\x1b[33m", "\x1b[34m"
_COLOURS = {Severity.ERROR: _RED, Severity.WARNING: _YELLOW}
_DOCS = "docs/rules"


def as_text(problems: Sequence[Problem], sources: Mapping[str, str], file: str, *, colour: bool = False) -> str:
    """Every problem with its source line and carets, then how many there are in ``file``.

    ``sources`` holds the text of each file by the name that the problems use.
    """
    lines = {name: Lines(text.removeprefix("\ufeff")) for name, text in sources.items()}
    blocks = [_block(one, lines.get(one.file), colour) for one in problems]
    return "".join(f"{block}\n" for block in [*blocks, summary(problems, file)])


def summary(problems: Sequence[Problem], file: str) -> str:
    """``3 errors, 0 warnings in sequences.yaml``."""
    errors = sum(one.severity is Severity.ERROR for one in problems)
    return f"{_counted(errors, 'error')}, {_counted(len(problems) - errors, 'warning')} in {file}"


def as_json(problems: Sequence[Problem]) -> str:
    """``{"ok": …, "problems": […]}``; ok is false when there is an error."""
    ok = all(one.severity is not Severity.ERROR for one in problems)
    return json.dumps({"ok": ok, "problems": records(problems)}, ensure_ascii=False, indent=2) + "\n"


def records(problems: Sequence[Problem]) -> list[dict[str, Any]]:
    """Problems for JSON."""
    return [_record(one) for one in problems]


def as_github(problems: Sequence[Problem]) -> str:
    """Workflow commands that put an annotation at each place."""
    return "".join(f"{_command(one)}\n" for one in problems)


def as_sarif(problems: Sequence[Problem], version: str = "") -> str:
    """A SARIF 2.1.0 log. ``version`` is busos's own."""
    rules = sorted({one.rule for one in problems})
    driver: dict[str, Any] = {"name": "busos", "rules": [_sarif_rule(rule) for rule in rules]}
    if version:
        driver["semanticVersion"] = version
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_sarif_result(one, rules.index(one.rule)) for one in problems],
    }
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return json.dumps({"$schema": schema, "version": "2.1.0", "runs": [run]}, ensure_ascii=False, indent=2) + "\n"


# -- Text -------------------------------------------------------------------------------------


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


def _block(one: Problem, lines: Lines | None, colour: bool) -> str:
    return "\n".join(
        [_headline(one, colour), *(_excerpt(one, lines, colour) if lines else ()), *_asides(one, len(str(one.line)))]
    )


def _headline(one: Problem, colour: bool) -> str:
    severity = _paint(f"{one.severity}:", _COLOURS[one.severity], colour)
    place = _paint(f"{one.file}:{one.line}:{one.column}:", _BOLD, colour)
    return f"{place} {severity} {_plain(one.message)}  [{one.rule}]"


def _excerpt(one: Problem, lines: Lines, colour: bool) -> Iterator[str]:
    """The line with carets under the place; a line that is too long is cut around it."""
    text = lines.line(one.line)
    length = max(1, one.end_column - one.column)
    start = 0 if len(text) <= _WIDTH else max(0, min(one.column - 1 - _LEAD, len(text) - _WIDTH))
    shown, left = text[start : start + _WIDTH], "..." if start else ""
    right = "..." if start + _WIDTH < len(text) else ""
    indent = len(left) + one.column - 1 - start
    carets = "^" * min(length, len(left) + len(shown) - indent or 1)
    gutter = " " * len(str(one.line))
    yield f"{gutter} |"
    yield f"{one.line} | {left}{_plain(shown)}{right}".rstrip()
    yield f"{gutter} | {' ' * indent}{_paint(carets, _COLOURS[one.severity], colour)}"


def _plain(text: str) -> str:
    """A tab would move the carets, and a control character could do anything to a terminal."""
    return "".join(char if char.isprintable() else " " for char in text)


def _asides(one: Problem, gutter: int) -> Iterator[str]:
    for aside in (*one.notes, one.hint):
        if aside:
            yield f"{' ' * gutter} = {_plain(aside)}"


def _paint(text: str, code: str, colour: bool) -> str:
    return f"{code}{text}{_RESET}" if colour else text


# -- For programs -----------------------------------------------------------------------------


def _record(one: Problem) -> dict[str, Any]:
    return {
        "file": one.file,
        "line": one.line,
        "column": one.column,
        "end_line": one.end_line,
        "end_column": one.end_column,
        "severity": str(one.severity),
        "rule": one.rule,
        "message": _whole_message(one),
        "hint": one.hint,
    }


def _whole_message(one: Problem) -> str:
    return "; ".join((one.message, *one.notes))


def _command(one: Problem) -> str:
    properties = {
        "file": one.file,
        "line": one.line,
        "col": one.column,
        "endLine": one.end_line,
        "endColumn": one.end_column,
        "title": one.rule,
    }
    settings = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    text = f"{_whole_message(one)}\n{one.hint}" if one.hint else _whole_message(one)
    return f"::{one.severity} {settings}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _sarif_rule(rule: str) -> dict[str, Any]:
    return {"id": rule, "help": {"text": f"See {_DOCS}/{rule}.md"}}


def _sarif_result(one: Problem, index: int) -> dict[str, Any]:
    region = {
        "startLine": one.line,
        "startColumn": one.column,
        "endLine": one.end_line,
        "endColumn": max(one.end_column, one.column + 1),
    }
    text = f"{_whole_message(one)}. {one.hint}" if one.hint else _whole_message(one)
    return {
        "ruleId": one.rule,
        "ruleIndex": index,
        "level": str(one.severity),
        "message": {"text": text},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": one.file}, "region": region}}],
    }

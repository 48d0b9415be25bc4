"""Writes the parts of the documentation that repeat what the code says: ``python docs/generate.py``.

The settings come from ``SETTINGS``, the words from the schema of the language, the commands from ``busos --help``.
A generated part of a page stands between two comments; a test fails while a page says anything else.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # run as a script, from a checkout

import click  # noqa: E402

from engine.language.schema import resolve, schema  # noqa: E402
from engine.providers import providers  # noqa: E402
from engine.runtime.settings import SETTINGS, Setting  # noqa: E402
from server.cli.group import busos  # noqa: E402

_WIDTH = 90
_NOT_VALUES = ("none", "never ", "made ", "the ledger", "Notion's", "Resend's")  # defaults that are words for people


def documents() -> Mapping[Path, str]:
    """Every file with generated parts, as it must be."""
    return {
        ROOT / ".env.example": env_example(),
        ROOT / "docs/settings.md": _filled("docs/settings.md", {"settings": settings_table()}),
        ROOT / "docs/cli.md": _filled("docs/cli.md", {"commands": commands()}),
        ROOT / "docs/webhooks.md": _filled("docs/webhooks.md", {"providers": providers_table()}),
        ROOT / "docs/language.md": _filled("docs/language.md", {"words": words()}),
    }


def _filled(name: str, parts: Mapping[str, str]) -> str:
    text = (ROOT / name).read_text(encoding="utf-8")
    for part, content in parts.items():
        begin, end = f"<!-- generated: {part} -->", f"<!-- end of {part} -->"
        before, found, rest = text.partition(begin)
        if not found or end not in rest:
            raise SystemExit(f"{name} has no place for {part}: write {begin} and {end} where it belongs")
        text = f"{before}{begin}\n\n{content.strip()}\n\n{end}{rest.partition(end)[2]}"
    return text


# -- Settings -----------------------------------------------------------------------------------


def settings_table() -> str:
    """A row for each setting."""
    rows = [f"| `{one.name}` | {_default(one)} | {_cell(one.meaning)} |" for one in SETTINGS]
    return "\n".join(["| name | default | meaning |", "|---|---|---|", *rows])


def env_example() -> str:
    """``.env.example``: every setting, switched off, with what it means above it."""
    lines = [
        "# Settings of busos: copy this file to .env beside sequences.yaml and take the # away from what you set.",
        "# The real environment wins over this file. Without any of them nothing is sent to the outside.",
        "# Written by docs/generate.py.",
    ]
    for one in SETTINGS:
        told = one.default if _is_words(one.default) else ""
        secret = " Secret." if one.secret else ""
        default = f" Default: {told}." if told else ""
        value = "" if _is_words(one.default) else one.default
        lines += ["", f"# {one.meaning[0].upper()}{one.meaning[1:]}.{default}{secret}", f"# {one.name}={value}"]
    return "\n".join(lines) + "\n"


def _default(setting: Setting) -> str:
    return setting.default if _is_words(setting.default) else f"`{setting.default}`"


def _is_words(text: str) -> bool:
    return text.startswith(_NOT_VALUES)


# -- Providers ----------------------------------------------------------------------------------


def providers_table() -> str:
    """A row for each provider, and one for each field that it fills by name."""
    rows = ["| `from:` | secret | header | events |", "|---|---|---|---|"]
    for one in providers().values():
        events = ", ".join(f"`{event}`" for event in one.EVENTS)
        rows.append(f"| `{one.NAME}` | `{one.SETTING}` | `{one.HEADER}` | {events} |")
    rows += ["", "| a field called | is taken from |", "|---|---|"]
    names = dict.fromkeys(name for one in providers().values() for name in one.FIELDS)
    return "\n".join([*rows, *(f"| `{name}` | {_places(name)} |" for name in names)])


def _places(name: str) -> str:
    told = [(one.TITLE, one.FIELDS[name]) for one in providers().values() if name in one.FIELDS]
    return "; ".join(f"{title}: {' or '.join(f'`{path}`' for path in paths)}" for title, paths in told)


# -- Commands -----------------------------------------------------------------------------------


def commands() -> str:
    """A section for each command: what ``--help`` says."""
    parts = [f"## `{name}`\n\n```text\n{text}\n```" for name, text in helps(busos, "busos")]
    return "\n\n".join(parts)


def helps(command: click.Command, name: str, parent: click.Context | None = None) -> Iterator[tuple[str, str]]:
    """The help of a command and of all commands below it."""
    settings = {**command.context_settings, "terminal_width": _WIDTH, "max_content_width": _WIDTH}
    context = click.Context(command, info_name=name, parent=parent, **settings)
    yield context.command_path, click.unstyle(command.get_help(context)).rstrip()
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            found = command.get_command(context, below)
            if found is not None:
                yield from helps(found, below, context)


# -- Words --------------------------------------------------------------------------------------

_PARTS = (
    ("The whole file", ()),
    ("testing:", ("testing",)),
    ("email:", ("email",)),
    ("holidays: of a country", ("holidays",)),
    ("A field of contact:", ("contact", "*")),
    ("A trigger of triggers:", ("triggers", "*")),
    ("An item of also_require:", ("triggers", "*", "also_require", "*")),
    ("A sequence of sequences:", ("sequences", "*")),
    ("record: of a sequence", ("sequences", "*", "record")),
    ("A file with a blueprint", ("#blueprint_file",)),
    ("A blueprint of blueprints:", ("blueprints", "*")),
    ("An input of inputs:", ("blueprints", "*", "inputs", "*")),
    ("A step", ("sequences", "*", "steps", "*")),
    ("A secret of headers:", ("sequences", "*", "steps", "*", "headers", "*")),
    ("stop: of another sequence", ("sequences", "*", "steps", "*", "stop")),
    ("A branch of choose:", ("sequences", "*", "steps", "*", "choose", "*")),
    ("A test of tests:", ("tests", "*")),
    ("later: of a test", ("tests", "*", "later", "*")),
    ("expect: of a test", ("tests", "*", "expect")),
    ("An email of expect:", ("tests", "*", "expect", "emails", "*")),
)


def words() -> str:
    """A table for each mapping of the language: its words, what they mean, their defaults, an example."""
    return "\n\n".join(f"### {title}\n\n{_words_table(_part(path))}" for title, path in _PARTS)


def _part(path: tuple[str, ...]) -> Mapping[str, Any]:
    part: Mapping[str, Any] = schema()
    for name in path:
        if name.startswith("#"):  # a part that stands in files of its own
            part = part["$defs"][name[1:]]
            continue
        part = resolve(part)
        part = part.get("items", part.get("additionalProperties")) if name == "*" else part["properties"][name]
    return _mapping(resolve(part))


def _mapping(part: Mapping[str, Any]) -> Mapping[str, Any]:
    """The way of several ways to write something that is a mapping."""
    ways = [resolve(way) for way in part.get("anyOf", ())]
    return part if "properties" in part else next(way for way in ways if "properties" in way)


def _words_table(part: Mapping[str, Any]) -> str:
    rows = ["| word | meaning | default | example |", "|---|---|---|---|"]
    for name, word in part["properties"].items():
        found = resolve(word)
        default = _written(found["default"]) if found.get("default") else ""
        examples = " · ".join(_written(one) for one in found.get("examples", ())[:2])
        rows.append(f"| `{name}` | {_cell(found['description'])} | {default} | {examples} |")
    return "\n".join(rows)


def _written(value: Any) -> str:
    """A value as it stands in the file, on one line."""
    return f"`{_cell(_flow(value))}`"


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_flow(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(one) for one in value) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False) if re.search(r'^[\s*#&!%@`"\'{[]|[:,] |\{\{', value) else value
    return json.dumps(value)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def main() -> None:
    """Write every file that says something else than it should."""
    for path, text in documents().items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            click.echo(f"written: {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()

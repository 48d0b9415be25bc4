"""A blueprint: a sequence, or a block of steps, with inputs that stand in it as ``<name>``.

A value that is one input and nothing else becomes the value that was given, and keeps its place there; inside a text
the input's words are put in, and the place is the blueprint's, with a note that says which use it came from.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from engine.errors import Severity
from engine.language.document import Entries, Items, Lines, Node, Scalar, entries, items
from engine.language.including import Files, unfit_name
from engine.language.inputs import Input, Names, declared, flaw_of, words_of
from engine.language.shape import misfits
from engine.language.sources import ENDINGS
from engine.language.spelling import closest

USE, INPUTS, SEQUENCE, STEPS = "use", "inputs", "sequence", "steps"
_HOLE = re.compile(r"<([A-Za-z_][A-Za-z0-9_]*)>")
_EXAMPLE = "for example  use: blueprints/reminder.yaml"


@dataclass(frozen=True, slots=True)
class Blueprint:
    """What a blueprint asks for, and the sequence or the list of steps that it stands for."""

    name: str
    inputs: Mapping[str, Input]
    body: Entries | Items


# -- Finding it ---------------------------------------------------------------------------------


def is_missing(asked: Node, section: Node | None, files: Files) -> bool:
    """Whether there is nothing of the name that ``use:`` says, a file or one of ``blueprints:``; told if so."""
    name, before = asked.data, len(files.problems)
    if not isinstance(name, str):
        files.tell(asked, "wrong-type", '"use" must be the name of a blueprint', _EXAMPLE)
    elif not name.endswith(ENDINGS):
        _look_here(name, asked, section, files)
    elif reason := unfit_name(name):
        files.tell(asked, "include-path", f'"{name}" {reason}', _EXAMPLE)
    elif not files.there(name):
        files.tell(asked, "missing-blueprint", f'there is no file "{name}"', files.near(name))
    return len(files.problems) > before


def _look_here(name: str, asked: Node, section: Node | None, files: Files) -> None:
    names = section.data if isinstance(section, Entries) else {}
    if name not in names:
        near = closest(name, names)
        hint = f'did you mean "{near}"?' if near else f"name a file, {_EXAMPLE}"
        files.tell(asked, "missing-blueprint", f'no blueprint is called "{name}"', hint)


def find(name: str, asked: Node, section: Node | None, files: Files, names: Names) -> Blueprint | None:
    """The blueprint of a name that is there; None when it is wrong, which is told."""
    if name.endswith(ENDINGS):
        return _in_file(name, asked, files, names)
    node = section.pairs[name][1] if isinstance(section, Entries) else None
    if not isinstance(node, Entries) or misfits(node, "inline_blueprint"):  # told with the shape of the whole file
        return None
    return _made(name, node, node, files, names)


def _in_file(name: str, asked: Node, files: Files, names: Names) -> Blueprint | None:
    root = files.other(name, asked)
    if root is None:
        files.whole = False
        return None
    if told := misfits(root, "blueprint_file"):
        for span, one in told:
            files.tell(span, one.rule, one.message, one.hint)
        return None
    head = root.pairs["blueprint"][1]
    return _made(name, head, root, files, names)


def _made(name: str, head: Node, around: Entries, files: Files, names: Names) -> Blueprint | None:
    """A blueprint from where its inputs and its body stand; None when what it says of itself is wrong."""
    bodies = [around.pairs[word] for word in (SEQUENCE, STEPS) if word in around.pairs]
    if len(bodies) != 1:
        message = f'a blueprint has either a "sequence" or "steps", and this one has {"both" if bodies else "neither"}'
        files.tell(bodies[1][0] if bodies else around, "missing-key", message, "add  steps:  and below it what happens")
        return None
    body = bodies[0][1]
    asked = head.pairs.get(INPUTS) if isinstance(head, Entries) else None
    inputs = declared(asked[1] if asked else None)
    before = len(files.problems)
    _check_inputs(inputs, body, files, names)
    wrong = any(one.severity is Severity.ERROR for one in files.problems[before:])
    return Blueprint(name, inputs, body) if isinstance(body, Entries | Items) and not wrong else None


# -- Checking it --------------------------------------------------------------------------------


def _check_inputs(inputs: Mapping[str, Input], body: Node, files: Files, names: Names) -> None:
    for one in inputs.values():
        if one.default is not None and (flaw := flaw_of(one, one.default, names)):
            files.tell(one.default, flaw.rule, flaw.message, flaw.hint)
    used = set(_holes(body, inputs, files))
    for one in inputs.values() if used <= set(inputs) else ():
        if one.name not in used:
            message = f'the input "{one.name}" is not used: nothing says <{one.name}>'
            files.tell(one.key, "unused-input", message, "take it away", severity=Severity.WARNING)


def _holes(node: Node, inputs: Mapping[str, Input], files: Files) -> Iterator[str]:
    """The inputs that stand in a body; one that is not declared is told, like another blueprint in it."""
    if isinstance(node, Entries):
        for word, (key, value) in node.pairs.items():
            if word == USE:
                files.tell(key, "nested-blueprint", "a blueprint cannot use another one", "write its steps out here")
            yield from _holes(key, inputs, files)
            yield from _holes(value, inputs, files)
    elif isinstance(node, Items):
        for child in node.children:
            yield from _holes(child, inputs, files)
    elif isinstance(node.data, str):
        for name in _HOLE.findall(node.data):
            yield name
            if name not in inputs:
                _undeclared(name, node, inputs, files)


def _undeclared(name: str, node: Node, inputs: Mapping[str, Input], files: Files) -> None:
    near = closest(name, inputs)
    hint = f'did you mean "<{near}>"?' if near else f"declare it:  inputs: {{{name}: {{type: text}}}}"
    files.tell(node, "unknown-input", f'no input of this blueprint is called "{name}"', hint)


# -- Filling it in ------------------------------------------------------------------------------


def filled(node: Node, values: Mapping[str, Node], home: Lines) -> Node:
    """The body with a value for each input; what the blueprint itself says stands in ``home``."""
    if isinstance(node, Entries):
        named = [(_text(key, values, home), filled(value, values, home)) for key, value in node.pairs.values()]
        return entries(node, {str(key.data): (key, value) for key, value in named}, home=home)
    if isinstance(node, Items):
        return items(node, [filled(child, values, home) for child in node.children], home=home)
    alone = _HOLE.fullmatch(node.data) if isinstance(node.data, str) else None
    return values[alone[1]] if alone else _text(node, values, home)


def grown(node: Node, values: Mapping[str, Node]) -> int:
    """How many characters the inputs put into the texts of a body."""
    if isinstance(node, Entries):
        return sum(grown(key, values) + grown(value, values) for key, value in node.pairs.values())
    if isinstance(node, Items):
        return sum(grown(child, values) for child in node.children)
    return sum(len(words_of(values[name].data)) for name in _HOLE.findall(str(node.data)))


def _text(node: Node, values: Mapping[str, Node], home: Lines) -> Scalar:
    """A text with the words of its inputs put in; any other value as it is."""
    data = node.data
    if isinstance(data, str):
        data = _HOLE.sub(lambda hole: words_of(values[hole[1]].data), data)
    return Scalar(node.start, node.end, data, home=home)

"""The whole file as the engine sees it, as YAML: parts put together, aliases and blueprints written out.

Each named thing, each item of a list, and whatever comes from another file than what is around it, says in a remark
where it is written. What is read again from this text compiles to the same programs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from engine.language.document import Document, Entries, Items, Lines, Node, Pairs, Path, Scalar
from engine.language.scalars import resolve
from engine.language.schema import schema

_LEFT_OUT = ("include", "blueprints")
_PLAIN = re.compile(r"[A-Za-z0-9_(](?:[\w.@/+=<>()-]| (?![ #]))*(?<! )", re.ASCII)
_WIDTH = 100
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}
_REMARK = "  # "
_LISTS = ("steps", "then", "otherwise")
# What is so where nothing is said; the words of the schema whose default would change nothing if it was written.
_DEFAULTS: Mapping[str, tuple[str, ...]] = {
    "file": ("timezone",),
    "sequence": ("if_already_in", "again_after"),
    "trigger": ("unknown_contact",),
    "step": ("if_it_fails",),
}


def effective(document: Document, *, defaults: bool = False) -> str:
    """The text. With ``defaults``, what is so where nothing is said stands in it too."""
    return "".join(f"{line}\n" for line in _Writer(document, defaults).whole())


@dataclass(frozen=True, slots=True)
class _Writer:
    document: Document
    defaults: bool

    def whole(self) -> Iterator[str]:
        """The lines."""
        root = self.document.root
        for word, (key, value) in root.pairs.items():
            if word not in _LEFT_OUT:
                yield from self._pair(key, value, (word,), root.home)
        yield from self._unsaid(root.pairs, ())

    def _pair(self, key: Scalar, value: Node, path: Path, around: Lines) -> Iterator[str]:
        start = f"{'  ' * (len(path) - 1)}{_scalar(key.data)}:"
        named = len(path) == 2 and isinstance(path[1], str)
        elsewhere = value.home is not around and len(path) > 1
        place = _place(key) if named else _place(value) if elsewhere else ""
        if isinstance(flat := _flat(value), str) and not _opened(value, path):
            yield _remarked(f"{start} {flat}", place)
            return
        yield _remarked(start, place)
        yield from self._block(value, path)

    def _block(self, node: Node, path: Path) -> Iterator[str]:
        if isinstance(node, Items):
            for index, child in enumerate(node.children):
                yield from self._item(child, (*path, index))
            return
        pairs = node.pairs if isinstance(node, Entries) else {}
        for word, (key, value) in pairs.items():
            yield from self._pair(key, value, (*path, word), node.home)
        yield from self._unsaid(pairs, path)

    def _item(self, node: Node, path: Path) -> Iterator[str]:
        start = f"{'  ' * (len(path) - 1)}- "
        if isinstance(flat := _flat(node), str) and not _opened(node, path):
            yield _remarked(f"{start}{flat}", _place(node))
            return
        first, *rest = self._block(node, path)
        text, remark, other = first[len(start) :].partition(_REMARK)
        yield _remarked(f"{start}{text}", f"{other}, for {_place(node)}" if remark else _place(node))
        yield from rest

    def _unsaid(self, pairs: Pairs, path: Path) -> Iterator[str]:
        kind = _kind(path)
        for word in _DEFAULTS.get(kind, ()) if self.defaults and "wait" not in pairs else ():
            if word not in pairs:
                yield _remarked(f"{'  ' * len(path)}{word}: {_scalar(_default(kind, word))}", "default")


def _kind(path: Path) -> str:
    """What a mapping at a path is, as far as it has words with defaults."""
    if _is_step(path):
        return "step"
    if len(path) == 2:
        return {"sequences": "sequence", "triggers": "trigger"}.get(str(path[0]), "")
    return "" if path else "file"


def _is_step(path: Path) -> bool:
    return len(path) > 3 and path[0] in ("sequences", "triggers") and path[-2] in _LISTS


def _opened(node: Node, path: Path) -> bool:
    """Whether a value is written on lines of its own however short it is: sequences, triggers and their steps."""
    if isinstance(node, Entries):
        return bool(node.pairs and _kind(path))
    return isinstance(node, Items) and bool(node.children) and _is_step((*path, 0))


def _default(kind: str, word: str) -> object:
    part = schema() if kind == "file" else schema()["$defs"][kind]
    return part["properties"][word]["default"]


def _place(node: Node) -> str:
    span = node.span
    return f"{span.file}:{span.line}"


def _remarked(line: str, place: str) -> str:
    return f"{line}{_REMARK}{place}" if place else line


# -- Values -------------------------------------------------------------------------------------


def _flat(node: Node) -> str | None:
    """A value on one line; None for a list or mapping that is long, stood on several lines, or has several origins."""
    if isinstance(node, Entries):
        children = [value for _, value in node.pairs.values()]
        names = [f"{_scalar(name)}: " for name in node.pairs]
        signs = "{}"
    elif isinstance(node, Items):
        children, names, signs = list(node.children), [""] * len(node.children), "[]"
    else:
        return _scalar(node.data)
    parts = [_flat(child) for child in children]
    if None in parts or any(child.home is not node.home for child in children) or (children and not node.flow):
        return None
    text = signs[0] + ", ".join(map("{}{}".format, names, parts)) + signs[1]
    return text if len(text) < _WIDTH or not children else None


def _scalar(value: object) -> str:
    """A text, a number, true, false or nothing, so that it is read as the same again."""
    if value is None:
        return "null"
    if not isinstance(value, str):
        return str(value).lower()
    plain = _PLAIN.fullmatch(value) and isinstance(resolve(value), str)
    return value if plain else f'"{"".join(map(_escaped, value))}"'


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"

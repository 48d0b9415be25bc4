"""``include:``: several files as one. Each part keeps its places; a name that is defined twice is refused.

Only the main file includes, so that no circle can arise; only files in its folder and below are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

from engine.errors import Problem, Severity
from engine.language.composing import Shared
from engine.language.document import Entries, Items, Lines, Node, Scalar, Span, entries, items, place_problem
from engine.language.reading import MAX_BYTES, read_file
from engine.language.schema import schema
from engine.language.shape import found, unknown_key
from engine.language.sources import ENDINGS, Bundle, Sources, Unreachable, is_pattern
from engine.language.spelling import closest

MAX_FILES = 200
MAX_ALL_BYTES = 4 * MAX_BYTES
INCLUDE = "include"
_MERGE = "x-include"


@dataclass(slots=True)
class Files:
    """The files of one document while they are read, and the problems on the way."""

    file: str
    sources: Sources
    problems: list[Problem] = field(default_factory=list)
    shared: Shared = field(default_factory=Shared)
    texts: dict[str, str] = field(default_factory=dict)
    roots: dict[str, Entries | None] = field(default_factory=dict)
    length: int = 0
    whole: bool = True
    """Whether everything that was included could be read and written out."""

    @property
    def name(self) -> str:
        """The name of the main file in its folder."""
        return PurePath(self.file).name

    def main(self, text: str | bytes) -> tuple[Entries | None, Lines]:
        """The values of the main file, None where YAML cannot read it."""
        reading = read_file(text, self.file, self.shared)
        self.problems += reading.troubled
        self.texts[self.name] = reading.lines.text
        return reading.root, reading.lines

    def other(self, name: str, asked: Node) -> Entries | None:
        """The values of another file; what is in its way is told there, or where it is asked for."""
        if name not in self.roots:
            self.roots[name] = self._read(name, asked)
        return self.roots[name]

    def _read(self, name: str, asked: Node) -> Entries | None:
        raw = self._raw(name, asked)
        if raw is None:
            return None
        reading = read_file(raw, self.path(name), self.shared)
        empty = all(one.rule == "empty-file" for one in reading.troubled)
        self.problems += () if empty else reading.troubled
        self.texts[name] = reading.lines.text
        return reading.root or (entries(Scalar(0, 0, None, home=reading.lines), {}) if empty else None)

    def _raw(self, name: str, asked: Node) -> bytes | None:
        if len(self.texts) > MAX_FILES:
            self.tell(asked, "too-large", f"more than {MAX_FILES} files are read", "put several of them into one")
            return None
        try:
            raw = self.sources.read(name)
        except Unreachable as reason:
            self.tell(asked, "include-path", f'"{name}" {reason}', "only files in this folder and below can be read")
            return None
        self.length += len(raw)
        if self.length > MAX_ALL_BYTES:
            message = f'with "{name}" the files have more than {MAX_ALL_BYTES:,} bytes together'
            self.tell(asked, "too-large", message, "take out what is no longer used")
            return None
        return raw

    def there(self, name: str) -> bool:
        """Whether there is a file of that name."""
        return name in self.texts or bool(self.sources.matching(name))

    def near(self, name: str) -> str:
        """Which file may be meant by a name that none has."""
        folder, slash, _ = name.rpartition("/")
        near = closest(name, self.sources.matching(f"{folder}{slash}*"))
        return f'did you mean "{near}"?' if near else "names are meant from the folder of the main file"

    def path(self, name: str) -> str:
        """A file as problems call it."""
        return self.file[: len(self.file) - len(self.name)] + name

    def bundle(self) -> Bundle:
        """Everything that was read."""
        return Bundle(self.name, dict(self.texts))

    def tell(
        self, at: Node | Span, rule: str, message: str, hint: str = "", *, severity: Severity = Severity.ERROR
    ) -> None:
        """Note a problem at a value."""
        span = at if isinstance(at, Span) else at.span
        self.problems.append(place_problem(self.file, span, rule, message, hint=hint, severity=severity))


def include(root: Entries, files: Files) -> Entries:
    """The main file with what its ``include:`` names merged into it."""
    pairs = dict(root.pairs)
    if INCLUDE not in pairs:
        return root
    for name, asked in _names(pairs[INCLUDE][1], files):
        other = files.other(name, asked)
        files.whole = files.whole and other is not None
        for word, (key, value) in other.pairs.items() if other else ():
            _take(pairs, key, value, word, files)
    return entries(root, pairs)


# -- Which files --------------------------------------------------------------------------------


def _names(node: Node, files: Files) -> Iterator[tuple[str, Node]]:
    """Each file once, with the text that asks for it; what is no text is told by the schema."""
    seen = {files.name}
    for number, asked in enumerate(node.children if isinstance(node, Items) else [node]):
        if number > MAX_FILES:
            files.tell(asked, "too-large", f"more than {MAX_FILES} names are listed", 'write  "campaigns/*.yaml"')
            files.whole = False
            return
        if isinstance(asked.data, str) and not _refused(asked.data, asked, files):
            for name in _matching(asked.data, asked, files):
                if name not in seen:
                    seen.add(name)
                    yield name, asked


def _matching(pattern: str, asked: Node, files: Files) -> Sequence[str]:
    if not is_pattern(pattern):
        if pattern == files.name:
            files.tell(asked, "include-path", "the file would include itself", "take it away")
        return [pattern]
    names = files.sources.matching(pattern)
    if not names:
        hint = 'the star stands for any part of a name, as in  include: "campaigns/*.yaml"'
        files.tell(asked, "missing-include", f'no file is called "{pattern}" here', hint)
        files.whole = False
    return names


def _refused(name: str, asked: Node, files: Files) -> bool:
    """Whether a name cannot be one of a file in the folder of the main file; told if so."""
    if reason := unfit_name(name):
        files.tell(asked, "include-path", f'"{name}" {reason}', 'for example  include: "campaigns/*.yaml"')
    elif not is_pattern(name) and not files.there(name):
        files.tell(asked, "missing-include", f'there is no file "{name}"', files.near(name))
    else:
        return False
    files.whole = False
    return True


def unfit_name(name: str) -> str:
    """Why a name cannot be one of a file in the folder of the main file or below; empty if it can."""
    parts = name.split("/")
    if "\\" in name:
        return "has a backslash in it; folders are separated by /"
    if "://" in name or name.startswith(("/", "~")) or ":" in parts[0]:
        return "must be a name from the folder of this file, not a whole address"
    if ".." in parts:
        return "leads out of the folder of this file"
    if "**" in parts:
        return "has two stars in it: name each folder, or write one star for any"
    if "" in parts or "." in parts or not name.isprintable():
        return "is not the name of a file"
    return "" if name.endswith(ENDINGS) or parts[-1].endswith("*") else "does not end in .yaml"


# -- Merging ------------------------------------------------------------------------------------


def _take(pairs: dict[str, tuple[Scalar, Node]], key: Scalar, value: Node, word: str, files: Files) -> None:
    """Put a part of an included file where it belongs."""
    part = schema()["properties"].get(word)
    if part is None:
        _strange(key, word, pairs, files)
    elif word == "version":
        if value.data != 1:
            message = f"this version of busos reads version 1 of the language, not {found(value.data)}"
            files.tell(value, "version", message, "write  version: 1, or leave it out here")
    elif part.get(_MERGE) is None:
        message = f'"{word}" can stand only in the main file, and this one is included by {files.name}'
        files.tell(key, "main-only", message, f"move it to {files.name}")
    elif word not in pairs:
        pairs[word] = key, value
    else:
        pairs[word] = pairs[word][0], _joined(word, pairs[word], (key, value), files)


def _strange(key: Scalar, word: str, pairs: dict[str, tuple[Scalar, Node]], files: Files) -> None:
    if word == "blueprint":
        message = "this file is a blueprint: it is not included but used"
        files.tell(key, "include-path", message, f"write  use: …  under a sequence, and keep it out of {INCLUDE}:")
        return
    told = unknown_key(word, list(schema()["properties"]), ())
    files.tell(key, told.rule, told.message, told.hint)


def _joined(word: str, first: tuple[Scalar, Node], second: tuple[Scalar, Node], files: Files) -> Node:
    """A part of the main file and the same part of an included one; on a shape that is wrong, the first."""
    (key, one), (again, other) = first, second
    if word == "segments":
        _twice(word, key, again, files)
    elif isinstance(one, Items) and isinstance(other, Items):
        return items(one, [*one.children, *other.children])
    elif isinstance(one, Entries) and isinstance(other, Entries):
        return _union(one, other, files)
    elif type(other) is not type(one) and isinstance(one, Entries | Items):
        wanted = "a list" if isinstance(one, Items) else "lines of  key: value"
        files.tell(
            other if other.end > other.start else again,
            "wrong-type",
            f'"{word}" must be {wanted}, not {found(other.data)}',
        )
    return one


def _union(one: Entries, other: Entries, files: Files) -> Entries:
    pairs = dict(one.pairs)
    for name, (key, value) in other.pairs.items():
        if name in pairs:
            _twice(name, pairs[name][0], key, files)
        else:
            pairs[name] = key, value
    return entries(one, pairs)


def _twice(name: str, first: Node, second: Node, files: Files) -> None:
    place = first.span
    message = f'"{name}" is defined twice: first at {place.file}:{place.line}:{place.column}, and again here'
    files.tell(second, "defined-twice", message, "keep one of the two")

"""Templates from a folder: NAME.md or NAME.html, each with front matter between two lines of ``---``."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import yaml

from engine.model import TemplateText
from engine.rendering import TemplateFlaw

_FORMATS = {".md": "markdown", ".html": "html"}
_KEYS = ("subject", "preheader", "active")
_MAX_FRONT_MATTER = 4_000
_MAX_NAME = 200
_AROUND = ("*.yaml", "*.yml", "*/*.yaml", "*/*.yml")
_MOST_FILES = 200
_MOST_BYTES = 1_000_000
SETTLED = 0.2
"""Seconds after which a file that changed is taken for saved: editors empty a file, and then write it."""
PATIENCE = 2.0
"""Seconds to wait for a file that goes on changing, where nothing is known of it from before."""
_EXAMPLE = 'begin the file with a line of ---, a line  subject: "Hello {{ first_name }}"  and a line of ---'


Stamp = tuple[tuple[str, int, int], ...]
"""Which files there are: name, time of the last change, size."""


@dataclass(frozen=True, slots=True)
class _Copy:
    """What a template said when its files had these stamps."""

    stamp: Stamp
    found: TemplateText | TemplateFlaw | None


class FileTemplates:
    """The templates in a folder, read again when a file changes.

    A template that is not one yet (no subject, broken front matter, both NAME.md and NAME.html) makes
    ``find`` raise ``TemplateFlaw`` with the file and the line; what is wrong inside its text is for
    ``engine.rendering.variables`` to say. While a file is being saved, the template is what it was before.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._copies: dict[str, _Copy] = {}

    def find(self, name: str) -> TemplateText | None:
        """The template, or None when there is none of that name in the folder (or it is switched off)."""
        found = self._find(name)
        if isinstance(found, TemplateFlaw):
            raise TemplateFlaw(found.message, found.line, found.excerpt, found.origin)
        return found if found and found.active else None

    def names(self) -> Sequence[str]:
        """Every template in the folder, sorted; those that are switched off or broken too."""
        if not self.folder.is_dir():
            return []
        files = [path for path in self.folder.iterdir() if path.suffix in _FORMATS and path.is_file()]
        return sorted({path.stem for path in files if not path.name.startswith(".")})

    def spare(self, used: Collection[str]) -> Sequence[str]:
        """The templates that could be sent, are not used, and that no YAML file around the folder names either."""
        left = [name for name in self.names() if name not in used and self._could_be_sent(name)]
        said = _words_of_files_around(self.folder) if left else frozenset()
        return [name for name in left if name not in said]

    def _could_be_sent(self, name: str) -> bool:
        return isinstance(found := self._find(name), TemplateText) and found.active

    def edition(self) -> object:
        """Something else after any file of the folder has changed, and once more when it is surely saved."""
        paths = [path for name in self.names() for path in self._paths(name)]
        return _stamp(paths), being_saved(self.folder, *paths)

    def _paths(self, name: str) -> Sequence[Path]:
        """Where the template may be: nowhere for a name that points out of the folder."""
        if not name or name.startswith(".") or len(name.encode("utf-8", "replace")) > _MAX_NAME:
            return []
        if any(character in "/\\:\0" for character in name):
            return []
        return [self.folder / (name + ending) for ending in _FORMATS]

    def _find(self, name: str) -> TemplateText | TemplateFlaw | None:
        paths, until = self._paths(name), time.monotonic() + PATIENCE
        while True:
            stamp, copy = _stamp(paths), self._copies.get(name)
            if copy is not None and copy.stamp == stamp:
                return copy.found
            # where there is no file, one may have gone just now, to come back in a moment
            unsettled = being_saved(*paths) if stamp else being_saved(self.folder)
            if unsettled and copy is not None and isinstance(copy.found, TemplateText):
                return copy.found
            found = _read(name, [path for path in paths if path.is_file()])
            whole = stamp == _stamp(paths) and not (unsettled and stamp)
            if whole or time.monotonic() > until:
                self._copies[name] = _Copy(stamp, found)
                return found
            time.sleep(SETTLED / 4)


def _words_of_files_around(folder: Path) -> frozenset[str]:
    """Every word of the YAML files beside a folder of templates and one level below: several may share it."""
    home, words = folder.parent, set[str]()
    for path in itertools.islice(itertools.chain.from_iterable(map(home.glob, _AROUND)), _MOST_FILES):
        with suppress(OSError):
            words.update(re.findall(r"[\w-]+", path.read_bytes()[:_MOST_BYTES].decode("utf-8", "replace")))
    return frozenset(words)


def being_saved(*paths: Path) -> bool:
    """Whether one of them changed just now: it may be half of what it is going to be."""
    changed = [at / 1e9 for _, at, _ in _stamp(paths)]
    return any(0 <= time.time() - at < SETTLED for at in changed)


def _stamp(paths: Iterable[Path]) -> Stamp:
    found = []
    for path in paths:
        with suppress(OSError):
            status = path.stat()
            found.append((path.name, status.st_mtime_ns, status.st_size))
    return tuple(found)


def _read(name: str, paths: Sequence[Path]) -> TemplateText | TemplateFlaw | None:
    if len(paths) > 1:
        message = f"there is also {paths[1].name}: delete or rename one of the two"
        return TemplateFlaw(message, 1, "", str(paths[0]))
    return _parsed(name, paths[0]) if paths else None


def _parsed(name: str, path: Path) -> TemplateText | TemplateFlaw:
    try:
        return _template(name, path)
    except TemplateFlaw as flaw:
        return TemplateFlaw(flaw.message, flaw.line, flaw.excerpt, str(path))
    except OSError as error:
        return TemplateFlaw(f"the file cannot be read: {error.strerror}", 1, "", str(path))


def _template(name: str, path: Path) -> TemplateText:
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError:
        raise TemplateFlaw("the file is not UTF-8 text: save it as UTF-8", 1, "") from None
    if not lines[0].strip() and "\n".join(lines).split()[:1] == ["---"]:
        raise TemplateFlaw("the front matter begins on the first line: delete the empty line above ---", 1, "")
    if lines[0].rstrip() != "---":
        raise TemplateFlaw(f"there is no front matter; {_EXAMPLE}", 1, lines[0][:80])
    end = next((n for n, line in enumerate(lines[1:], 1) if line.rstrip() == "---"), None)
    if end is None:
        raise TemplateFlaw("the front matter does not end: put a line of --- after it", 1, lines[0])
    given = _front_matter("\n".join(lines[1:end]))
    if not given.get("subject", "").strip():
        raise TemplateFlaw(f"the front matter has no subject; {_EXAMPLE}", 1, "")
    return TemplateText(
        name=name,
        subject=given["subject"].strip(),
        preheader=given.get("preheader", "").strip(),
        active=given.get("active", "true") == "true",
        body="\n".join(lines[end + 1 :]),
        body_line=end + 2,
        format="html" if path.suffix == ".html" else "markdown",
        origin=str(path),
    )


# -- Front matter -----------------------------------------------------------------------------


def _front_matter(text: str) -> dict[str, str]:
    """The keys and their texts. Raises ``TemplateFlaw`` at the line of the file."""
    if len(text) > _MAX_FRONT_MATTER:
        raise TemplateFlaw("the front matter is too long: subject, preheader and active are all it holds", 1, "")
    given: dict[str, str] = {}
    for key, value in _entries(text):
        line = key.start_mark.line + 2
        if key.value not in _KEYS:
            raise TemplateFlaw(_no_such_key(str(key.value)), line, _line(text, line))
        if key.value in given:
            raise TemplateFlaw(f"{key.value} is given twice: delete one", line, _line(text, line))
        if not isinstance(value, yaml.ScalarNode):
            raise TemplateFlaw(f"put quotes around what {key.value} says", line, _line(text, line))
        if key.value == "active" and value.value not in {"true", "false"}:
            raise TemplateFlaw(f'active is true or false, not "{value.value}"', line, _line(text, line))
        given[key.value] = value.value
    return given


def _entries(text: str) -> Sequence[tuple[yaml.Node, yaml.Node]]:
    """The pairs as nodes, so that every value is plain text with a place."""
    try:
        root = yaml.compose(text, yaml.BaseLoader)
    except yaml.MarkedYAMLError as error:
        line = (error.problem_mark.line if error.problem_mark else 0) + 2
        message = "this is not understood: put quotes around the text after the colon"
        raise TemplateFlaw(message, line, _line(text, line)) from None
    except (yaml.YAMLError, RecursionError):
        raise TemplateFlaw("the front matter is not understood", 1, "") from None
    if root is None:
        return []
    if not isinstance(root, yaml.MappingNode):
        raise TemplateFlaw(f"the front matter is not understood; {_EXAMPLE}", 2, _line(text, 2))
    entries: list[tuple[yaml.Node, yaml.Node]] = root.value
    return entries


def _line(text: str, line: int) -> str:
    lines = text.split("\n")
    return lines[min(line - 2, len(lines) - 1)].strip()[:80]


def _no_such_key(key: str) -> str:
    near = get_close_matches(key, _KEYS, 1)
    guess = f'did you mean "{near[0]}"?' if near else "there are: " + ", ".join(_KEYS)
    return f'the front matter has no key "{key}"; {guess}'

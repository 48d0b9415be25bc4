"""What is wrong with the files on somebody's desk: open ones as they are typed, the others as they are saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine.adapters.files import FileTemplates
from engine.errors import Problem
from engine.language.book import Shelf
from engine.language.checking import read_and_check
from engine.language.document import Document
from engine.language.folder import Folder, content, names
from engine.language.source import examine
from server.editor.sight import Sight

MAIN = "sequences.yaml"
_LEVELS = 5


@dataclass(frozen=True, slots=True)
class Overlay:
    """A folder in which some files are being edited."""

    folder: Folder
    open: Mapping[Path, str]

    def matching(self, pattern: str) -> Sequence[str]:
        """The files that a pattern stands for."""
        return self.folder.matching(pattern)

    def read(self, name: str) -> bytes:
        """What a file says, as it is typed."""
        typed = self.open.get(self.folder.path / name)
        saved = self.folder.read(name)
        return saved if typed is None else typed.encode("utf-8", "surrogatepass")


@dataclass(slots=True)
class Desk:
    """The open files, and what was last seen in each of the main files."""

    open: dict[Path, str] = field(default_factory=dict)
    _sights: dict[Path, Sight] = field(default_factory=dict)
    _shelves: dict[Path, Shelf] = field(default_factory=dict)

    def main_of(self, path: Path) -> Path:
        """The file that this one is a part of: itself, or the one above it that includes it."""
        for folder in list(path.parents)[:_LEVELS]:
            main = folder / MAIN
            if main != path and main.is_file() and path.relative_to(folder).as_posix() in self._parts(main):
                return main
        if path.parent.name == "templates" and (path.parent.parent / MAIN).is_file():
            return path.parent.parent / MAIN
        return path

    def problems(self, path: Path) -> dict[Path, list[Problem]]:
        """Everything wrong with the main file of a path, by the files it is made of; each of them is there."""
        main = self.main_of(path)
        folder = Folder(main.parent)
        document, found = read_and_check(self.text(main), str(main), self._shelf(main), Overlay(folder, self.open))
        self._look(main, document)
        files = {main, *(main.parent / name for name in names(folder.seen)), *(Path(one.file) for one in found)}
        return {file: [one for one in found if Path(one.file) == file] for file in files}

    def sight(self, path: Path) -> Sight | None:
        """What is declared for a file, as of the last time that its main file could be read."""
        main = self.main_of(path)
        document, _ = examine(self.text(main), str(main), Overlay(Folder(main.parent), self.open))
        self._look(main, document)
        return self._sights.get(main)

    def with_text(self, path: Path, text: str) -> Desk:
        """Another desk on which one file says something else."""
        return Desk({**self.open, path: text}, {}, self._shelves)

    def text(self, path: Path) -> str:
        """A file as it is typed, or as it is saved."""
        if path in self.open:
            return self.open[path]
        try:
            return content(path).decode("utf-8", "replace")
        except OSError:
            return ""

    def _look(self, main: Path, document: Document | None) -> None:
        """Keep what can be seen now, unless less can be seen than before because the text is broken."""
        before = self._sights.get(main)
        if document is not None and (before is None or document.data.get("contact") or not before.words.fields):
            self._sights[main] = Sight.of(document, self._shelf(main))

    def _shelf(self, main: Path) -> Shelf:
        return self._shelves.setdefault(main, FileTemplates(main.parent / "templates"))

    def _parts(self, main: Path) -> set[str]:
        folder = Folder(main.parent)
        examine(self.text(main), str(main), Overlay(folder, self.open))
        return names(folder.seen)

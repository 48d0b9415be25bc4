"""Text to Document: the main file, what it includes, and its blueprints written out, every value with its place."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from engine.errors import InvalidFile, Problem
from engine.language.document import Document
from engine.language.folder import Folder
from engine.language.including import Files, include
from engine.language.reading import MAX_BYTES, read_file
from engine.language.sources import Bundle, Sources, bundle_of
from engine.language.using import expand

__all__ = ["MAX_BYTES", "examine", "examine_alone", "read", "texts"]


def read(text: str | bytes, file: str, sources: Sources | None = None) -> Document:
    """The document of a file; ``InvalidFile`` with every problem that YAML itself has with it."""
    document, problems = examine(text, file, sources)
    if document is None or problems:
        raise InvalidFile(problems)
    return document


def examine(text: str | bytes, file: str, sources: Sources | None = None) -> tuple[Document | None, list[Problem]]:
    """The document as far as it can be read (None: not at all), and the problems on the way.

    What it includes is found in ``sources``: if nothing is said, in the folder of ``file`` on the disk, or, where
    ``text`` is what was kept of several files (``Document.text``), among them.
    """
    bundle = bundle_of(text) if isinstance(text, str) else None
    if bundle is not None:
        file, text, sources = _beside(file, bundle.main), bundle.files[bundle.main], bundle
    files = Files(file, sources or Folder(Path(file).parent))
    root, lines = files.main(text)
    if root is None:
        return None, files.problems
    root = expand(include(root, files), files)
    return Document(file, files.bundle().text(), root, lines, files.whole), files.problems


def examine_alone(text: str | bytes, file: str) -> tuple[Document | None, list[Problem]]:
    """A file, or a part of one, as it is written: nothing is put in or written out but aliases."""
    reading = read_file(text, file)
    found = Document(file, reading.lines.text, reading.root, reading.lines) if reading.root else None
    return found, list(reading.troubled)


def texts(document: Document) -> Mapping[str, str]:
    """The text of each file of a document, by the name that its problems use."""
    found = bundle_of(document.text) or Bundle(Path(document.file).name, {Path(document.file).name: document.text})
    return {_beside(document.file, name): text for name, text in found.files.items()}


def _beside(file: str, name: str) -> str:
    return file[: len(file) - len(Path(file).name)] + name

"""Another version of the file to compare with: a file, or what the file and its templates were at a commit."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from engine.errors import InvalidFile, SettingsError
from server.cli.files import templates_in

if TYPE_CHECKING:
    from engine.model import Playbook
    from engine.ports import Templates


@dataclass(frozen=True, slots=True)
class Other:
    """The other version, and what a person calls it."""

    name: str
    playbook: Playbook
    templates: Templates


def other_version(against: str, file: Path, *, testing: bool) -> Other:
    """The version that ``against`` names: a file if there is one, else a commit. Raises ``SettingsError``."""
    from engine.language.compiler import compile_document, load, sound_document

    path = Path(against)
    try:
        if path.is_file():
            shelf = templates_in(path)
            return Other(against, load(path, shelf, testing=testing), shelf)
        from engine.adapters.git import AtCommit, content_at

        text, shelf = content_at(against, file), _templates_at(against, file)
        document = sound_document(text, shelf, file=str(file), sources=AtCommit(against, file))
        return Other(f"{file} at {against}", compile_document(document, testing=testing), shelf)
    except InvalidFile as invalid:
        raise SettingsError(f"{against} has errors, so nothing can be compared with it: {invalid}") from None


def _templates_at(ref: str, file: Path) -> Templates:
    """The templates of a commit, laid down for the length of the command."""
    from engine.adapters.files import FileTemplates
    from engine.adapters.git import AtCommit

    sources = AtCommit(ref, file)
    folder = Path(click.get_current_context().with_resource(TemporaryDirectory(prefix="busos-")))
    for name in [name for ending in ("md", "html") for name in sources.matching(f"templates/*.{ending}")]:
        copy = folder / Path(name).name
        copy.write_bytes(sources.read(name))
        os.utime(copy, (0, 0))  # long saved: nobody has to wait until it surely is
    os.utime(folder, (0, 0))
    return FileTemplates(folder)

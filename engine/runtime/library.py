"""The playbook that runs now: loaded, reloaded in one step when the file is valid, else kept as it was."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import structlog

from engine.adapters.files import being_saved
from engine.errors import InvalidFile, Problem, SettingsError
from engine.language.compiler import compile_document, sound_document
from engine.language.folder import Folder, Stamps, content, names
from engine.model import Playbook
from engine.ports import Templates

log = structlog.get_logger(__name__)

Edition = tuple[object, Stamps]
Loaded = Callable[[Playbook, str], Playbook]
"""Called with every playbook that is to take effect, and the text of all its files; the answer takes effect."""


class Library:
    """Holds the current playbook. Reading it costs nothing; a reload swaps it whole."""

    def __init__(self, path: Path, templates: Templates, *, testing: bool, loaded: Loaded) -> None:
        self.path = path
        self._templates = templates
        self._testing = testing
        self._loaded = loaded
        self._lock = threading.Lock()
        self.problems: tuple[Problem, ...] = ()
        self._others = Folder(path.parent)
        found = self._look()
        self._playbook = self._load()
        self.edition: Edition = (found, self._others.seen)
        """What was looked at last: another one after the file, one that it reads, or a template was edited."""

    @property
    def playbook(self) -> Playbook:
        """The last good one."""
        return self._playbook

    def refresh(self) -> bool:
        """Load the file again if it or a template has changed; whether another playbook is in effect now.

        A file with errors changes nothing but ``problems``; one that is being saved is left alone for now. Raises
        ``LedgerError`` when the new one cannot be noted there; the next call tries again.
        """
        with self._lock:
            edition = self._look(default=self.edition[0]), self._others.look()
            if edition == self.edition or self._being_saved(edition):
                return False
            reloaded = self._reload()
            # not before: a ledger that is away must not make us forget the edit
            self.edition = edition[0], self._others.seen
            return reloaded

    def _being_saved(self, edition: Edition) -> bool:
        """Whether a file may be half of itself, or gone for the moment in which an editor puts the new one there."""
        moved = names(edition[1]) ^ names(self.edition[1])
        folders = {(self.path.parent / name).parent for name in moved}
        files = (self.path.parent / name for name in names(edition[1]))
        return being_saved(self.path, *files, *folders)

    def _reload(self) -> bool:
        before = self._playbook.revision
        try:
            self._playbook = self._load()
        except InvalidFile as invalid:
            self.problems = invalid.problems
            log.error("file not reloaded", file=str(self.path), problems=len(invalid.problems), first=str(invalid))
            return False
        except OSError as gone:
            log.error("file not reloaded", file=str(self.path), reason=gone.strerror)
            return False
        self.problems = ()
        return self._playbook.revision != before

    def _load(self) -> Playbook:
        text = content(self.path)
        self._others = Folder(self.path.parent)
        document = sound_document(text, self._templates, file=str(self.path), sources=self._others)
        playbook = compile_document(document, testing=self._testing)
        return self._loaded(playbook, document.text)

    def _look(self, default: object = None) -> object:
        try:
            found = self.path.stat()
        except OSError as gone:
            if default is not None:
                return default
            hint = "say where it is with BUSOS_FILE, or run busos in its folder"
            raise SettingsError(f"{self.path} cannot be read ({gone.strerror}): {hint}") from None
        return found.st_mtime_ns, found.st_size, self._templates.edition()

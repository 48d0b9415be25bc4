"""The playbook that runs now: loaded, reloaded in one step when the file is valid, else kept as it was."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import structlog

from engine.adapters.files import being_saved
from engine.errors import InvalidFile, Problem, SettingsError
from engine.language.compiler import load
from engine.model import Playbook
from engine.ports import Templates

log = structlog.get_logger(__name__)

Edition = tuple[object, ...]
Loaded = Callable[[Playbook, str], None]
"""Called with every playbook that takes effect, and its text."""


class Library:
    """Holds the current playbook. Reading it costs nothing; a reload swaps it whole."""

    def __init__(self, path: Path, templates: Templates, *, testing: bool, loaded: Loaded) -> None:
        self.path = path
        self._templates = templates
        self._testing = testing
        self._loaded = loaded
        self._lock = threading.Lock()
        self.problems: tuple[Problem, ...] = ()
        self.edition = self._look()
        """What was looked at last: another one after the file or a template was edited."""
        self._playbook = self._load()

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
            edition = self._look(default=self.edition)
            if edition == self.edition or being_saved(self.path):
                return False
            reloaded = self._reload()
            self.edition = edition  # not before: a ledger that is away must not make us forget the edit
            return reloaded

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
        playbook = load(self.path, self._templates, testing=self._testing)
        self._loaded(playbook, self.path.read_text(encoding="utf-8"))
        return playbook

    def _look(self, default: Edition | None = None) -> Edition:
        try:
            found = self.path.stat()
        except OSError as gone:
            if default is not None:
                return default
            hint = "say where it is with BUSOS_FILE, or run busos in its folder"
            raise SettingsError(f"{self.path} cannot be read ({gone.strerror}): {hint}") from None
        return found.st_mtime_ns, found.st_size, self._templates.edition()

"""A folder with the example in it, and busos run there: in this process, or as a child."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from click.testing import CliRunner, Result

from engine.runtime.settings import SETTINGS
from server.cli.group import busos
from tests.cli.example import FILE, TEMPLATES, Child, Run, environment


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with sequences.yaml and templates, as the working directory."""
    (tmp_path / "sequences.yaml").write_text(FILE)
    (tmp_path / "templates").mkdir()
    for name, text in TEMPLATES.items():
        (tmp_path / "templates" / f"{name}.md").write_text(text)
    monkeypatch.chdir(tmp_path)
    for setting in SETTINGS:
        monkeypatch.delenv(setting.name, raising=False)
    return tmp_path


@pytest.fixture
def run(folder: Path) -> Iterator[Run]:
    """Run busos in this process, in the folder."""

    def call(*words: str, color: bool = False) -> Result:
        return CliRunner().invoke(busos, words, prog_name="busos", color=color, catch_exceptions=False)

    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield call
    structlog.reset_defaults()  # some verbs log to the stderr of their test
    root.handlers, root.level = before


@pytest.fixture
def child(folder: Path) -> Child:
    """Run busos as a process of its own, in the folder."""

    def call(*words: str, **settings: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "server.cli", *words]
        return subprocess.run(
            command, cwd=folder, env=environment(**settings), capture_output=True, text=True, timeout=30, check=False
        )

    return call

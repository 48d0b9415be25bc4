"""Tools that live in Node, for tests that ask the real ones; without them a test is skipped and says so."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.fences import ROOT


def node() -> str:
    """The program ``node``."""
    found = shutil.which("node")
    if found is None:
        pytest.skip("Node is not installed: nothing was asked of the real tool")
    return found


def module(name: str, inside: str = "package.json") -> Path:
    """A file of an installed package, looked for in ``NODE_PATH`` and in ``node_modules`` of the checkout."""
    folders = [Path(folder) for folder in os.environ.get("NODE_PATH", "").split(os.pathsep) if folder]
    for folder in [*folders, ROOT / "node_modules"]:
        if (folder / name / inside).exists():
            return folder / name / inside
    pytest.skip(f"{name} is not installed: npm install {name}, and set NODE_PATH to its node_modules")

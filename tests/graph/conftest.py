"""The shipped file, and one whose branches nest, as playbooks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from engine.language.compiler import load
from engine.model import Playbook, TemplateText
from tests.fences import ROOT


class AnyTemplate:
    """A shelf that has every template."""

    def find(self, name: str) -> TemplateText | None:
        return TemplateText(name=name, subject="Hi", body="{{ unsubscribe_url }}", format="markdown")

    def names(self) -> Sequence[str]:
        return ()


@pytest.fixture(scope="session")
def shipped() -> Playbook:
    return load(ROOT / "sequences.yaml", AnyTemplate())


@pytest.fixture(scope="session")
def branches() -> Playbook:
    return load(Path(__file__).parent / "branches.yaml", AnyTemplate())

"""The garbage collector of long-running processes."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from server.cli.memory import YOUNG, keep_what_is_loaded


@pytest.fixture
def collector() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


@pytest.mark.usefixtures("collector")
def test_what_is_loaded_is_not_looked_at_again() -> None:
    loaded = len(gc.get_objects())
    keep_what_is_loaded()
    assert gc.get_freeze_count() > loaded / 2
    assert len(gc.get_objects()) < loaded / 2
    assert gc.get_threshold()[0] == YOUNG


@pytest.mark.usefixtures("collector")
def test_what_comes_later_is_still_collected() -> None:
    keep_what_is_loaded()
    circle: list[object] = []
    circle.append(circle)
    del circle
    assert gc.collect() >= 1

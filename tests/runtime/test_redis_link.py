"""How Redis is reached, and what is said when it cannot be."""

from __future__ import annotations

import importlib.util
import time
from typing import Any

import pytest

from engine.errors import SettingsError
from engine.runtime import redis_link
from engine.runtime.redis_link import Pause, away, client_of, is_redis


def test_an_address_is_one_of_redis_or_it_is_not() -> None:
    assert is_redis("redis://127.0.0.1:6379/0")
    assert is_redis("rediss://cache.example.com")
    assert not is_redis("postgresql://127.0.0.1/busos")
    assert not is_redis(None)


def test_without_the_library_the_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        redis_link, "find_spec", lambda name: None if name == "redis" else importlib.util.find_spec(name)
    )
    with pytest.raises(SettingsError, match=r"pip install 'busos\[redis\]'"):
        client_of("redis://127.0.0.1:6379/0")


@pytest.mark.parametrize(
    "url",
    [
        "redis://127.0.0.1:6379/0?socket_timeout=soon",
        "redis://127.0.0.1:6379/0?no_such_option=hunter2",
        "redis://:hunter2/more@127.0.0.1:6379/0",
        "http://127.0.0.1/",
    ],
)
def test_an_address_that_redis_does_not_understand_is_a_setting_to_mend(url: str) -> None:
    with pytest.raises(SettingsError, match="BUSOS_QUEUE_URL") as caught:
        client_of(url)
    assert "hunter2" not in str(caught.value)


def test_nobody_there_is_known_at_once() -> None:
    client: Any = client_of("redis://127.0.0.1:1/0")
    begun = time.monotonic()
    with pytest.raises(away()):
        client.get("x")
    assert time.monotonic() - begun < 5


def test_pauses_grow_to_a_bound_and_begin_small_again_when_it_worked() -> None:
    pause = Pause()
    assert pause.over
    lengths = []
    for _ in range(8):
        pause.begin()
        assert not pause.over
        lengths.append(round(pause.left, 1))
    assert lengths == [0.2, 0.5, 1.0, 2.0, 4.0, 5.0, 5.0, 5.0]
    pause.end()
    assert pause.over
    pause.begin()
    assert pause.left <= redis_link.FIRST_PAUSE

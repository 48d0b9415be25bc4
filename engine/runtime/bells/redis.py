"""A bell in Redis: publish and subscribe. Payloads are compared with our own name and otherwise thrown away."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import Any

import structlog

from engine.runtime.bells import GAP
from engine.runtime.redis_link import Pause, away, client_of, rings

log = structlog.get_logger(__name__)

CHANNEL = "busos:bell"
LISTEN = 0.25
"""Seconds that one look for messages lasts."""
CHECK = 5
"""Seconds of silence after which Redis is asked whether it still lives."""


class RedisLine:
    """A thread that listens and a thread that rings. ``hear`` is called for each ring of somebody else."""

    def __init__(self, url: str, hear: Callable[[], None]) -> None:
        self._client = client_of(url, health_check_interval=CHECK)
        self._hear = hear
        self._name = os.urandom(8).hex().encode()
        self._rung = threading.Event()
        self._ended = threading.Event()
        self._listens = False
        self._threads = [
            threading.Thread(target=work, name=f"redis {work.__name__.strip('_')}", daemon=True)
            for work in (self._listen, self._pass_on)
        ]

    def start(self) -> None:
        """Begin to listen, and to pass rings on."""
        for thread in self._threads:
            thread.start()

    def ring(self) -> None:
        """Pass a ring on, soon."""
        self._rung.set()

    def stop(self) -> None:
        """End both threads."""
        self._ended.set()
        self._rung.set()
        for thread in self._threads:
            thread.join()
        self._client.close()

    def state(self) -> str:
        """Whether rings come through."""
        return rings(self._listens)

    def _listen(self) -> None:
        pause = Pause()
        while not self._ended.is_set():
            try:
                self._subscribed(pause)
            except away() as error:
                self._lost(error)
                pause.begin()
                self._ended.wait(pause.left)

    def _subscribed(self, pause: Pause) -> None:
        with self._client.pubsub(ignore_subscribe_messages=True) as heard:  # type: ignore[no-untyped-call]
            heard.subscribe(CHANNEL)
            self._found(pause)
            while not self._ended.is_set():
                message: Any = heard.get_message(timeout=LISTEN)
                if message is not None and message.get("data") != self._name:
                    self._hear()

    def _found(self, pause: Pause) -> None:
        pause.end()
        if not self._listens:
            log.info("Redis rings the bell")
        self._listens = True
        self._hear()  # whatever was rung while nobody listened

    def _lost(self, error: Exception) -> None:
        before, self._listens = self._listens, False
        if before:
            log.warning(self.state(), reason=type(error).__name__)

    def _pass_on(self) -> None:
        pause = Pause()
        while self._rung.wait() and not self._ended.is_set():
            self._rung.clear()
            try:
                self._client.publish(CHANNEL, self._name)
                pause.end()
            except away():  # the listener tells of it; who waits looks by himself
                pause.begin()
            time.sleep(max(GAP, min(pause.left, LISTEN)))

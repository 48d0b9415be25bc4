"""The website: posts each contact's webhooks under idempotency keys, again and again until one is answered with 2xx."""

from __future__ import annotations

import contextlib
import json
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from benchmarks.survive.evidence import Answer

POSTERS = 4
NAMED = 3
"""Each third contact signs up with a name before the assessment, and must be greeted by it."""
REPEATED = 0.1
"""The part of webhooks that are sent once more after they were answered, as an impatient finger does."""
NAP = 0.05


@dataclass(frozen=True, slots=True)
class Post:
    """One webhook to be sent."""

    trigger: str
    email: str
    body: Mapping[str, Any]
    name: str | None = None

    @property
    def key(self) -> str:
        """Its idempotency key."""
        return f"{self.trigger}-{self.email}"


@dataclass
class Frontend:
    """Posts to one of ``urls`` (more than one: any of several servers). ``answers`` are by idempotency key."""

    urls: Callable[[], list[str]]
    seed: int
    answers: dict[str, Answer] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    tries: int = 0

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []

    def begin(self, contacts: int, over: float, *, first: int = 0) -> None:
        """Post so many contacts in the background, evenly over so many seconds."""
        numbers = iter(range(first, first + contacts))
        begun, pause = time.monotonic(), over / max(contacts, 1)

        def due() -> Iterator[int]:
            while not self._stop.is_set():
                with self._lock:
                    number = next(numbers, None)
                if number is None:
                    return
                self._stop.wait(max(0.0, begun + (number - first) * pause - time.monotonic()))
                yield number

        threads = [threading.Thread(target=self._post_all, args=(due(),), daemon=True) for _ in range(POSTERS)]
        self._threads += threads
        for thread in threads:
            thread.start()

    @property
    def busy(self) -> bool:
        """Whether something is still to be posted."""
        return any(thread.is_alive() for thread in self._threads)

    def join(self, patience: float) -> bool:
        """Wait until everything is answered; False when it is not by then."""
        until = time.monotonic() + patience
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        return not self.busy

    def stop(self) -> None:
        """Post nothing more."""
        self._stop.set()
        self.join(20)

    def _post_all(self, numbers: Iterator[int]) -> None:
        chance = random.Random(f"{self.seed} {threading.get_ident()}")
        for number in numbers:
            for post in posts(number):
                self._until_answered(post)
                if chance.random() < REPEATED:
                    self._until_answered(post)

    def _until_answered(self, post: Post) -> None:
        while not self._stop.is_set():
            try:
                event = self._post(post, self.urls())
            except HTTPError as refusal:
                with refusal:
                    if refusal.code not in (429, 503):
                        self.refused.append(f"{post.key}: {refusal.code} {refusal.read(200)!r}")
                        return
            except (URLError, OSError, HTTPException, ValueError, KeyError):
                pass
            else:
                self._remember(post, event)
                return
            self._stop.wait(NAP)

    def _post(self, post: Post, urls: list[str]) -> str:
        self.tries += 1
        request = Request(
            f"{urls[self.tries % len(urls)]}/webhook/{post.trigger}",
            data=json.dumps(post.body).encode(),
            headers={"Content-Type": "application/json", "Idempotency-Key": post.key},
        )
        with contextlib.closing(urlopen(request, timeout=10)) as answer:
            return str(json.loads(answer.read())["event_id"])

    def _remember(self, post: Post, event: str) -> None:
        with self._lock:
            before = self.answers.get(post.key)
            events, at = (*before.events, event) if before else (event,), before.at if before else time.time()
            self.answers[post.key] = Answer(post.email, at, events, post.name)


def address(number: int) -> str:
    """Whom a number stands for."""
    return f"ada+{number}@example.com"


def posts(number: int) -> Iterator[Post]:
    """The webhooks of one contact, in order."""
    email = address(number)
    name = f"Ada {number}" if number % NAMED == 0 else None
    if name:
        yield Post("signup", email, {"email": email, "name": f"{name} Example", "first_name": name}, name)
    body = {"email": email, "red_systems": number % 4, "orange_systems": number % 3}
    yield Post("assessment", email, body, name)

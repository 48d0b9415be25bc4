"""A whole engine with hands on it: courses that people are in, and control that never sleeps for real."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from engine.model import Entry, Run
from engine.runtime.control import Action, AtOnce, Control, Outcome, Preview, Resume, Selection
from tests.playbooks import steps
from tests.runtime.conftest import Engine, arrival

THREE = "- email: one\n- wait: 24 hours\n- email: two\n- wait: 48 hours\n- email: three"
ADA = "ada@example.com"


@dataclass
class Hands:
    """An engine, and a person who controls its runs. ``while_waiting`` happens at each sleep of the control."""

    engine: Engine
    while_waiting: Callable[[], None] = lambda: None
    waited: list[float] = field(default_factory=list)

    def control(self) -> Control:
        return Control(self.engine.ledger, self.engine.playbook, clock=self.engine.clock, sleep=self._sleep)

    def look(self, action: Action, **selected: Any) -> Preview:
        selection = Selection(**selected)
        return self.control().look(Preview(selection, action, self.engine.clock.now()))

    def do(self, action: Action, **selected: Any) -> Outcome:
        return self.control().carry_out(self.look(action, **selected))

    def resume(self, **selected: Any) -> Outcome:
        return self.do(Resume(AtOnce()), **selected)

    def enter(self, *names: str) -> None:
        """These people begin the course."""
        self.engine.accept_all(*(arrival(email=f"{name}@example.com") for name in names))
        self.engine.work()

    def run(self, name: str = "ada") -> Run:
        """The newest run of somebody in the course."""
        with self.engine.ledger.read() as tx:
            [one] = tx.list_runs(program="course", email=f"{name}@example.com", limit=1)
        return one.run

    def paused(self) -> list[str]:
        """Who is paused."""
        with self.engine.ledger.read() as tx:
            return sorted(one.email.split("@")[0] for one in tx.list_paused(["course"], email=None, limit=99))

    def told(self, name: str = "ada") -> list[tuple[str, str]]:
        """What the story says, without the emails."""
        return [(entry.kind, entry.note) for entry in self.story(name) if entry.template is None]

    def story(self, name: str = "ada") -> list[Entry]:
        return self.engine.story(self.run(name))

    def sent(self, name: str = "ada") -> list[str]:
        """The emails that were handed over for somebody, in order."""
        return [one.template for one in self.engine.mailer.given if one.to == f"{name}@example.com"]

    def _sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.while_waiting()


@pytest.fixture
def hands(engine: Callable[..., Engine]) -> Callable[..., Hands]:
    def make(text: str = THREE, **parts: Any) -> Hands:
        return Hands(engine(steps(text), **parts))

    return make

"""What the interpreter answers: the run as it is now, what to ask of the world, and the story."""

from __future__ import annotations

from datetime import datetime

from engine.model.effects import Effect
from engine.model.noun import Noun
from engine.model.runs import Contact, Run


class Entry(Noun, frozen=True, kw_only=True):
    """One line of a run's story. ``until`` is set on waits; ``template`` and ``subject`` on emails."""

    at: datetime
    step: str | None
    kind: str
    note: str
    template: str | None = None
    subject: str | None = None
    until: datetime | None = None
    provider_id: str | None = None
    attempts: int | None = None
    error: str | None = None


class Decision(Noun, frozen=True, kw_only=True):
    """What ``advance`` decided: the run as it is now, what to ask of the world, and why."""

    run: Run
    contact: Contact
    effects: tuple[Effect, ...] = ()
    story: tuple[Entry, ...] = ()

"""Whether a person may get marketing now, or when: not in the quiet hours, and not more than so many in a while."""

from __future__ import annotations

from datetime import datetime

from engine.model import Limit, Program
from engine.scene import Scene
from engine.timing import NO_HOLIDAYS, add
from engine.windows import forward

QUIET = "quiet hours"


def held_back(scene: Scene) -> tuple[datetime, str] | None:
    """The moment until which an email has to wait, in UTC, and why; None where it may go now.

    The limit counts whatever went to the contact, from all sequences, also what is transactional and never held back.
    """
    courtesy = scene.program.courtesy
    if courtesy is None:
        return None
    room = _room(scene, courtesy.limit) if courtesy.limit else scene.now
    free = forward(room, courtesy.awake, scene.zone, NO_HOLIDAYS) if courtesy.awake else room
    if free > room:
        return free, QUIET
    return (room, _full(courtesy.limit)) if courtesy.limit and room > scene.now else None


def reasons(program: Program) -> tuple[str, ...]:
    """Every reason that ``held_back`` may give for a program."""
    limit = program.courtesy.limit if program.courtesy else None
    return (QUIET, _full(limit)) if limit else (QUIET,)


def _full(limit: Limit) -> str:
    return f"at most {limit.text}"


def _room(scene: Scene, limit: Limit) -> datetime:
    """When there is room for one more, now at the earliest."""
    sent = sorted(scene.contact.emailed)[-limit.most :]
    return max(scene.now, add(sent[0], limit.within, scene.zone)) if len(sent) == limit.most else scene.now

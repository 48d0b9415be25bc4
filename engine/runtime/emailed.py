"""When contacts were last emailed, looked up for those whose file limits that; nobody else pays for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from engine.model import Accepted, Answered, Playbook
from engine.runtime.ledger import Ledger, email_key
from engine.runtime.post import Turn

_A_DAY = timedelta(days=1)
"""Calendar days may have an hour more, and zones are up to a day apart: look a little further back."""


def with_emailed(ledger: Ledger, playbook: Playbook, turns: Sequence[Turn], now: datetime) -> Sequence[Turn]:
    """The turns, with the emails of their contacts; what a run itself asks for just now is none of them yet."""
    wanted = {turn.contact.email for turn in turns if _limited(playbook, turn)}
    if not wanted:
        return turns
    since = now - max(_back(playbook, turn) for turn in turns)
    with ledger.read() as tx:
        sent = tx.emailed(wanted, since)
    return [_told(turn, sent) for turn in turns]


def _told(turn: Turn, sent: Mapping[str, Sequence[tuple[str, str, datetime]]]) -> Turn:
    asking = None if _has_sent(turn) else (turn.run.id, turn.run.step)
    found = sent.get(email_key(turn.contact.email), ())
    others = tuple(at for run_id, step, at in found if (run_id, step) != asking)
    return turn.evolve(contact=turn.contact.evolve(emailed=others))


def _has_sent(turn: Turn) -> bool:
    """Whether the email that it asked for is out, which this very turn will write down."""
    return isinstance(turn.event, Answered) and isinstance(turn.event.outcome, Accepted)


def _limited(playbook: Playbook, turn: Turn) -> bool:
    return _back(playbook, turn) > timedelta()


def _back(playbook: Playbook, turn: Turn) -> timedelta:
    """How far back the limit of a turn's program looks; nothing where it has none."""
    program = playbook.program_of(turn.run)
    limit = program.courtesy.limit if program and program.courtesy else None
    return timedelta(days=limit.within.days, seconds=limit.within.seconds) + _A_DAY if limit else timedelta()

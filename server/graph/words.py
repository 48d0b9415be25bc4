"""What stands in the box of a step: its verb, its name, and what it does in a few words."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

from engine.model import Constant, FieldValue, Moment, Operand, Step
from engine.steps.alert import Alert
from engine.steps.email import OTHERWISE, Email
from engine.steps.http import Http
from engine.steps.save import Save
from engine.steps.split import Split
from engine.steps.start import Start
from engine.steps.stop import StopSequence, StopThis
from server.graph.picture import Box, Look

NO_SEGMENT = ("no segment", "held")


def box_of(step: Step, *, may_be_nothing: bool) -> Box:
    """The box of any step but a choice; ``may_be_nothing`` says that a contact can be in no segment."""
    condition = (f"only when {step.when.text}",) if step.when else ()
    match step.verb:
        case Email() as email:
            return _email(step, email, condition, may_be_nothing)
        case Alert() as alert:
            return _action(step, "alert", alert.title or alert.message, *condition)
        case Save() as save:
            return _action(
                step, "save", ", ".join(f"{name} = {_told(value)}" for name, value in save.values), *condition
            )
        case Start() as start:
            return _action(step, "start", start.sequence, *condition)
        case Split() as split:
            return _action(step, "split", split.field, *_shares(split), *condition)
        case Http() as call:
            notes = [f"saves {', '.join(name for name, _ in call.save_as)}"] if call.save_as else []
            return _action(step, "http", f"{call.method} {call.host}", *notes, *condition)
        case StopSequence() as stop:
            return _action(step, "stop", f"runs of {stop.sequence}", *condition)
        case StopThis() as stop:
            return Box(id=step.id, look=Look.STOP, tag="stop", title=stop.reason, notes=condition)
        case _:  # a verb that this picture does not know goes by its id
            return _action(step, step.kind, step.id.removeprefix(f"{step.kind} "), *condition)


def _action(step: Step, tag: str, title: str, *notes: str) -> Box:
    return Box(id=step.id, look=Look.ACTION, tag=tag, title=title, notes=notes)


def _shares(split: Split) -> list[str]:
    """Each group with its percentage."""
    ends = [Decimal(0), *(end for _, end in split.groups)]
    shares = [(end - begin) * 100 for begin, end in pairwise(ends)]
    return [f"{name}: {share.normalize():f}%" for (name, _), share in zip(split.groups, shares, strict=True)]


def _email(step: Step, email: Email, condition: tuple[str, ...], may_be_nothing: bool) -> Box:
    rows = list(email.by_segment)
    if email.otherwise and rows:
        rows.append((OTHERWISE, email.otherwise))
    elif rows and may_be_nothing:
        rows.append(NO_SEGMENT)
    notes = [
        *condition,
        *([f"subject: {email.subject}"] if email.subject else []),
        *([f"to {email.to}"] if email.to else []),
    ]
    title = step.id if rows else email.otherwise or step.id
    tag = f"email {step.position}" if step.position else "email"
    return Box(id=step.id, look=Look.EMAIL, tag=tag, title=title, rows=tuple(rows), notes=tuple(notes))


def _told(value: Operand | None) -> str:
    """A value as it stands in the file."""
    match value:
        case None:
            return "unknown"
        case FieldValue(field=name):
            return name
        case Moment() as moment:
            return _moment(moment)
        case Constant(value=bool() as tick):
            return str(tick).lower()
        case Constant(value=list() as items):
            return f"[{', '.join(items)}]"
        case Constant(value=plain):
            return str(plain)


def _moment(moment: Moment) -> str:
    if moment.offset is None:
        return "today" if moment.day_only else "now"
    return f"{moment.offset.text} {'ago' if moment.sign < 0 else 'from now'}"

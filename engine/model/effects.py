"""What goes out to the world."""

from __future__ import annotations

from engine.model.noun import Noun
from engine.model.values import Values


class SendEmail(Noun, frozen=True, kw_only=True):
    """Ask the mailer for one email. The run waits for the outcome."""

    step: str
    template: str
    subject: str | None = None
    sender: str | None = None
    reply_to: str | None = None
    to: str | None = None


class SaveValues(Noun, frozen=True):
    """Write values into the contact; None makes a value unknown."""

    values: Values


class RaiseAlert(Noun, frozen=True, kw_only=True):
    """Tell the team. The run does not wait. Alerts of one ``topic`` that wait to go out become one."""

    message: str
    topic: str | None = None
    title: str | None = None
    fields: tuple[tuple[str, str], ...] = ()
    colour: str | None = None


class ShowProgress(Noun, frozen=True):
    """Set properties of the contact's page in the mirror. The run does not wait."""

    properties: Values


class StartRun(Noun, frozen=True, kw_only=True):
    """Enrol the contact in a sequence; whether it starts is ``enrol``'s to say."""

    sequence: str


class StopRuns(Noun, frozen=True, kw_only=True):
    """End the contact's runs of a sequence."""

    sequence: str
    reason: str


Effect = SendEmail | SaveValues | RaiseAlert | ShowProgress | StartRun | StopRuns

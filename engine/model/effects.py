"""What goes out to the world."""

from __future__ import annotations

from dataclasses import dataclass

from engine.model.values import Values


@dataclass(frozen=True, slots=True, kw_only=True)
class SendEmail:
    """Ask the mailer for one email. The run waits for the outcome."""

    step: str
    template: str
    subject: str | None = None
    sender: str | None = None
    reply_to: str | None = None
    to: str | None = None


@dataclass(frozen=True, slots=True)
class SaveValues:
    """Write values into the contact; None makes a value unknown."""

    values: Values


@dataclass(frozen=True, slots=True, kw_only=True)
class RaiseAlert:
    """Tell the team. The run does not wait. Alerts of one ``topic`` that wait to go out become one."""

    message: str
    topic: str | None = None
    title: str | None = None
    fields: tuple[tuple[str, str], ...] = ()
    colour: str | None = None


@dataclass(frozen=True, slots=True)
class ShowProgress:
    """Set properties of the contact's page in the mirror. The run does not wait."""

    properties: Values


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRun:
    """Enrol the contact in a sequence; whether it starts is ``enrol``'s to say."""

    sequence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRuns:
    """End the contact's runs of a sequence."""

    sequence: str
    reason: str


Effect = SendEmail | SaveValues | RaiseAlert | ShowProgress | StartRun | StopRuns

"""What goes out to the world."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlsplit

from engine.model.noun import Noun
from engine.model.values import EMPTY, Values


class SendEmail(Noun, frozen=True, kw_only=True):
    """Ask the mailer for one email. The run waits for the outcome."""

    step: str
    template: str
    subject: str | None = None
    sender: str | None = None
    reply_to: str | None = None
    to: str | None = None
    transactional: bool = False


class CallWeb(Noun, frozen=True, kw_only=True):
    """Call a web address. The run waits for the outcome.

    ``secrets`` are headers whose values the environment holds, by the name of the secret. ``expect`` are the statuses
    that count as done. ``save_as`` tells which fields are read from the answer, and the path to each.
    """

    method: str
    url: str
    body: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    secrets: tuple[tuple[str, str], ...] = ()
    expect: tuple[int, ...] = ()
    save_as: tuple[tuple[str, str], ...] = ()

    @property
    def host(self) -> str:
        """What may be said of the address: its path and query may hold what is nobody's business."""
        return host_of(self.url)


def host_of(url: str) -> str:
    """The host of an address, which may be broken."""
    try:
        return urlsplit(url).hostname or "the address"
    except ValueError:
        return "the address"


class SaveValues(Noun, frozen=True):
    """Write values into the contact; None makes a value unknown."""

    values: Values


class RaiseAlert(Noun, frozen=True, kw_only=True):
    """Tell the team. The run does not wait.

    Alerts of one ``topic`` that wait to go out become one: it says what the last one says, and stands for so many
    (``times``).
    """

    message: str
    topic: str | None = None
    title: str | None = None
    fields: tuple[tuple[str, str], ...] = ()
    colour: str | None = None
    times: int = 1


class ShowProgress(Noun, frozen=True):
    """Set properties of the contact's page in the mirror. The run does not wait."""

    properties: Values


class StartRun(Noun, frozen=True, kw_only=True):
    """Enrol the contact in a sequence; whether it starts is ``enrol``'s to say.

    ``given`` are the values that the new run is to keep, ``elsewhere`` the steps that were done elsewhere, and when.
    ``seen`` are the values of the run that asks, which win over the contact's.
    """

    sequence: str
    given: Values = EMPTY
    elsewhere: Mapping[str, datetime] = EMPTY
    seen: Values = EMPTY


class StopRuns(Noun, frozen=True, kw_only=True):
    """End the contact's runs of a sequence: those that ``stopped_by`` picks by what the run that asks has ``seen``."""

    sequence: str
    reason: str
    seen: Values = EMPTY


Effect = SendEmail | CallWeb | SaveValues | RaiseAlert | ShowProgress | StartRun | StopRuns

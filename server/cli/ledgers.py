"""The ledger as the verbs that only look at it open it: with the file beside it, whose zone its times are told in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from engine.errors import LedgerUnavailable
from server.cli.files import content, settings_for

if TYPE_CHECKING:
    from engine.runtime.ledger import Ledger
    from engine.runtime.settings import Settings


@contextmanager
def looking(file: str | None) -> Iterator[tuple[Ledger, ZoneInfo]]:
    """The ledger of a file, which must be there, and the file's zone."""
    from engine.runtime.ledger import Ledger

    settings = settings_for(file)
    refuse_missing(settings)
    with Ledger.open(settings.database_url) as ledger:
        yield ledger, zone_of(settings)


def refuse_missing(settings: Settings) -> None:
    """Looking must not make an empty ledger where the address is wrong."""
    from engine.runtime.ledger import there_is_none

    if (absent := there_is_none(settings.database_url)) is not None:
        hint = "busos dev, serve or send make it; or correct BUSOS_DATABASE_URL"
        raise LedgerUnavailable(f"there is no ledger {absent.place} yet: {hint}")


def zone_of(settings: Settings) -> ZoneInfo:
    """The file's zone, however broken the rest of it is."""
    from engine.language.source import examine
    from engine.language.vocabulary import vocabulary

    document, _ = examine(content(settings.file), str(settings.file))
    return vocabulary(document).zone if document else ZoneInfo("UTC")

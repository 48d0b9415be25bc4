"""Which file a command is about, and where the texts of its emails are."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from engine.errors import BusosError, SettingsError

if TYPE_CHECKING:
    from engine.adapters.notion import Connection, NotionMirror
    from engine.language.book import Shelf
    from engine.model import Playbook
    from engine.ports import Templates
    from engine.runtime.settings import Settings

Function = TypeVar("Function", bound=Callable[..., Any])

FILES, NOTION = "files", "notion"


def file_option(function: Function) -> Function:
    """``--file``."""
    help_text = "The file to use.  [default: BUSOS_FILE, else sequences.yaml]"
    return click.option("--file", "-f", "file", metavar="FILE", help=help_text)(function)


def templates_option(function: Function) -> Function:
    """``--templates``."""
    help_text = "Where to read the emails' texts: the folder templates/ beside the file, or live from Notion."
    choice = click.Choice([FILES, NOTION])
    return click.option("--templates", type=choice, default=FILES, show_default=True, help=help_text)(function)


def settings_for(file: str | None) -> Settings:
    """The settings, with the file that the command names; it must be there."""
    from engine.runtime.settings import Settings

    settings = Settings.load(os.environ, Path(), file)
    existing(settings.file)
    return settings


def chosen(file: str | None) -> Path:
    """The file that the command or the environment names; it must be there."""
    from engine.runtime.settings import chosen_file

    return existing(chosen_file(os.environ, Path(), file))


def existing(path: Path) -> Path:
    """The path, if it is a file."""
    if path.is_file():
        return path
    hint = "run busos in the folder that holds it, or say where it is with --file or BUSOS_FILE"
    raise SettingsError(f"there is no file {path}: {hint}")


def content(path: Path) -> bytes:
    """What the file says, up to what a file may have."""
    from engine.language import folder

    try:
        return folder.content(path)
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from None


def load_playbook(settings: Settings, shelf: Shelf, *, testing: bool) -> Playbook:
    """The file, compiled. Raises ``InvalidFile`` with every problem."""
    from engine.language.compiler import load

    content(settings.file)
    return load(settings.file, shelf, testing=testing)


def templates_in(folder_of: Path) -> Templates:
    """The templates beside a file."""
    from engine.adapters.files import FileTemplates

    return FileTemplates(folder_of.parent / "templates")


def templates_from(source: str, settings: Settings) -> Templates:
    """The templates beside the file, or as they are in Notion now. Raises ``BusosError`` when they cannot be had."""
    return templates_in(settings.file) if source == FILES else _live(settings)


def _live(settings: Settings) -> Templates:
    if not settings.notion_configured:
        raise SettingsError("Notion is not configured: set NOTION_TOKEN, NOTION_CONTACTS_DB_ID, NOTION_TEMPLATES_DB_ID")
    from engine.adapters.notion import NotionTemplates
    from engine.runtime.clock import SystemClock

    connection = notion_connection(settings)
    database = settings.notion_templates_db_id or ""
    templates = NotionTemplates(connection, database, templates_in(settings.file), clock=SystemClock())
    templates.names()
    if templates.trouble:
        raise BusosError(f"the templates in Notion could not be read: {templates.trouble}")
    return templates


def notion_connection(settings: Settings) -> Connection:
    """A connection to Notion that is closed when the command ends."""
    from engine.adapters.notion import BEGIN, NOTION_URL, Connection
    from engine.runtime.paces import alone

    url, pace = settings.notion_api_url or NOTION_URL, alone("notion", BEGIN)
    connection = Connection(settings.notion_token or "", url, settings.notion_version, pace=pace)
    click.get_current_context().call_on_close(connection.close)
    return connection


def notion_mirror(settings: Settings) -> NotionMirror:
    """The contacts in Notion, by the fields of the file as far as it can be read."""
    from zoneinfo import ZoneInfo

    from engine.adapters.notion import NotionMirror
    from engine.language.source import examine
    from engine.language.vocabulary import vocabulary
    from engine.model import Vocabulary

    document, _ = examine(content(settings.file), str(settings.file))
    nothing = Vocabulary(fields={}, segments=(), zone=ZoneInfo("UTC"))
    fields = (vocabulary(document) if document else nothing).fields
    return NotionMirror(notion_connection(settings), settings.notion_contacts_db_id or "", fields)

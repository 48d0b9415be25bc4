"""Notion: contacts as pages that people read and edit, and the texts of emails where they are written."""

from engine.adapters.notion.connection import NOTION_URL, Connection
from engine.adapters.notion.contacts import NotionMirror
from engine.adapters.notion.pace import BEGIN
from engine.adapters.notion.setup import FITTING, Setup, Wanted, make_database
from engine.adapters.notion.templates import KeptCopy, NotionTemplates, TemplateStore

__all__ = [
    "BEGIN",
    "FITTING",
    "NOTION_URL",
    "Connection",
    "KeptCopy",
    "NotionMirror",
    "NotionTemplates",
    "Setup",
    "TemplateStore",
    "Wanted",
    "make_database",
]

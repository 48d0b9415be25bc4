"""The source of an email."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateText:
    """The source of an email before rendering.

    ``format`` says how ``body`` is written; ``origin`` is where a person finds it (a file, a Notion page)
    and ``body_line`` the line there on which the body begins.
    """

    name: str
    subject: str
    body: str
    format: Literal["markdown", "html"]
    preheader: str = ""
    origin: str = ""
    body_line: int = 1
    active: bool = True

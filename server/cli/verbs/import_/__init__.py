"""``busos import``: what another program knows, brought in."""

from __future__ import annotations

from server.cli.group import Folder

command = Folder(
    __name__, name="import", short_help="Bring in people from elsewhere.", help="What others know already."
)

"""``busos notion``: the databases in Notion."""

from __future__ import annotations

from server.cli.group import Folder

command = Folder(__name__, name="notion", short_help="The databases in Notion.", help="The databases in Notion.")

"""``busos templates``: the texts of the emails, and who uses them."""

from __future__ import annotations

from server.cli.group import Folder

command = Folder(__name__, name="templates", short_help="The texts of the emails.", help="The texts of the emails.")

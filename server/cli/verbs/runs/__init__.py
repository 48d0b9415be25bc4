"""``busos runs``: people in sequences, and their whole story."""

from __future__ import annotations

from server.cli.group import Folder

command = Folder(__name__, name="runs", short_help="People in sequences, and control.", help="People in sequences.")

"""``busos suppressions``: who may not be written to, and why."""

from __future__ import annotations

from server.cli.group import Folder

command = Folder(__name__, name="suppressions", short_help="Who gets no email, and why.", help="Who gets no email.")

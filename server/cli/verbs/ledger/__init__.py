"""``busos ledger``: the whole memory of busos moved, looked through, and rid of what is old."""

from __future__ import annotations

from server.cli.group import Folder

command = Folder(__name__, name="ledger", short_help="Move, check and tidy the ledger.", help="The ledger as a whole.")

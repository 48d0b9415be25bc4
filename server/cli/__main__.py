"""``python -m server.cli`` is ``busos`` where it is not installed."""

from server.cli import main

main()

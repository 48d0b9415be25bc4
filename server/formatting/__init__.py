"""The one way to write a file: its words, its quotes, the order in a step, its indentation. Nothing else is touched."""

from server.formatting.formatting import formatted

__all__ = ["formatted"]

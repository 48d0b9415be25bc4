"""``busos``, the command line: a file per verb in ``verbs``, and what they share beside it."""

from __future__ import annotations


def main() -> None:
    """Run ``busos`` with the arguments of this process."""
    from server.cli.group import busos

    busos(prog_name="busos")

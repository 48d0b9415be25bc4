"""``busos``, the command line: a file per verb in ``verbs``, and what they share beside it."""

from __future__ import annotations

import gc


def main() -> None:
    """Run ``busos`` with the arguments of this process.

    Reading a file makes many objects and hardly any rubbish, so it is collected more seldom than Python would.
    """
    gc.set_threshold(250_000, 10, 10)
    from server.cli.group import busos

    busos(prog_name="busos")

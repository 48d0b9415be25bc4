"""Commands that busos prints for people to go on with: pasted into the same shell, they do what is said of them."""

from __future__ import annotations

import shlex

import click


def command_line(*words: str, tail: str = "") -> str:
    """A command for the file that this one is about: with ``--file`` where it was said, and every word quoted.

    ``tail`` is put at its end as it stands.
    """
    context = click.get_current_context(silent=True)
    file = context.params.get("file") if context else None
    said = ["--file", str(file)] if file else []
    return " ".join(["busos", *map(shlex.quote, [*words, *said]), *([tail] if tail else [])])

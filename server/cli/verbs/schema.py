"""``busos schema``: the JSON Schema of the language."""

# ruff: noqa: D301 - click reads \b as "do not wrap this"

from __future__ import annotations

import click

from server.cli.printing import print_json


@click.command("schema", short_help="Print the JSON Schema of the language.")
def command() -> None:
    """Print the JSON Schema of the language, so that an editor can complete and explain.

    \b
    Example:
      busos schema > schema/sequences.schema.json
    """
    from engine.language.schema import schema

    print_json(schema())

"""``busos lsp``: a language server, for editors."""

# ruff: noqa: D301 - click reads \b as "do not wrap this"

from __future__ import annotations

import click

from engine.errors import SettingsError


@click.command("lsp", short_help="Help an editor, by the language server protocol.")
def command() -> None:
    """Answer an editor on stdin and stdout: names of this very file completed, problems shown while typing.

    Editors start it by themselves; docs/editor.md says how to tell them. It needs the extra [editor].

    \b
    Example:
      busos lsp
    """
    try:
        from server.editor.protocol import server
    except ModuleNotFoundError as missing:
        if missing.name not in ("pygls", "lsprotocol"):
            raise
        raise SettingsError("the language server is an extra: pip install 'busos[editor]'") from None
    server.start_io()

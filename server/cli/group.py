"""Commands from a folder: a module is a verb, imported when it is asked for, and every fault is told as a sentence."""

from __future__ import annotations

import os
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import click

from engine import __version__
from engine.errors import BusosError
from server.cli import verbs
from server.cli.faults import tell


class Folder(click.Group):
    """Commands that are the modules of a folder: ``list_`` is ``list``, ``explain_rule`` is ``explain-rule``."""

    def __init__(self, package: str, **settings: Any) -> None:
        super().__init__(**settings)
        self.package = package

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the modules."""
        return sorted(self._modules())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of one module."""
        module = self._modules().get(cmd_name)
        if module is None:
            return None
        found: click.Command = import_module(f"{self.package}.{module}").command
        return found

    def _modules(self) -> dict[str, str]:
        """The modules by the names of their commands."""
        paths = import_module(self.package).__path__
        names = [module.name for module in iter_modules(paths)]
        return {name.removesuffix("_").replace("_", "-"): name for name in names}

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which one was probably meant."""
        try:
            return super().resolve_command(ctx, args)
        except click.exceptions.NoSuchCommand as unknown:
            names = self.list_commands(ctx)
            raise click.exceptions.NoSuchCommand(unknown.command_name, possibilities=names, ctx=ctx) from None


class Busos(Folder):
    """The whole command line. What busos raises on purpose ends here: a sentence on stderr, exit status 2."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the verb."""
        if os.environ.get("NO_COLOR"):
            ctx.color = False
        try:
            return super().invoke(ctx)
        except BusosError as error:
            tell(error)
            ctx.exit(2)


_HELP = """Customer email sequences from one readable file.

Write sequences.yaml, see what it would do, then run it.

\b
  busos validate                  what is wrong with the file, all of it
  busos simulate nurture email=ada@example.com red_systems=2 orange_systems=1
                                  who gets what, and when
  busos dev                       run everything here; nothing is sent

Exit status: 0 done; 1 the answer is no (problems found, nothing to show); 2 it could not run.
"""

busos = click.version_option(__version__, message="busos %(version)s")(
    Busos(verbs.__name__, name="busos", help=_HELP, context_settings={"help_option_names": ["-h", "--help"]})
)

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
    """A group whose commands are the modules of a package. A trailing ``_`` of a module's name is left out."""

    def __init__(self, package: str, **settings: Any) -> None:
        super().__init__(**settings)
        self.package = package

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the modules."""
        paths = import_module(self.package).__path__
        return sorted(module.name.removesuffix("_") for module in iter_modules(paths))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of one module."""
        if cmd_name not in self.list_commands(ctx):
            return None
        names = {module.name for module in iter_modules(import_module(self.package).__path__)}
        module = cmd_name if cmd_name in names else f"{cmd_name}_"
        found: click.Command = import_module(f"{self.package}.{module}").command
        return found

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

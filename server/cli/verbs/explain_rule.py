"""``busos explain-rule``: why a rule is there, with an example and its cure."""

# ruff: noqa: D301 - click reads \b as "do not wrap this"

from __future__ import annotations

from collections.abc import Iterator

import click

from server.cli.assignments import did_you_mean
from server.cli.printing import bold, grey


@click.command("explain-rule", short_help="Explain a rule that validate names.")
@click.argument("rule", required=False)
@click.option("--list", "every", is_flag=True, help="Every rule, with why it is there.")
def command(rule: str | None, every: bool) -> None:
    """Explain a rule: why it is there, a file that breaks it, what is said then, and what to write instead.

    The name of the rule stands in brackets at the end of each problem that validate tells.

    \b
    Examples:
      busos explain-rule unknown-field
      busos explain-rule --list
    """
    from server.rules import names, page

    if every:
        click.echo("\n".join(_list()))
    elif rule is None:
        raise click.UsageError("name a rule, such as  busos explain-rule unknown-field , or say --list")
    elif rule.strip("[]") not in names():
        raise click.UsageError(f'no rule is called "{rule}"{_near(rule)}')
    else:
        click.echo("\n".join(_shown(page(rule.strip("[]")))))


def _near(rule: str) -> str:
    from server.rules import names

    near = did_you_mean(rule.strip("[]"), names())
    return near if "did you mean" in near else ": busos explain-rule --list  shows all of them"


def _list() -> Iterator[str]:
    from server.rules import names, summary

    widest = max(map(len, names()))
    for name in names():
        yield f"{bold(name)}{' ' * (widest - len(name))}  {summary(name)}"


def _shown(page: str) -> Iterator[str]:
    """A page for the terminal: the title bold, examples indented, carets in colour."""
    inside = False
    for line in page.rstrip().splitlines():
        if line.startswith("```"):
            inside = not inside
        elif inside:
            yield f"    {_example(line)}".rstrip()
        elif line.startswith("# "):
            yield bold(line.removeprefix("# "))
        else:
            yield line.replace("`", "")


def _example(line: str) -> str:
    if line.strip(" |^") == "" and "^" in line:
        return click.style(line, fg="red")
    return grey(line) if line.lstrip().startswith("|") else line

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest

from engine import __version__
from server.cli.group import busos
from tests.cli.example import Run


def commands(group: click.Group, trail: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command by the words that call it."""
    ctx = click.Context(group)
    for name in group.list_commands(ctx):
        found = group.get_command(ctx, name)
        if isinstance(found, click.Group):
            yield from commands(found, (*trail, name))
        else:
            yield (*trail, name)


ALL = list(commands(busos))


def test_the_verbs_of_the_design_are_there() -> None:
    verbs = {"validate", "schema", "simulate", "dev", "serve", "worker", "send", "doctor"}
    assert {words[0] for words in ALL if len(words) == 1} >= verbs
    assert {("runs", "list"), ("runs", "show"), ("templates", "list"), ("templates", "check")} <= set(ALL)


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_every_verb_has_help_with_an_example(run: Run, words: tuple[str, ...]) -> None:
    result = run(*words, "--help")
    assert result.exit_code == 0
    assert f"  busos {' '.join(words)}" in result.stdout.split("Options:")[0]
    assert "Example" in result.stdout


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_every_option_says_what_it_is_for(words: tuple[str, ...]) -> None:
    found: click.Command = busos
    for word in words:
        assert isinstance(found, click.Group)
        inner = found.get_command(click.Context(found), word)
        assert inner is not None
        found = inner
    options = [parameter for parameter in found.params if isinstance(parameter, click.Option)]
    assert [option.name for option in options if not (option.help or option.hidden)] == []
    assert found.get_short_help_str(60).endswith(".")
    assert not found.get_short_help_str(60).endswith("...")


def test_the_version_is_told(run: Run) -> None:
    assert run("--version").stdout == f"busos {__version__}\n"


@pytest.mark.parametrize(
    ("words", "guess"),
    [
        (("valdate",), "'validate'"),
        (("runs", "shw"), "'show'"),
        (("validate", "--fromat", "json"), "'--format'"),
    ],
)
def test_a_mistyped_word_is_guessed_at(run: Run, words: tuple[str, ...], guess: str) -> None:
    result = run(*words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"Did you mean {guess}?" in result.stderr

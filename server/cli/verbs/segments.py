"""``busos segments``: which rule takes whom, proved for everybody there can be."""

# ruff: noqa: D301 - click reads \b as "do not wrap this"

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.errors import Problem, SettingsError
from server.cli.faults import problems_text
from server.cli.files import chosen, file_option
from server.cli.printing import print_json

if TYPE_CHECKING:
    from engine.language.book import Checkable
    from engine.language.proving.moves import Comparison
    from engine.language.proving.segments import Proof


@click.command("segments", short_help="Prove which segment takes whom.")
@click.argument("path", metavar="[FILE]", required=False)
@file_option
@click.option("--against", metavar="OLD_FILE|REF", help="Also say who moves: another file, or a commit of git.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to tell."
)
def command(path: str | None, file: str | None, against: str | None, form: str) -> None:
    """Count, of all contacts that the fields allow, how many each segment takes, and show one of them.

    The very function that decides in production is asked, for one of each kind of contact that the rules can tell
    apart; so what is said of a rule holds for everybody. Contacts are counted with all values known, and with unknown
    ones where a rule asks for that; what becomes of the others is said below.

    \b
    Examples:
      busos segments
      busos segments --format json
      busos segments --against main         who is in another segment than on that branch
      busos segments edited.yaml --against sequences.yaml

    Exit status: 0 done; 1 a segment takes nobody, or it cannot be told; 2 the file cannot be read or compared.
    """
    from server.cli.proofs import book_of, problems_of

    found = chosen(path or file)
    book = book_of(found)
    proof, comparison = _proof(book), _comparison(book, against, found) if against else None
    problems = problems_of(book)
    if form == "json":
        _print_json(proof, comparison, problems)
    else:
        _print(proof, comparison, problems, book, str(found), against or "")
    click.get_current_context().exit(1 if problems else 0)


def _proof(book: Checkable) -> Proof | None:
    """The proof; None when there is too much to look at, which is one of the problems."""
    from engine.language.proving.interview import TooManyCasesError
    from engine.language.proving.segments import prove
    from engine.language.proving.stated import stated_words

    try:
        return prove(stated_words(book), datetime.now(UTC).replace(microsecond=0))
    except TooManyCasesError:
        return None


def _comparison(book: Checkable, against: str, path: Path) -> Comparison:
    from engine.language.proving.interview import TooManyCasesError
    from engine.language.proving.moves import NotAlikeError, compare
    from engine.language.proving.stated import stated_words
    from server.cli.proofs import words_before

    try:
        return compare(words_before(against, path), stated_words(book), datetime.now(UTC).replace(microsecond=0))
    except NotAlikeError as unlike:
        raise SettingsError(f"the segments cannot be compared: {unlike}") from None
    except TooManyCasesError:
        raise SettingsError(
            "the segments cannot be compared: both together tell too many kinds of contact apart"
        ) from None


def _print(
    proof: Proof | None,
    comparison: Comparison | None,
    problems: list[Problem],
    book: Checkable,
    file: str,
    against: str,
) -> None:
    from engine.language.proving.stated import stated_words
    from server.cli.shares import as_text, moves_as_text

    blocks = [list(as_text(proof, stated_words(book)))] if proof else []
    then = f"in {against}" if Path(against).is_file() else f"at {against}"
    blocks += [list(moves_as_text(comparison, then))] if comparison else []
    blocks += [[problems_text(problems, file).rstrip("\n")]] if problems else []
    click.echo("\n\n".join("\n".join(block) for block in blocks))


def _print_json(proof: Proof | None, comparison: Comparison | None, problems: list[Problem]) -> None:
    from engine.language.report import records
    from server.cli.shares import as_record, moves_as_record

    told: dict[str, Any] = as_record(proof) if proof else {"total": None, "rules": []}
    told["problems"] = records(problems)
    if comparison:
        told["moves"] = moves_as_record(comparison)
    print_json(told)

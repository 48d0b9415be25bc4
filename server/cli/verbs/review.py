"""``busos review``: an edit of the file in plain words, for a pull request."""

# ruff: noqa: D301 - click reads \b as "do not wrap this"

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.errors import Severity
from server.cli.files import chosen, content, file_option, templates_in
from server.cli.planning import as_it_is, at_commit

if TYPE_CHECKING:
    from engine.errors import Problem
    from engine.language.document import Document
    from engine.language.proving.moves import Comparison as Moves
    from engine.model import Playbook
    from server.review.markdown import Review


@click.command("review", short_help="Say in plain words what an edit means, for a pull request.")
@click.argument("path", metavar="[FILE]", required=False)
@file_option
@click.option("--against", metavar="REF", default="HEAD", show_default=True, help="The commit or branch of git before.")
@click.option("--gallery", metavar="URL", default="", help="Where the gallery of all emails can be seen.")
def command(path: str | None, file: str | None, against: str, gallery: str) -> None:
    """Review an edit: problems, tests, what changes for people in sequences, and the calendar before and after.

    Prints Markdown. Nothing is sent or saved.

    \b
    Examples:
      busos review --against origin/main
      busos review campaigns/autumn.yaml --against HEAD~1

    Exit status: 0 it can be taken over; 1 the file has errors, or tests fail; 2 it could not be compared.
    """
    from server.review.markdown import markdown

    review = _review(chosen(path or file), against, gallery)
    click.echo(markdown(review), nl=False)
    click.get_current_context().exit(0 if review.sound else 1)


def _review(path: Path, against: str, gallery: str) -> Review:
    from engine.planning import Comparison, StepReplaced, Tally, unclear_rename
    from server.review.calendars import calendars
    from server.review.markdown import Review

    document, problems = _checked(path)
    name, ref = str(path), against
    if document is None or any(one.severity is Severity.ERROR for one in problems):
        return Review(file=name, problems=problems, against=ref, gallery=gallery)
    old, new = at_commit(ref, path), as_it_is(path)
    comparison = Comparison(old, new)
    unclear = [unclear_rename(edit, new, name) for edit in comparison.edits if isinstance(edit, StepReplaced)]
    return Review(
        file=name,
        problems=[*problems, *unclear],
        tests=_tested(document, path),
        tally=Tally(comparison, datetime.now(UTC)),
        moves=_moves(old, new),
        calendars=list(calendars(old, new)),
        templates=_edited_templates(path, ref, new),
        against=ref,
        gallery=gallery,
    )


def _checked(path: Path) -> tuple[Document | None, list[Problem]]:
    from engine.language.checking import read_and_check

    return read_and_check(content(path), str(path), templates_in(path))


def _tested(document: Document, path: Path) -> tuple[int, int]:
    from engine.language.compiler import compile_document
    from engine.language.scenarios import read_scenarios
    from engine.scenarios import play
    from server.cli.posting import Postman

    shelf, scenarios = templates_in(path), read_scenarios(document)
    playbooks = {testing: compile_document(document, testing=testing) for testing in {one.testing for one in scenarios}}
    verdicts = [play(playbooks[one.testing], one, Postman(playbooks[one.testing], shelf)) for one in scenarios]
    return sum(verdict.passed for verdict in verdicts), len(verdicts)


def _moves(old: Playbook, new: Playbook) -> Moves | None:
    """Who is in another segment now; None where there are none, or nobody can tell."""
    from engine.language.proving.interview import TooManyCasesError
    from engine.language.proving.moves import NotAlikeError, compare

    if not (old.vocabulary.segments and new.vocabulary.segments):
        return None
    try:
        return compare(old.vocabulary, new.vocabulary, datetime.now(UTC))
    except (TooManyCasesError, NotAlikeError):
        return None


def _edited_templates(path: Path, ref: str, playbook: Playbook) -> list[str]:
    """Templates beside the file that say something else than at the commit, of those that there were."""
    from engine.adapters.git import AtCommit
    from engine.language.sources import Unreachable

    folder, sources = path.parent / "templates", AtCommit(ref, path)
    found = []
    for file in sorted([*folder.glob("*.md"), *folder.glob("*.html")]):
        try:
            before = sources.read(f"templates/{file.name}")
        except Unreachable:
            continue
        if before != file.read_bytes():
            found.append(file.stem)
    return found

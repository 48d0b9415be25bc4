"""The file that runs now: reloaded when it is good, kept when it is not."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from engine.adapters.files import SETTLED, FileTemplates
from engine.errors import InvalidFile, LedgerUnavailable, SettingsError
from engine.language.compiler import load
from engine.model import Playbook
from engine.runtime.library import Library
from tests.playbooks import HEAD, AnyTemplate

GOOD = (
    HEAD
    + "triggers: {enter: {requires: [email], then: [{start: course}]}}\nsequences: {course: {steps: [{email: one}]}}\n"
)
TEXT = "---\nsubject: Hello\n---\nHi\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "sequences.yaml"
    path.write_text(GOOD)
    return path


def save(path: Path, text: str) -> None:
    """Save a text a while ago, so that the clock of the file system cannot hide it and nobody takes it for half."""
    before = path.stat().st_mtime_ns
    path.write_text(text)
    os.utime(path, ns=(before - 1_000_000_000, before - 1_000_000_000))


def library(path: Path, heard: list[Any] | None = None) -> Library:
    def loaded(playbook: Playbook, text: str) -> Playbook:
        if heard is not None:
            heard.append((playbook.revision, text))
        return playbook

    return Library(path, AnyTemplate(), testing=False, loaded=loaded)


def test_a_good_edit_takes_effect_whole(file: Path) -> None:
    heard: list[Any] = []
    found = library(file, heard)
    before = found.playbook
    save(file, GOOD.replace("{email: one}", "{email: two}"))

    assert found.refresh()
    assert list(found.playbook.sequences["course"].steps) == ["two"]
    assert list(before.sequences["course"].steps) == ["one"]
    assert [revision for revision, _ in heard] == [before.revision, found.playbook.revision]


def test_a_bad_edit_changes_nothing_but_the_problems(file: Path) -> None:
    found = library(file)
    before = found.playbook
    save(file, GOOD.replace("email: one", "emial: one"))

    assert not found.refresh()
    assert found.playbook is before
    assert [problem.rule for problem in found.problems] == ["unknown-key"]

    save(file, GOOD)
    assert not found.refresh()
    assert found.problems == ()


def test_a_file_that_is_being_saved_is_left_alone_for_now(file: Path) -> None:
    found = library(file)
    before = found.edition
    file.write_text(GOOD[:-40])

    assert not found.refresh()
    assert (found.problems, found.edition) == ((), before)


def test_a_template_that_is_mended_mends_the_file(file: Path) -> None:
    folder = file.parent / "templates"
    folder.mkdir()
    (folder / "one.md").write_text(TEXT)
    save(file, GOOD)
    found = Library(file, FileTemplates(folder), testing=False, loaded=lambda playbook, _: playbook)
    editions = [found.edition]
    save(folder / "one.md", "nothing of that kind")
    assert not found.refresh()
    assert found.problems
    editions.append(found.edition)

    save(folder / "one.md", TEXT)
    assert not found.refresh()
    assert not found.problems
    assert len({*editions, found.edition}) == 3


@pytest.mark.parametrize(("before", "after"), [("nothing of that kind", TEXT), (TEXT, "nothing of that kind")])
def test_a_template_that_is_seen_while_it_is_saved_is_looked_at_again(file: Path, before: str, after: str) -> None:
    folder = file.parent / "templates"
    folder.mkdir()
    (folder / "one.md").write_text(TEXT)
    save(file, GOOD)
    found = Library(file, FileTemplates(folder), testing=False, loaded=lambda playbook, _: playbook)
    save(folder / "one.md", before)
    found.refresh()
    (folder / "one.md").write_text(after)
    found.refresh()
    time.sleep(2 * SETTLED)
    found.refresh()

    assert bool(found.problems) == (after != TEXT)


def test_a_file_that_was_not_saved_is_not_read(file: Path) -> None:
    found = library(file)

    assert not found.refresh()


def test_a_file_that_goes_away_for_a_moment_is_kept(file: Path) -> None:
    found = library(file)
    before = found.playbook
    file.unlink()

    assert not found.refresh()
    assert found.playbook is before


def test_a_file_that_cannot_be_opened_is_kept(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = library(file)
    save(file, GOOD.replace("one", "two"))

    def locked(*_: Any, **__: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", locked)

    assert not found.refresh()


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="BUSOS_FILE"):
        library(tmp_path / "sequences.yaml")


def test_a_bad_file_does_not_start(file: Path) -> None:
    file.write_text("version: 2\n")

    with pytest.raises(InvalidFile):
        library(file)


def test_an_edit_outlasts_a_ledger_that_is_away(file: Path) -> None:
    away = False

    def loaded(playbook: Playbook, text: str) -> Playbook:
        if away:
            raise LedgerUnavailable("locked by another process")
        return playbook

    found = Library(file, AnyTemplate(), testing=False, loaded=loaded)
    save(file, GOOD.replace("{email: one}", "{email: two}"))
    away = True
    with pytest.raises(LedgerUnavailable):
        found.refresh()
    away = False

    assert found.refresh()
    assert list(found.playbook.sequences["course"].steps) == ["two"]


# -- Files that the file reads ------------------------------------------------------------------

BLUEPRINT = "blueprint: {inputs: {mail: {type: template}}}\nsteps: [{email: <mail>}]\n"


@pytest.fixture
def several(file: Path) -> Path:
    """A main file that includes one and uses another."""
    (file.parent / "campaigns").mkdir()
    (file.parent / "campaigns" / "autumn.yaml").write_text(
        "sequences: {autumn: {use: mail.yaml, with: {mail: one}}}\n", encoding="utf-8"
    )
    (file.parent / "mail.yaml").write_text(BLUEPRINT, encoding="utf-8")
    file.write_text(GOOD + 'include: "campaigns/*.yaml"\n')
    for path in (file, file.parent / "mail.yaml", file.parent / "campaigns" / "autumn.yaml"):
        save(path, path.read_text())
    old(file.parent / "campaigns")
    return file


def old(folder: Path) -> None:
    """Let what came or went have done so a while ago."""
    os.utime(folder, (1_700_000_000, 1_700_000_000))


def test_an_edit_of_an_included_file_takes_effect(several: Path) -> None:
    found = library(several)
    save(several.parent / "campaigns" / "autumn.yaml", "sequences: {autumn: {steps: [{email: two}]}}\n")

    assert found.refresh()
    assert list(found.playbook.sequences["autumn"].steps) == ["two"]
    assert not found.refresh()


def test_an_edit_of_a_blueprint_takes_effect(several: Path) -> None:
    found = library(several)
    save(several.parent / "mail.yaml", BLUEPRINT.replace("[{email", "[{email: first}, {email"))

    assert found.refresh()
    assert list(found.playbook.sequences["autumn"].steps) == ["first", "one"]


def test_a_file_that_is_added_or_taken_away_is_noticed(several: Path) -> None:
    found = library(several)
    winter = several.parent / "campaigns" / "winter.yaml"
    winter.write_text("sequences: {winter: {steps: [{email: two}]}}\n")
    assert not found.refresh(), "it is being saved"
    save(winter, winter.read_text())
    old(winter.parent)
    assert found.refresh()
    assert "winter" in found.playbook.sequences

    winter.unlink()
    assert not found.refresh(), "an editor may be about to put the new one there"
    assert "winter" in found.playbook.sequences
    old(winter.parent)
    assert found.refresh()
    assert "winter" not in found.playbook.sequences


def test_a_file_that_was_missing_is_noticed_when_it_comes(several: Path) -> None:
    found = library(several)
    (several.parent / "mail.yaml").rename(several.parent / "away.yaml")
    old(several.parent)
    assert not found.refresh()
    assert [(one.rule, Path(one.file).name) for one in found.problems] == [("missing-blueprint", "autumn.yaml")]

    (several.parent / "away.yaml").rename(several.parent / "mail.yaml")
    old(several.parent)
    assert not found.refresh()
    assert not found.problems


def test_the_revision_covers_every_file_and_its_text_is_enough_to_run_it_again(several: Path) -> None:
    heard: list[Any] = []
    found = library(several, heard)
    save(several.parent / "mail.yaml", BLUEPRINT.replace("[{email", "[{email: first}, {email"))
    found.refresh()

    (before, text), (after, _) = heard
    assert before != after
    for path in (several.parent / "mail.yaml", several.parent / "campaigns" / "autumn.yaml"):
        path.unlink()
    again = load(text, AnyTemplate())
    assert again.revision == before
    assert list(again.sequences["autumn"].steps) == ["one"]

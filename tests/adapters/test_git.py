"""What git knows of a file, asked of a real repository."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from engine.adapters.git import AtCommit, commit_of, content_at
from engine.errors import SettingsError
from engine.language.sources import Unreachable


def git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    done = subprocess.run(["git", "-C", str(folder), *who, *words], check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    inner = tmp_path / "inner"
    (inner / "campaigns").mkdir(parents=True)
    (inner / "sequences.yaml").write_text("version: 1\n")
    (inner / "campaigns" / "a.yaml").write_text("sequences: {}\n")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "one")
    (inner / "sequences.yaml").write_text("version: 2\n")
    (inner / "campaigns" / "b.yaml").write_text("")
    return inner


def test_a_file_as_it_was(folder):
    assert content_at("HEAD", folder / "sequences.yaml") == b"version: 1\n"


@pytest.mark.parametrize("ref", ["nowhere", "", "--help", "HEAD:x"])
def test_a_commit_that_is_none(folder, ref):
    with pytest.raises(SettingsError):
        content_at(ref, folder / "sequences.yaml")


def test_outside_of_a_repository(tmp_path):
    (tmp_path / "sequences.yaml").write_text("")
    with pytest.raises(SettingsError, match="not a git repository"):
        content_at("HEAD", tmp_path / "sequences.yaml")
    assert commit_of(tmp_path / "sequences.yaml") is None


def test_the_files_beside_it(folder):
    sources = AtCommit("HEAD", folder / "sequences.yaml")
    assert sources.matching("campaigns/*.yaml") == ["campaigns/a.yaml"]
    assert sources.read("campaigns/a.yaml") == b"sequences: {}\n"
    with pytest.raises(Unreachable, match="at HEAD"):
        sources.read("campaigns/b.yaml")


def test_the_commit_of_a_file_is_told_until_it_is_edited(folder):
    file = folder / "sequences.yaml"
    assert commit_of(file) is None
    file.write_text("version: 1\n")
    assert commit_of(file) == git(folder, "rev-parse", "--short", "HEAD")
    (folder / "campaigns" / "new.yaml").write_text("")
    assert commit_of(folder / "campaigns" / "new.yaml") is None

"""What is said when Ctrl-C comes at the last moment: after the name was given, before the command has ended."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.runtime.ledger import Ledger
from engine.runtime.ledger.copying import drafts
from server.cli.verbs import restore
from server.cli.verbs.ledger import copy
from tests.cli.example import Run


@pytest.fixture
def late(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Have Ctrl-C come when a file has just got its name."""
    with Ledger.open("sqlite:///busos.db"):
        pass

    def interrupted(_: Path) -> None:
        raise KeyboardInterrupt

    return lambda: monkeypatch.setattr(drafts, "_sync_folder", interrupted)


def test_a_backup_that_was_whole_is_kept(run: Run, late: Callable[[], None]) -> None:
    late()
    result = run("backup", "monday.db")
    assert (result.exit_code, result.stdout) == (130, "")
    assert result.stderr == "interrupted: the backup monday.db was whole already, and is kept\n"
    assert Path("monday.db").exists()


def test_a_backup_that_had_taken_its_place_is_said_to_be_the_ledger(run: Run, late: Callable[[], None]) -> None:
    assert run("backup", "monday.db").exit_code == 0
    late()
    result = run("restore", "monday.db")
    assert result.exit_code == 130
    assert result.stderr.startswith("interrupted: the backup had just become the ledger busos.db.")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "interrupted: the copy was whole, and the move at its end. Run the same command again"),
        (("--while-running",), "interrupted: the copy new.db was whole already. FROM is as it was"),
    ],
)
def test_a_copy_that_was_whole_is_told(run: Run, late: Callable[[], None], words: tuple[str, ...], said: str) -> None:
    late()
    result = run("ledger", "copy", "busos.db", "new.db", *words)
    assert (result.exit_code, result.stderr.startswith(said)) == (130, True)


def test_of_a_server_it_is_said_that_it_takes_all_or_nothing(folder: Path) -> None:
    safety = folder / "before.db"
    words = "nothing was changed, unless it was just ending: busos runs list tells"
    assert restore._holds(None, safety, swapped=False) == words
    safety.touch()
    assert restore._holds(None, safety, swapped=False) == f"{words}. The backup {safety} of what is there is kept"
    postgres = "postgresql://127.0.0.1/busos"
    moved = copy._holds(postgres, None, while_running=False)
    assert moved.startswith("TO is empty, unless the move was just ending. Run the same command again")
    copied = copy._holds(postgres, None, while_running=True)
    assert copied == "TO is as empty as it was, unless it was just ending. FROM is as it was"

"""The floors of the house hold, and whoever breaks through one is caught."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
BY_ID = {contract["id"]: contract for contract in CONTRACTS}
CORE = BY_ID["verbs"]["source_modules"]

PLANTED = {  # contract: (file, a line to add); each breaks one contract and no other
    "layers": ("engine/steps/wait.py", "import engine.interpreter"),
    "adapters": ("engine/adapters/discord.py", "import engine.adapters.outbox"),
    "verbs": ("engine/timing.py", "import sqlite3"),
    "huey": ("server/health.py", "import huey"),
}


def lint(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()"]
    ran = subprocess.run(
        [*command, "--no-logo", "--no-cache", *arguments],
        check=False,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "200", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
    )
    return ran.stdout + ran.stderr


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("house")
    for name in ("engine", "server"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def outcome(report: str) -> dict[str, bool]:
    names = {contract["name"]: contract["id"] for contract in CONTRACTS}
    found = re.findall(r"^(.+?) (KEPT|BROKEN)\b", report, re.MULTILINE)
    return {names[name]: state == "KEPT" for name, state in found if name in names}


def test_every_contract_is_kept(copy: Path) -> None:
    report = lint(copy)
    assert outcome(report) == dict.fromkeys(BY_ID, True), report


def test_every_contract_has_an_import_to_plant() -> None:
    assert set(PLANTED) == set(BY_ID)


@pytest.mark.parametrize("broken", sorted(PLANTED))
def test_a_planted_import_breaks_its_contract_and_no_other(copy: Path, broken: str) -> None:
    name, line = PLANTED[broken]
    file = copy / name
    text = file.read_text(encoding="utf-8")
    file.write_text(f"{text}\n{line}\n", encoding="utf-8")
    try:
        report = lint(copy)
    finally:
        file.write_text(text, encoding="utf-8")
    assert outcome(report) == {contract: contract != broken for contract in BY_ID}, report


def test_every_module_of_the_engine_stands_on_a_floor() -> None:
    floors = {name.strip() for layer in BY_ID["layers"]["layers"] for name in layer.split("|")}
    modules = {
        f"engine.{path.stem}"
        for path in (ROOT / "engine").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    } - {"engine.__init__"}
    assert modules - floors == set()


def test_every_module_below_the_ports_is_held_to_be_pure() -> None:
    layers = BY_ID["layers"]["layers"]
    below = layers[layers.index("engine.ports") + 1 :]
    assert set(CORE) == {name.strip() for layer in below for name in layer.split("|")}


# -- What an import does not show -----------------------------------------------------------------

OUTSIDE = {
    "open": "reads files",
    "print": "prints",
    "input": "asks",
    "datetime.now": "reads a clock",
    "datetime.utcnow": "reads a clock",
    "datetime.today": "reads a clock",
    "date.today": "reads a clock",
    "time.time": "reads a clock",
    "time.sleep": "sleeps",
    "random.random": "rolls dice",
    "uuid.uuid4": "rolls dice",
    "os.environ": "reads the environment",
    "os.getenv": "reads the environment",
}


def core_files() -> list[Path]:
    paths = [ROOT / name.replace(".", "/") for name in CORE]
    return sorted(
        file for path in paths for file in ([path.with_suffix(".py")] if not path.is_dir() else path.rglob("*.py"))
    )


def outside(tree: ast.AST) -> set[str]:
    names = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    names |= {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return names & set(OUTSIDE)


def test_the_search_for_the_outside_finds_it() -> None:
    assert outside(ast.parse("from datetime import datetime\nx = datetime.now(UTC)")) == {"datetime.now"}


@pytest.mark.parametrize("file", core_files(), ids=lambda file: str(file.relative_to(ROOT)))
def test_the_core_asks_no_clock_no_dice_and_no_environment(file: Path) -> None:
    assert outside(ast.parse(file.read_text(encoding="utf-8"))) == set()

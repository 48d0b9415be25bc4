"""What an installation carries, and what a lock may say."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest
from hatchling.build import build_wheel

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCKS = ("constraints.txt", "requirements.lock")
EXTRAS = ("editor", "fast", "holidays", "postgres", "redis")  # of those who run it, not of those who work on it


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of this checkout, unpacked as pip would."""
    folder = tmp_path_factory.mktemp("wheel")
    here = Path.cwd()
    os.chdir(ROOT)  # what a build frontend does
    try:
        name = build_wheel(str(folder))
    finally:
        os.chdir(here)
    with ZipFile(folder / name) as wheel:
        wheel.extractall(folder / "site")
    return folder / "site"


def tracked(*folders: str) -> set[str]:
    listed = subprocess.run(["git", "ls-files", *folders], cwd=ROOT, capture_output=True, text=True, check=True)
    return {name for name in listed.stdout.splitlines() if (ROOT / name).exists()}


def test_the_wheel_carries_every_file_of_the_packages(unpacked: Path) -> None:
    missing = {name for name in tracked("engine", "server") if not (unpacked / name).is_file()}
    assert missing == set()


@pytest.mark.parametrize("name", sorted(tracked("schema", "templates", "sequences.yaml")))
def test_the_wheel_carries_the_data_of_the_root(unpacked: Path, name: str) -> None:
    assert (unpacked / "engine/_data" / name).read_bytes() == (ROOT / name).read_bytes()


@pytest.mark.parametrize("name", sorted(tracked("docs/rules")))
def test_the_wheel_carries_the_pages_of_the_rules(unpacked: Path, name: str) -> None:
    assert (unpacked / "engine/_data" / name.removeprefix("docs/")).read_bytes() == (ROOT / name).read_bytes()


def test_the_wheel_carries_no_tests_and_no_ledger(unpacked: Path) -> None:
    tops = {path.name for path in unpacked.iterdir()}
    assert tops == {"engine", "server", f"busos-{PROJECT['version']}.dist-info"}
    assert [path for path in unpacked.rglob("*") if path.suffix in (".db", ".pyc")] == []


def run_in(folder: Path, site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "server.cli", *arguments]
    environ = {**os.environ, "PYTHONPATH": str(site)}
    return subprocess.run(command, check=False, cwd=folder, env=environ, capture_output=True, text=True)


def test_the_unpacked_wheel_validates_outside_the_checkout(unpacked: Path, tmp_path: Path) -> None:
    data = unpacked / "engine/_data"
    ran = run_in(tmp_path, unpacked, "validate", str(data / "sequences.yaml"))
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "0 errors, 0 warnings" in ran.stdout


def test_the_unpacked_wheel_knows_the_schema(unpacked: Path, tmp_path: Path) -> None:
    ran = run_in(tmp_path, unpacked, "schema")
    assert json.loads(ran.stdout) == json.loads((ROOT / "schema/sequences.schema.json").read_text(encoding="utf-8"))


def test_the_unpacked_wheel_explains_its_rules(unpacked: Path, tmp_path: Path) -> None:
    ran = run_in(tmp_path, unpacked, "explain-rule", "unknown-field")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "A name that is declared nowhere" in ran.stdout


def test_the_version_is_said_once() -> None:
    from engine import __version__

    assert __version__ == PROJECT["version"]


# -- Dependencies ---------------------------------------------------------------------------------


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[\[<>=!~; ]", name)[0]).lower()


def pinned(lock: str) -> dict[str, str]:
    text = (ROOT / lock).read_text(encoding="utf-8")
    return {normal(name): version for name, version in re.findall(r"^([\w.-]+)==([^\s;\\]+)", text, re.MULTILINE)}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_registry_and_no_machine(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert re.findall(r"://|^\s*(?:-i|-f|--(?:extra-)?index|--find|--trusted).*|^/.*", text, re.MULTILINE) == []


def test_the_constraints_hold_every_dependency_of_every_kind() -> None:
    extras = [name for names in PROJECT["optional-dependencies"].values() for name in names]
    wanted = {normal(name) for name in [*PROJECT["dependencies"], *extras]}
    assert wanted - set(pinned("constraints.txt")) == set()


def test_both_locks_agree() -> None:
    constraints, lock = pinned("constraints.txt"), pinned("requirements.lock")
    assert {name: version for name, version in lock.items() if constraints.get(name) != version} == {}
    assert {normal(name) for name in PROJECT["dependencies"]} - set(lock) == set()


def test_every_locked_package_has_hashes() -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    entries = re.split(r"^(?=[\w.-]+==)", text, flags=re.MULTILINE)[1:]
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def imported(file: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return {
        name.split(".")[0] for name in plain | {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    }


def test_everything_we_import_is_a_declared_dependency() -> None:
    files = [*(ROOT / "engine").rglob("*.py"), *(ROOT / "server").rglob("*.py")]
    foreign = set().union(*map(imported, files)) - {"engine", "server"} - sys.stdlib_module_names
    distribution = {"yaml": "pyyaml", "markdown_it": "markdown-it-py"}  # the few that are named otherwise
    wanted = {normal(distribution.get(name, name)) for name in foreign}
    extras = [name for extra in EXTRAS for name in PROJECT["optional-dependencies"][extra]]
    declared = {normal(name) for name in [*PROJECT["dependencies"], *extras]}
    assert wanted - declared == set()


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a clone")
@pytest.mark.parametrize(
    "name",
    [
        "busos.db",
        "busos.db-wal",
        "busos.db-shm",
        "busos.db-journal",
        "busos.db-workers",
        "busos.db.before-0002-was-0001",
        "busos.db.replaced-20251112-090000",
        "busos.db.replaced-20251112-090000-wal",
        "busos.db.unfinished",
        "busos-backup-20251112-090000.db",
        "monday.db.unfinished-journal",
    ],
)
def test_no_ledger_gets_into_version_control_by_mistake(name: str) -> None:
    asked = subprocess.run(["git", "check-ignore", "-q", name], cwd=ROOT, check=False)
    assert asked.returncode == 0

"""Every rule has a golden pair and a page, and both say what busos really says."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.language.checking import read_and_check
from engine.language.folder import Folder
from engine.language.report import as_text
from engine.language.sources import Bundle
from tests.language.conftest import shelf_of

ROOT = Path(__file__).parents[2]
# A file, or a folder with a main file and what it reads.
BAD = sorted([*(ROOT / "tests" / "bad").glob("*.yaml"), *(ROOT / "tests" / "bad").glob("*/sequences.yaml")])
PAGES = sorted(page for page in (ROOT / "docs" / "rules").glob("*.md") if page.stem != "README")
# A file of a megabyte or of a thousand mistakes is made in other tests, and kept nowhere.
MADE_ELSEWHERE = {"too-large", "too-many", "unclear-rename", "open-webhook", "postal-address"}
# What no page in UTF-8 can show.
UNSHOWABLE = MADE_ELSEWHERE | {"not-utf-8", "control-character"}
TOLD = re.compile(r"(?m): (?:error|warning): .*  \[([a-z0-9-]+)\]$")
# Where a rule's name stands among the arguments of a call.
NAMERS = {"problem": 1, "_say": 1, "Trouble": 1, "Told": 1, "_unknown": 3, "Refusal": 2, "tell": 1, "_warn": 2}


def told(raw, name, shelf, sources=None):
    _, problems = read_and_check(raw, name, shelf, sources or Bundle(name))
    files = texts_of(sources) if sources else {}
    return as_text(problems, {**files, name: raw.decode(errors="replace")}, name)


def texts_of(folder):
    paths = [path for path in folder.path.rglob("*.y*ml") if path.is_file()]
    return {str(path.relative_to(folder.path)): path.read_bytes().decode(errors="replace") for path in paths}


def golden(path):
    """What must be said about a bad file, or about a folder."""
    return (path.parent if path.name == "sequences.yaml" else path).with_suffix(".out")


def rules_in(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        for place in _rule_places(node):
            for inner in ast.walk(place):
                if isinstance(inner, ast.Constant) and re.fullmatch(r"[a-z][a-z0-9-]+", str(inner.value)):
                    yield inner.value


def _rule_places(node) -> Iterator[ast.expr]:
    if isinstance(node, ast.Call):
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        yield from (keyword.value for keyword in node.keywords if keyword.arg == "rule")
        if name in NAMERS and len(node.args) > NAMERS[name]:
            yield node.args[NAMERS[name]]
    if isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") == "rule" and node.value:
        yield node.value
    if isinstance(node, ast.FunctionDef):
        names = [argument.arg for argument in node.args.args][-len(node.args.defaults) :]
        yield from (value for name, value in zip(names, node.args.defaults, strict=False) if name == "rule")


def all_rules():
    folders = [ROOT / "engine" / "language", ROOT / "engine" / "planning"]
    return {rule for folder in folders for path in folder.rglob("*.py") for rule in rules_in(path)}


@pytest.mark.parametrize("path", BAD, ids=lambda path: golden(path).stem)
def test_a_bad_file_gets_exactly_the_text_beside_it(path):
    folder = Folder(path.parent) if path.name == "sequences.yaml" else None
    said = told(path.read_bytes(), path.name, shelf_of(path.stem), folder)
    assert said == golden(path).read_text(encoding="utf-8")


def test_every_text_belongs_to_a_bad_file_or_a_folder():
    assert {golden(path) for path in BAD} == set((ROOT / "tests" / "bad").glob("*.out"))


def test_every_rule_has_a_golden_pair():
    shown = {rule for path in BAD for rule in TOLD.findall(golden(path).read_text(encoding="utf-8"))}
    assert shown | MADE_ELSEWHERE == all_rules()


def test_every_rule_has_a_page_and_every_page_a_rule():
    assert {page.stem for page in PAGES} == all_rules()


def test_the_list_of_rules_names_every_page():
    listed = re.findall(r"\[([a-z0-9-]+)\]\(\1\.md\)", (ROOT / "docs/rules/README.md").read_text(encoding="utf-8"))
    assert listed == sorted(page.stem for page in PAGES)


@pytest.mark.parametrize("page", [page for page in PAGES if page.stem not in UNSHOWABLE], ids=lambda page: page.stem)
def test_the_example_of_a_page_gives_the_output_beside_it(page):
    text = page.read_text(encoding="utf-8")
    example = re.search(r"```yaml\n(.*?)```", text, re.S)
    output = re.search(r"```text\n(.*?)```", text, re.S)
    main = f"{page.stem}.yaml"
    others = {name: body for body, name in re.findall(r"```yaml\n(# ([a-z_/]+\.yaml)\n.*?)```", text, re.S)}
    _, problems = read_and_check(example[1], main, shelf_of(page.stem), Bundle(main, others))
    assert as_text(problems, {**others, main: example[1]}, main) == output[1]
    assert f"[{page.stem}]" in output[1]

"""Every rule has a golden pair and a page, and both say what busos really says."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.language.checking import read_and_check
from engine.language.report import as_text

ROOT = Path(__file__).parents[2]
BAD = sorted((ROOT / "tests" / "bad").glob("*.yaml"))
PAGES = sorted(page for page in (ROOT / "docs" / "rules").glob("*.md") if page.stem != "README")
# A file of a megabyte is made in test_source, and kept nowhere.
MADE_ELSEWHERE = {"too-large"}
# What no page in UTF-8 can show.
UNSHOWABLE = {"not-utf-8", "control-character", "too-large"}
TOLD = re.compile(r"(?m): (?:error|warning): .*  \[([a-z0-9-]+)\]$")
# Where a rule's name stands among the arguments of a call.
NAMERS = {"problem": 1, "_say": 1, "Trouble": 1, "Told": 1, "_unknown": 3, "Refusal": 2}


def told(raw, name, shelf):
    _, problems = read_and_check(raw, name, shelf)
    return as_text(problems, {name: raw.decode(errors="replace")}, name)


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
    return {rule for path in (ROOT / "engine" / "language").rglob("*.py") for rule in rules_in(path)}


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_bad_file_gets_exactly_the_text_beside_it(path, shelf):
    assert told(path.read_bytes(), path.name, shelf) == path.with_suffix(".out").read_text(encoding="utf-8")


def test_every_rule_has_a_golden_pair():
    golden = {rule for path in BAD for rule in TOLD.findall(path.with_suffix(".out").read_text(encoding="utf-8"))}
    assert golden | MADE_ELSEWHERE == all_rules()


def test_every_rule_has_a_page_and_every_page_a_rule():
    assert {page.stem for page in PAGES} == all_rules()


def test_the_list_of_rules_names_every_page():
    listed = re.findall(r"\[([a-z0-9-]+)\]\(\1\.md\)", (ROOT / "docs/rules/README.md").read_text(encoding="utf-8"))
    assert listed == sorted(page.stem for page in PAGES)


@pytest.mark.parametrize("page", [page for page in PAGES if page.stem not in UNSHOWABLE], ids=lambda page: page.stem)
def test_the_example_of_a_page_gives_the_output_beside_it(page, shelf):
    text = page.read_text(encoding="utf-8")
    example = re.search(r"```yaml\n(.*?)```", text, re.S)
    output = re.search(r"```text\n(.*?)```", text, re.S)
    assert told(example[1].encode(), f"{page.stem}.yaml", shelf) == output[1]
    assert f"[{page.stem}]" in output[1]

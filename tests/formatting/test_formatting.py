"""The usual form: what it looks like, that it means the same, that nothing is lost, that it is reached at once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.language.compiler import load
from engine.model import TemplateText
from server.formatting import formatted
from tests.fences import ROOT

UGLY = (Path(__file__).parent / "ugly.yaml").read_text(encoding="utf-8")
USUAL = (Path(__file__).parent / "usual.yaml").read_text(encoding="utf-8")
GOOD = [ROOT / "sequences.yaml", *sorted(ROOT.glob("tests/good/*.yaml")), *sorted(ROOT.glob("docs/cookbook/*.yaml"))]


class AnyTemplate:
    """A shelf that has every template."""

    def find(self, name: str) -> TemplateText | None:
        return TemplateText(name=name, subject="Hi", body="{{ unsubscribe_url }}", format="markdown")

    def names(self) -> Sequence[str]:
        return ()


def meaning(value: Any) -> Any:
    """A playbook without texts, places and the file's hash."""
    if is_dataclass(value):
        left_out = {"text", "line", "spot", "revision", "zone"}
        return type(value), {one.name: meaning(getattr(value, one.name)) for one in fields(value)} | dict.fromkeys(
            left_out
        )
    if isinstance(value, dict):
        return [(name, meaning(inner)) for name, inner in value.items()]
    return [meaning(one) for one in value] if isinstance(value, list | tuple) else value


def compiled(text: str) -> Any:
    return meaning(load(text, AnyTemplate()))


def test_a_file_written_in_a_hurry_gets_its_usual_form() -> None:
    assert formatted(UGLY) == USUAL
    assert compiled(UGLY) == compiled(USUAL)


@pytest.mark.parametrize(
    ("written", "usual"),
    [
        ("customer == true", "customer = true"),
        ("plan == 'a b' AND  not( reds>=2 )", "plan = 'a b' and not (reds >= 2)"),
        ("appointment_time < 2 Days from now", "appointment_time < 2 Days from now"),
        ("plan = '1 Days'", "plan = '1 Days'"),
        ("plan & 'a'", "plan & 'a'"),
    ],
)
def test_a_part_of_a_file_has_its_conditions_in_their_usual_form_too(written: str, usual: str) -> None:
    """Its fields are declared in another file, so only signs and spaces are touched."""
    part = "sequences:\n  welcome:\n    stop_when: {}\n    steps:\n      - email: hello\n"
    assert formatted(part.format(written)) == part.format(usual)


def test_the_file_of_a_blueprint_gets_its_usual_form_and_keeps_its_inputs() -> None:
    ugly = (
        "blueprint:\n   inputs: {least: {type: whole number}, pause: {type: duration}}\n"
        "steps:\n-  when: reds >= <least>\n   wait: 2   Days\n"
        "-  when: reds==1\n   email: 'hello'\n-  wait: <pause>\n-  email: offer\n"
    )
    usual = (
        "blueprint:\n  inputs: {least: {type: whole number}, pause: {type: duration}}\n"
        "steps:\n  - wait: 2 days\n    when: reds >= <least>\n"
        "  - email: hello\n    when: reds = 1\n  - wait: <pause>\n  - email: offer\n"
    )
    assert formatted(ugly) == usual
    assert formatted(usual) == usual


def test_blueprints_among_others_get_their_usual_form_too() -> None:
    head = "blueprints:\n  nudge:\n    sequence:\n"
    ugly = f"{head}      stop_when: a==1\n      steps:\n      - id: x\n        email: <t>\n  b: 1\n"
    usual = f"{head}      stop_when: a = 1\n      steps:\n        - email: <t>\n          id: x\n  b: 1\n"
    assert formatted(ugly) == usual


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.name)
def test_a_good_file_means_the_same_afterwards(path: Path) -> None:
    text = path.read_bytes().decode()
    once = formatted(text)
    assert formatted(once) == once
    assert meaning(load(once, AnyTemplate(), file=str(path))) == meaning(load(path, AnyTemplate()))


def test_the_shipped_file_is_in_its_usual_form() -> None:
    text = (ROOT / "sequences.yaml").read_text(encoding="utf-8")
    assert formatted(text) == text


def test_line_breaks_stay_as_they_are() -> None:
    assert formatted(UGLY.replace("\n", "\r\n")) == USUAL.replace("\n", "\r\n")


@pytest.mark.parametrize(
    "text",
    [
        'segments:\n  - A: name = "2 Days  and"\n',
        "note: &x |2\n    two\n\n  one\nother: *x\n",
        "a: 'x # not a remark'   # a remark\n",
        "a: |\n  text   \n\n\n",
        "- - a\n  -   b\n-\n    - c\n",
        "a: [1,\n  2, # two\n      3]\n",
    ],
)
def test_what_only_looks_like_ours_is_left_alone(text: str) -> None:
    assert formatted(formatted(text)) == formatted(text)
    assert re.findall(r"[^\s'\"-]+", formatted(text)) == re.findall(r"[^\s'\"-]+", text)


# -- Files made ugly by chance ----------------------------------------------------------------


def deeper(text: str, width: int) -> str:
    """Every level indented by so many spaces; the file has no texts of several lines."""
    text = re.sub(r"(?m)^(?:  )+", lambda found: " " * (len(found[0]) // 2 * width), text)
    return re.sub(r"(?m)^( *)- ", lambda found: f"{found[1]}-{' ' * (width - 1)}", text)


def unlucky(line: str, choice: int) -> str:
    """A line written in another way that means the same."""
    match choice:
        case 1:
            return re.sub(r"(\d) (hour|day|minute|week)(s?)\b", lambda found: found[0].title(), line)
        case 2:
            return re.sub(r"(when|stop_when): (.+ )= ", r"\1: \2==  ", line)
        case 3:
            return re.sub(r"(- email|start|when): ([\w =]+)$", r'\1: "\2"', line)
        case 4:
            return f"{line}   "
        case 5:
            return re.sub(r"(- email|wait): (\w+)$", r"\1: '\2'", line)
        case _:
            return line


@settings(deadline=None)  # other work on the machine is no failure
@given(st.sampled_from(GOOD), st.sampled_from([2, 4]), st.data())
def test_a_file_made_ugly_comes_back(path: Path, width: int, data: st.DataObject) -> None:
    text = formatted(path.read_text(encoding="utf-8"))
    lines = text.splitlines()
    choices = data.draw(st.lists(st.integers(0, 6), min_size=len(lines), max_size=len(lines)))
    plain = "|\n" not in text and not re.search(r"[\[{][^\]}]*$", text, re.MULTILINE)
    ugly = [unlucky(line, choice) for line, choice in zip(lines, choices, strict=True)]
    written = "\n".join(ugly) + "\n"
    written = deeper(written, width) if plain else written
    again = formatted(written)
    assert compiled(again) == compiled(written) == compiled(text)
    assert formatted(again) == again
    assert Counter(re.findall(r"#.*\S", again)) == Counter(re.findall(r"#.*\S", text))
    if plain and width == 2:
        assert again.count("\n") == text.count("\n")


@settings(deadline=None)
@given(st.text(alphabet="ab:-# '\"|>[]{}\n,&*?!", max_size=60))
def test_any_text_that_can_be_read_keeps_its_meaning_and_reaches_rest(text: str) -> None:
    from engine.language.source import examine

    document, problems = examine(text, "")
    once = formatted(text)
    if document is None or problems:
        assert once == text
        return
    after, wrong = examine(once, "")
    assert not wrong
    assert after is not None
    assert after.data == document.data
    assert formatted(once) == once

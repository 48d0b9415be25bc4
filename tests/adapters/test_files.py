"""Templates from a folder."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from engine.adapters.files import FileTemplates
from engine.ports import Templates
from engine.rendering import TemplateFlaw, variables

GOOD = '---\nsubject: "Hello {{ first_name }}"\npreheader: Soon\n---\n\nHi *you*\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "inside").mkdir()
    (tmp_path / "secret.md").write_text(GOOD, encoding="utf-8")
    return tmp_path / "inside"


def write(folder: Path, name: str, text: str, newline: str = "\n") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8", newline=newline)
    settle(path)
    return path


def settle(path: Path) -> None:
    """As if it had been saved a while ago."""
    at = path.stat().st_mtime_ns - 1_000_000_000
    os.utime(path, ns=(at, at))


def flaw(folder: Path, text: str) -> TemplateFlaw:
    path = write(folder, "a.md", text)
    with pytest.raises(TemplateFlaw) as caught:
        FileTemplates(folder).find("a")
    assert caught.value.origin == str(path)
    return caught.value


def test_a_markdown_file_is_a_template(folder: Path) -> None:
    path = write(folder, "a.md", GOOD)
    templates: Templates = FileTemplates(folder)
    found = templates.find("a")
    assert found is not None
    assert (found.name, found.subject, found.preheader, found.format) == (
        "a",
        "Hello {{ first_name }}",
        "Soon",
        "markdown",
    )
    assert (found.body, found.body_line, found.origin) == ("\nHi *you*\n", 5, str(path))


def test_an_html_file_is_a_template_and_windows_line_ends_and_a_byte_order_mark_do_no_harm(folder: Path) -> None:
    write(folder, "a.html", "\ufeff---\nsubject: Hello\n---\n<p>x</p>\n", newline="\r\n")
    found = FileTemplates(folder).find("a")
    assert found is not None
    assert (found.format, found.subject, found.body) == ("html", "Hello", "<p>x</p>\n")


def test_lines_of_variables_are_lines_of_the_file(folder: Path) -> None:
    write(folder, "a.md", "---\nsubject: Hello\n---\n\nHi {{ city }}\n")
    found = FileTemplates(folder).find("a")
    assert found is not None
    assert variables(found)[0].line == 5


def test_names_are_sorted_and_leave_out_other_files(folder: Path) -> None:
    for name in ("b.md", "a.html", "c.txt", ".hidden.md", "broken.md"):
        write(folder, name, "")
    (folder / "d.md").mkdir()
    assert FileTemplates(folder).names() == ["a", "b", "broken"]


def test_a_folder_that_is_not_there_has_no_templates(folder: Path) -> None:
    templates = FileTemplates(folder / "gone")
    assert templates.names() == []
    assert templates.find("a") is None


def test_an_edit_shows_at_once_and_an_unchanged_file_is_not_read_again(folder: Path) -> None:
    path = write(folder, "a.md", GOOD)
    templates = FileTemplates(folder)
    first = templates.find("a")
    assert templates.find("a") is first
    write(folder, "a.md", GOOD.replace("Hello", "Dear"))
    found = templates.find("a")
    assert found is not None
    assert found.subject == "Dear {{ first_name }}"
    write(folder, "a.md", GOOD.replace("Hello", "Howdy"))
    os.utime(path, ns=(1, 1))
    again = templates.find("a")
    assert again is not None
    assert again.subject == "Howdy {{ first_name }}"
    path.unlink()
    settle(folder)
    assert templates.find("a") is None


@pytest.mark.parametrize("half", ["", "---\nsub", GOOD[:-3], None])
def test_while_a_file_is_being_saved_the_template_is_what_it_was(folder: Path, half: str | None) -> None:
    path = write(folder, "a.md", GOOD)
    templates = FileTemplates(folder)
    before = templates.find("a")
    if half is None:
        path.unlink()
    else:
        path.write_text(half)
    assert before is not None
    assert templates.find("a") is before

    path.write_text(GOOD.replace("Hello", "Dear"))
    assert templates.find("a") is before
    settle(path)
    found = templates.find("a")
    assert found is not None
    assert found.subject == "Dear {{ first_name }}"


def test_a_new_file_that_is_not_whole_yet_is_waited_for(folder: Path) -> None:
    path = folder / "a.md"
    path.write_text(GOOD[:-4])
    writer = threading.Timer(0.05, path.write_text, (GOOD,))
    writer.start()
    found = FileTemplates(folder).find("a")
    writer.join()
    assert found is not None
    assert found.body == "\nHi *you*\n"


def test_the_edition_is_another_one_after_any_file_has_changed(folder: Path) -> None:
    templates = FileTemplates(folder)
    editions = [templates.edition()]
    write(folder, "a.md", GOOD)
    editions.append(templates.edition())
    assert templates.edition() == editions[-1]
    write(folder, "a.md", GOOD + "more")
    editions.append(templates.edition())
    write(folder, "b.html", GOOD)
    editions.append(templates.edition())
    assert len(set(editions)) == 4


def test_a_template_that_is_switched_off_is_not_found_but_named(folder: Path) -> None:
    write(folder, "a.md", "---\nsubject: x\nactive: false\n---\nx")
    templates = FileTemplates(folder)
    assert templates.find("a") is None
    assert templates.names() == ["a"]


@pytest.mark.parametrize(
    "name",
    [
        "",
        "../secret",
        "..",
        ".",
        "inside/../../secret",
        "/etc/passwd",
        "..\\secret",
        "a\0b",
        "x" * 300,
        "ü" * 120,
        "nowhere",
    ],
)
def test_a_name_never_leads_out_of_the_folder(folder: Path, name: str) -> None:
    assert FileTemplates(folder).find(name) is None


def test_two_files_of_one_name_are_refused(folder: Path) -> None:
    write(folder, "a.md", GOOD)
    write(folder, "a.html", GOOD)
    with pytest.raises(TemplateFlaw, match=r"there is also a\.html: delete or rename one of the two"):
        FileTemplates(folder).find("a")


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("Hello", 1, "there is no front matter"),
        ("", 1, "there is no front matter"),
        ("\n---\nsubject: Hi\n---\nx", 1, "delete the empty line above"),
        ("---\nsubject: x\n", 1, "does not end"),
        ("---\n---\nx", 1, "has no subject"),
        ("---\nsubject:\n---\nx", 1, "has no subject"),
        ("---\nsubject: '  '\n---\nx", 1, "has no subject"),
        ("---\nsubject: x\nsubjet: y\n---\nx", 3, 'no key "subjet"; did you mean "subject"'),
        ("---\nsubject: x\nfrom: y\n---\nx", 3, "there are: subject, preheader, active"),
        ("---\nsubject: x\nsubject: y\n---\nx", 3, "given twice"),
        ("---\nsubject: {{ first_name }}\n---\nx", 2, "put quotes around"),
        ("---\nsubject: {{ first_name }}, hello\n---\nx", 2, "put quotes around"),
        ("---\nsubject: [x]\n---\nx", 2, "put quotes around"),
        ("---\npreheader: x\nsubject: Last call: book\n---\nx", 3, "put quotes around"),
        ("---\nsubject: x\nactive: maybe\n---\nx", 3, 'true or false, not "maybe"'),
        ("---\njust words\n---\nx", 2, "is not understood"),
        ("---\nsubject: \x01\n---\nx", 1, "is not understood"),
        ("---\nsubject: " + "[" * 3000 + "\n---\nx", 1, "is not understood"),
        ("---\nsubject: " + "x" * 5000 + "\n---\nx", 1, "is too long"),
    ],
)
def test_a_file_that_is_no_template_yet_says_why_and_where(folder: Path, text: str, line: int, words: str) -> None:
    found = flaw(folder, text)
    assert words in found.message
    assert found.line == line


def test_the_reason_is_told_again_at_the_next_look(folder: Path) -> None:
    write(folder, "a.md", "Hello")
    templates = FileTemplates(folder)
    for _ in range(2):
        with pytest.raises(TemplateFlaw, match="front matter"):
            templates.find("a")


def test_a_file_that_is_not_utf_8_is_told(folder: Path) -> None:
    (folder / "a.md").write_bytes(b"---\nsubject: caf\xe9\n---\nx")
    with pytest.raises(TemplateFlaw, match="not UTF-8"):
        FileTemplates(folder).find("a")


def test_a_file_that_cannot_be_read_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder, "a.md", GOOD)

    def refuse(*_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(TemplateFlaw, match="cannot be read: Permission denied"):
        FileTemplates(folder).find("a")


def test_spare_templates_could_be_sent_and_are_named_by_no_file_around(folder: Path) -> None:
    for name in ("used", "forgotten", "of_a_neighbour", "of-an-inner-one", "named"):
        write(folder, f"{name}.md", GOOD)
    write(folder, "off.md", GOOD.replace("preheader: Soon", "active: false"))
    write(folder, "torn.md", "no front matter")
    (folder.parent / "other.yaml").write_text("- email: of_a_neighbour\n- email: named_otherwise\n", encoding="utf-8")
    (folder.parent / "campaigns").mkdir()
    (folder.parent / "campaigns" / "spring.yml").write_text("{A: of-an-inner-one}", encoding="utf-8")

    assert FileTemplates(folder).spare({"used"}) == ["forgotten", "named"]


def test_nothing_is_read_where_every_template_is_used(folder: Path) -> None:
    write(folder, "used.md", GOOD)

    assert FileTemplates(folder).spare({"used"}) == []

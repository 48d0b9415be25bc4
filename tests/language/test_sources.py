"""Several files as one text and back, and that nothing outside a folder is read."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.language.compiler import load, sound_document
from engine.language.folder import MOST_BYTES, Folder
from engine.language.including import unfit_name
from engine.language.reading import MAX_BYTES
from engine.language.source import examine, texts
from engine.language.sources import Bundle, Unreachable, bundle_of, matches

NAMES = st.text(alphabet="abc/.-é", min_size=1, max_size=12)
TEXTS = st.text(max_size=60)


@given(st.dictionaries(NAMES, TEXTS, min_size=2), st.data())
def test_files_become_a_text_and_files_again(files, data):
    main = data.draw(st.sampled_from(sorted(files)))
    bundle = bundle_of(Bundle(main, files).text())
    assert (bundle.main, bundle.files) == (main, files)
    assert list(bundle.files)[1:] == sorted(bundle.files.keys() - {main})


@given(TEXTS)
def test_one_file_is_kept_as_it_is(text):
    assert Bundle("sequences.yaml", {"sequences.yaml": text}).text() == text


@pytest.mark.parametrize("text", ["", "version: 1", "%busos files\n", "%busos files\nversion: 1\n", "# %busos files\n"])
def test_another_text_is_no_bundle(text):
    assert bundle_of(text) is None


def test_a_bundle_reads_only_what_it_holds():
    bundle = Bundle("a.yaml", {"a.yaml": "", "b/c.yaml": "x: é"})
    assert bundle.matching("b/*.yaml") == ["b/c.yaml"]
    assert bundle.read("b/c.yaml") == "x: é".encode()
    with pytest.raises(Unreachable, match="is not there"):
        bundle.read("d.yaml")


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("campaigns/*.yaml", "campaigns/autumn.yaml", True),
        ("campaigns/*.yaml", "campaigns/deep/autumn.yaml", False),
        ("campaigns/*.yaml", "campaigns/.autumn.yaml", False),
        ("*/a?.yaml", "x/ab.yaml", True),
        ("[ab].yaml", "b.yaml", True),
        ("[ab].yaml", "c.yaml", False),
        ("a.yaml", "A.yaml", False),
    ],
)
def test_a_star_stands_for_a_part_of_a_name(pattern, name, fits):
    assert matches(pattern, name) is fits


@pytest.mark.parametrize("name", ["..", "../a.yaml", "a/../b.yaml", "/a.yaml", "~/a.yaml", "C:/a.yaml", "C:a.yaml"])
def test_a_name_that_leads_out_is_refused_by_its_looks(name):
    assert unfit_name(name)


# -- On the disk --------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "here" / "campaigns").mkdir(parents=True)
    for name in ("outside.yaml", "here/a.yaml", "here/b.yml", "here/notes.txt", "here/.hidden.yaml"):
        (tmp_path / name).write_text("sequences: {}\n")
    for name in ("two", "one"):
        (tmp_path / "here" / "campaigns" / f"{name}.yaml").write_text("# nothing yet\n")
    return Folder(tmp_path / "here")


def test_files_are_found_sorted_and_only_yaml(folder):
    assert folder.matching("*") == ["a.yaml", "b.yml"]
    assert folder.matching("camp*/*.yaml") == ["campaigns/one.yaml", "campaigns/two.yaml"]
    assert folder.matching("nowhere/*.yaml") == []
    assert folder.matching("campaigns") == []


@pytest.mark.parametrize("link", ["link.yaml", "linked/outside.yaml"])
def test_a_link_that_leads_out_is_not_followed(folder, link):
    (folder.path / "link.yaml").symlink_to(folder.path.parent / "outside.yaml")
    (folder.path / "linked").symlink_to(folder.path.parent)
    with pytest.raises(Unreachable, match="leads out of the folder"):
        folder.read(link)


def test_a_link_within_the_folder_is_followed(folder):
    (folder.path / "link.yaml").symlink_to("a.yaml")
    assert folder.read("link.yaml") == b"sequences: {}\n"


def test_what_is_no_file_says_so(folder):
    with pytest.raises(Unreachable, match="is not a file"):
        folder.read("campaigns")
    with pytest.raises(Unreachable, match="is not there"):
        folder.read("nowhere.yaml")
    os.mkfifo(folder.path / "pipe.yaml")
    with pytest.raises(Unreachable, match="is not a file"):
        folder.read("pipe.yaml")
    (folder.path / "round.yaml").symlink_to("round.yaml")
    with pytest.raises(Unreachable, match="is not there"):
        folder.read("round.yaml")
    with pytest.raises(Unreachable, match="cannot be read: embedded null byte"):
        folder.read("a\0.yaml")


def test_a_file_without_end_is_not_read_to_it(folder):
    with (folder.path / "large.yaml").open("wb") as file:
        file.truncate(10 * MAX_BYTES)
    assert len(folder.read("large.yaml")) == MOST_BYTES == MAX_BYTES + 1


def test_what_was_asked_for_is_seen_to_change(folder):
    folder.matching("campaigns/*.yaml")
    folder.read("a.yaml")
    assert folder.look() == folder.seen
    (folder.path / "campaigns" / "three.yaml").write_text("")
    assert folder.look() != folder.seen


# -- Together -----------------------------------------------------------------------------------

MAIN = """\
version: 1
include: "campaigns/*.yaml"
email: {from: you@example.com}
contact: {email: {type: email}}
triggers: {signup: {requires: [email], then: [{start: one}, {start: two}]}}
"""
ONE = "sequences: {one: {use: parts/hello.yaml}}\n"
TWO = "sequences: {two: {steps: [{email: offer}]}}\n"
HELLO = "blueprint: {}\nsteps: [{email: hello}]\n"
FILES = {"campaigns/one.yaml": ONE, "campaigns/two.yaml": TWO, "parts/hello.yaml": HELLO}


def test_what_was_read_is_kept_and_compiles_to_the_same_again(full_shelf):
    document = sound_document(MAIN, full_shelf, file="x/sequences.yaml", sources=Bundle("sequences.yaml", FILES))
    assert texts(document) == {"x/sequences.yaml": MAIN, **{f"x/{name}": text for name, text in FILES.items()}}
    again = load(document.text, full_shelf, file="x/sequences.yaml")
    assert again == load(sound_document(document.text, full_shelf).text, full_shelf, file="x/sequences.yaml")
    assert sorted(again.sequences) == ["one", "two"]


def test_a_file_that_is_there_and_not_asked_for_changes_nothing(full_shelf):
    more = {**FILES, "notes/three.yaml": "nonsense"}
    found = [sound_document(MAIN, full_shelf, sources=Bundle("", files)).text for files in (FILES, more)]
    assert found[0] == found[1]


def test_an_edit_of_any_part_is_another_revision(full_shelf):
    def revision(files):
        return load(sound_document(MAIN, full_shelf, sources=Bundle("", files)).text, full_shelf).revision

    edited = [{**FILES, name: f"{text}# \n"} for name, text in FILES.items()]
    assert len({revision(files) for files in (FILES, *edited)}) == 4


def test_the_text_of_one_file_is_its_own():
    document, _ = examine("version: 1\n", "x/y.yaml")
    assert texts(document) == {"x/y.yaml": "version: 1\n"}


def test_files_are_read_from_the_folder_of_the_main_file(tmp_path, full_shelf):
    for name, text in {"sequences.yaml": MAIN, **FILES}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert sorted(load(tmp_path / "sequences.yaml", full_shelf).sequences) == ["one", "two"]

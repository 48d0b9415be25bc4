"""Include and use: what the golden folders do not show."""

from __future__ import annotations

import os
import re

import pytest

from engine.language.checking import read_and_check
from engine.language.compiler import load, sound_document
from engine.language.composing import MAX_VALUES
from engine.language.folder import Folder
from engine.language.including import MAX_FILES
from engine.language.reading import MAX_BYTES
from engine.language.source import examine
from engine.language.sources import Bundle

HEAD = """\
version: 1
email: {from: you@example.com}
contact: {email: {type: email}, age: {type: whole number}, due: {type: datetime}, customer: {type: checkbox}}
triggers: {signup: {requires: [email], accepts: [age, due, customer], then: [{start: course}]}}
"""
COURSE = "sequences: {course: {steps: [{email: hello}]}}\n"


def problems(text, shelf, **files):
    named = {name.replace("__", "/") + ".yaml": content for name, content in files.items()}
    return read_and_check(text, "sequences.yaml", shelf, Bundle("sequences.yaml", named))[1]


def rules(text, shelf, **files):
    return [(one.file, one.line, one.rule) for one in problems(text, shelf, **files)]


def compiled(text, shelf, **files):
    named = {name.replace("__", "/") + ".yaml": content for name, content in files.items()}
    return load(sound_document(text, shelf, sources=Bundle("sequences.yaml", named)).text, shelf)


# -- Include ------------------------------------------------------------------------------------


def test_parts_that_are_lists_come_one_after_the_other():
    files = Bundle("x.yaml", {"more.yaml": "tests: [b, c]\n"})
    document, found = examine("include: more.yaml\ntests: [a]\n", "x.yaml", files)
    assert document is not None
    assert (document.data["tests"], found) == (["a", "b", "c"], [])
    assert [document.span(("tests", index)).file for index in range(3)] == ["x.yaml", "more.yaml", "more.yaml"]


def test_the_order_is_that_of_the_list_and_then_of_the_names(full_shelf):
    text = 'include: [b.yaml, "*.yaml"]\n' + HEAD + COURSE
    part = "sequences: {{{0}: {{steps: [{{email: hello}}]}}}}\n"
    found = compiled(text, full_shelf, **{name: part.format(f"s_{name}") for name in "cab"})
    assert list(found.sequences) == ["course", "s_b", "s_a", "s_c"]


def test_an_included_file_may_say_its_version(full_shelf):
    assert problems("include: more.yaml\n" + HEAD, full_shelf, more="version: 1\n" + COURSE) == []


def test_a_blueprint_that_is_included_too_is_read_once(full_shelf):
    text = "include: r.yaml\n" + HEAD + "sequences: {course: {use: r.yaml}}\n"
    assert rules(text, full_shelf, r="blueprint: {}\nsteps: [{email: hello}]\n") == [
        ("r.yaml", 1, "include-path"),
        ("r.yaml", 2, "unknown-key"),
    ]


def test_a_part_that_is_wrong_in_the_main_file_is_told_there_alone(full_shelf):
    text = "include: more.yaml\n" + HEAD + "sequences: 7\n"
    assert rules(text, full_shelf, more=COURSE) == [("sequences.yaml", 6, "wrong-type")]


def test_only_segments_of_one_file_count_and_their_line_has_its_file(full_shelf):
    text = "include: more.yaml\n" + HEAD.replace("customer:", "segment: {type: segment}, customer:") + COURSE
    found = compiled(text, full_shelf, more="segments:\n  - BUYER: customer = true\n  - OTHER: otherwise\n")
    assert [(rule.name, rule.file, rule.line) for rule in found.vocabulary.segments] == [
        ("BUYER", "more.yaml", 2),
        ("OTHER", "more.yaml", 3),
    ]


def test_more_files_than_anybody_has_are_refused(full_shelf):
    files = {f"a/{n}.yaml": "" for n in range(MAX_FILES + 5)}
    _, found = read_and_check('include: "a/*.yaml"\n' + HEAD + COURSE, "x.yaml", full_shelf, Bundle("x.yaml", files))
    assert {(one.line, one.rule) for one in found} == {(1, "too-large")}


def test_a_list_of_more_names_than_anybody_has_is_not_read_to_its_end(full_shelf):
    names = "".join(f"  - a/{number}.yaml\n" for number in range(MAX_FILES + 50))
    found = rules(f"{HEAD}include:\n{names}", full_shelf)
    assert found[-1] == ("sequences.yaml", MAX_FILES + 7, "too-large")
    assert {rule for *_, rule in found[:-1]} == {"missing-include"}


def test_more_values_than_a_file_has_room_for_are_refused(full_shelf):
    found = rules(f"{HEAD}tests: [{'1,' * MAX_VALUES}]\n", full_shelf)
    assert found == [("sequences.yaml", 5, "too-large")]


def test_files_that_are_too_large_together_are_refused(full_shelf):
    files = {f"a/{n}.yaml": f"#{'x' * (MAX_BYTES - 10)}\n" for n in range(5)}
    _, found = read_and_check('include: "a/*.yaml"\n' + HEAD + COURSE, "x.yaml", full_shelf, Bundle("x.yaml", files))
    assert [(one.line, one.rule) for one in found] == [(1, "too-large")]


def test_a_link_out_of_the_folder_is_told_where_it_is_asked_for(tmp_path, full_shelf):
    (tmp_path / "here").mkdir()
    (tmp_path / "secret.yaml").write_text(COURSE)
    (tmp_path / "here" / "more.yaml").symlink_to(tmp_path / "secret.yaml")
    _, found = read_and_check(
        "include: more.yaml\n" + HEAD, "here/sequences.yaml", full_shelf, Folder(tmp_path / "here")
    )
    assert [(one.line, one.rule, one.message) for one in found] == [
        (1, "include-path", '"more.yaml" leads out of the folder')
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to root")
def test_a_file_that_may_not_be_read_is_told(tmp_path, full_shelf):
    (tmp_path / "more.yaml").write_text(COURSE)
    (tmp_path / "more.yaml").chmod(0)
    _, found = read_and_check("include: more.yaml\n" + HEAD, "sequences.yaml", full_shelf, Folder(tmp_path))
    assert [one.rule for one in found] == ["include-path"]


def test_what_aliases_stand_for_is_counted_over_all_files(full_shelf):
    bomb = "blueprints:\n  a: {steps: &a [" + "x," * 1000 + "]}\n  b: {steps: [" + "*a," * 60 + "]}\n"
    text = 'include: "a/*.yaml"\n' + HEAD + COURSE
    assert "alias-bomb" in [
        rule for *_, rule in rules(text, full_shelf, a__one=bomb, a__two=bomb.replace(" b:", " c:"))
    ]
    assert "alias-bomb" not in [rule for *_, rule in rules(text, full_shelf, a__one=bomb)]


# -- Use ----------------------------------------------------------------------------------------

REMINDER = """\
blueprint:
  inputs:
    moment: {type: field}
    ahead: {type: duration, default: 24 hours}
    template: {type: template}
    only: {type: condition, default: customer = false}
    much: {type: whole number, default: 3}
    note: {type: text, default: none}
    flag: {type: checkbox, default: true}
sequence:
  again_after: any_time
  steps:
    - wait: until <ahead> before <moment>
      testing: 1 minute
    - choose:
        - when: (<only>) and age > <much>
          steps:
            - save: {age: <much>, <moment>: unknown, customer: <flag>}
            - email: <template>
        - otherwise:
            - alert: "<note>, <flag>: {{ email }}"
            - save: {age: 7}
"""
PLAIN = """\
sequences:
  course:
    again_after: any_time
    steps:
      - wait: until 2 hours before due
        testing: 1 minute
      - choose:
          - when: (customer = false) and age > 3
            steps:
              - save: {age: 3, due: unknown, customer: true}
              - email: offer
          - otherwise:
              - alert: "none, true: {{ email }}"
              - save: {age: 7}
"""
USED = "sequences: {course: {use: r.yaml, with: {moment: due, ahead: 2 hours, template: offer}}}\n"


def without_lines(program):
    steps = {name: (step.kind, step.verb, step.gap, step.when, step.then) for name, step in program.steps.items()}
    return re.sub(r"line=\d+", "", repr(steps))


def test_a_blueprint_runs_as_if_it_had_been_written_out(full_shelf):
    used, plain = compiled(HEAD + USED, full_shelf, r=REMINDER), compiled(HEAD + PLAIN, full_shelf)
    assert without_lines(used.sequences["course"]) == without_lines(plain.sequences["course"])
    assert used.sequences["course"].re_entry == plain.sequences["course"].re_entry


def test_what_stands_beside_use_wins(full_shelf):
    text = HEAD + USED.replace("use:", "again_after: 3 days, stop_when: customer, use:")
    found = compiled(text, full_shelf, r=REMINDER).sequences["course"]
    assert found.re_entry.after is not None
    assert found.re_entry.after.text == "3 days"
    assert found.stop_when is not None


def test_a_block_of_steps_stands_anywhere_among_steps(full_shelf):
    text = HEAD.replace("[{start: course}]", "[{use: tell, with: {what: came}}, {start: course}]") + (
        "blueprints: {tell: {inputs: {what: {type: text}},"
        " steps: [{alert: '<what>', id: tell <what>}, {save: {age: 1}, id: <what>}]}}\n"
        "sequences: {course: {steps: [{choose: [{when: customer, steps: [{use: tell, with: {what: a}}]},"
        " {otherwise: [{use: tell, with: {what: b}, note: why}, {email: hello}]}]}]}}\n"
    )
    found = compiled(text, full_shelf)
    assert list(found.triggers["signup"].program.steps) == ["tell came", "came", "start course"]
    assert set(found.sequences["course"].steps) >= {"tell a", "a", "tell b", "b", "hello"}


def test_a_blueprint_of_steps_can_be_a_whole_sequence(full_shelf):
    text = HEAD + "blueprints: {hello: {steps: [{email: hello}]}}\nsequences: {course: {use: hello}}\n"
    assert list(compiled(text, full_shelf).sequences["course"].steps) == ["hello"]


def test_templates_for_each_segment_are_one_input(full_shelf):
    text = HEAD.replace("customer:", "segment: {type: segment}, customer:") + (
        "segments: [{A: customer}, {B: otherwise}]\n"
        "blueprints: {hello: {inputs: {mail: {type: template}}, steps: [{email: <mail>, id: first}]}}\n"
        "sequences: {course: {use: hello, with: {mail: {A: one, B: two}}}}\n"
    )
    assert list(compiled(text, full_shelf).sequences["course"].steps) == ["first"]


def test_angle_brackets_mean_nothing_outside_a_blueprint(full_shelf):
    text = HEAD + "sequences: {course: {steps: [{alert: 'a <b> c'}, {email: hello, from: 'A <a@example.com>'}]}}\n"
    assert problems(text, full_shelf) == []


def test_a_blueprint_that_is_used_too_often_is_told_once(full_shelf):
    body = f"blueprint: {{}}\nsteps: [{', '.join(f'{{email: e{n}}}' for n in range(1000))}]\n"
    uses = "".join(f"  s{n}: {{use: big.yaml}}\n" for n in range(60))
    found = [one for one in problems(f"{HEAD}sequences:\n{uses}", full_shelf, big=body) if one.rule == "alias-bomb"]
    assert [one.line for one in found] == [55]


def test_a_blueprint_that_is_used_too_often_in_one_sequence_is_told_once(full_shelf):
    body = f"blueprint: {{}}\nsteps: [{', '.join(f'{{email: e{n}}}' for n in range(1000))}]\n"
    uses = "".join("      - use: big.yaml\n" for _ in range(60))
    found = problems(f"{HEAD}sequences:\n  long:\n    steps:\n{uses}", full_shelf, big=body)
    assert [(one.rule, one.line) for one in found if one.rule != "unstarted-sequence"] == [("alias-bomb", 57)]


def test_the_notes_of_many_uses_are_few(full_shelf):
    uses = "".join(f"  s{n}: {{use: r.yaml}}\n" for n in range(9))
    found = problems(f"{HEAD}sequences:\n{uses}", full_shelf, r="blueprint: {}\nsteps: [{wait: 2 dais}, {email: x}]\n")
    (one,) = [one for one in found if one.rule == "duration"]
    assert one.notes == (
        'used at sequences.yaml:6:13, as sequence "s0"',
        'used at sequences.yaml:7:13, as sequence "s1"',
        'used at sequences.yaml:8:13, as sequence "s2"',
        "and 6 more",
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("sequences: {course: 7, use: {steps: [{email: a}]}}\n", [(5, "wrong-type")]),
        ("sequences: [{use: r.yaml}]\n", [(5, "wrong-type")]),
        ("sequences: {course: {steps: {use: r.yaml}}}\n", [(5, "wrong-type")]),
        ("sequences: {course: {steps: [{choose: 7}, {email: a, note: use}]}}\n", [(5, "wrong-type")]),
        ("sequences: {course: {use: r.yaml, with: }}\n", [(5, "wrong-type")]),
        ("sequences: {course: {use: }}\n", [(5, "wrong-type")]),
        ("blueprints: 7\nsequences: {course: {use: hello}}\n", [(5, "wrong-type"), (6, "missing-blueprint")]),
        ("blueprints: {hello: 7}\nsequences: {course: {use: hello}}\n", [(5, "wrong-type")]),
        ("sequences: {course: {use: r.yaml, with: {<<: 7}}}\n", [(5, "missing-input"), (5, "merge")]),
        ("sequences: {course: {use: r.yaml, with: {mail: }}}\n", [(5, "input-type")]),
    ],
)
def test_whatever_is_wrong_is_told_and_nothing_breaks(text, told, full_shelf):
    part = "blueprint: {inputs: {mail: {type: template}}}\nsteps: [{email: <mail>}]\n"
    found = [(line, rule) for _, line, rule in rules(HEAD + text, full_shelf, r=part) if rule != "unstarted-sequence"]
    assert found == told

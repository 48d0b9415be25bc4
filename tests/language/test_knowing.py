"""What is said to be certain is certain: compared with conditions as they are evaluated, and with whole simulations."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.evaluate import classify, holds
from engine.language.book import Checkable
from engine.language.checking import read_and_check
from engine.language.compiler import compile_document
from engine.language.conditions import parse_condition
from engine.language.implying import Implying, unknown_when_true
from engine.language.knowing import can_be_known, knowledge
from engine.language.schema import roles
from engine.language.source import read
from engine.language.vocabulary import vocabulary
from engine.model import Accepted
from engine.payloads import Payload, PayloadReader
from engine.scene import with_segment
from engine.simulation import Sending, simulate_triggers
from tests.language.conftest import FakeShelf

NOW = datetime(2025, 11, 12, 10, tzinfo=UTC)
ZONE = ZoneInfo("UTC")

CONTACT = """
contact:
  email: {type: email}
  red: {type: whole number}
  blue: {type: whole number}
  city: {type: text}
  town: {type: text}
  customer: {type: checkbox}
  member: {type: checkbox}
  plan: {type: choice, choices: [free, paid]}
  meeting: {type: datetime}
  segment: {type: segment}
segments:
  - HIGH: red >= 2
  - SOME: blue > red or city is unknown
  - REST: otherwise
"""
WORDS = vocabulary(read(CONTACT, "x.yaml"))
TESTS = [
    *("red >= 2", "red = blue", "blue != 1", "blue in [1, red]", "city = Rome", "city = town", "city contains Ro"),
    *("city is known", "town is unknown", "red is unknown", "customer", "customer = true", "customer != true"),
    *("customer = false", "plan in [free, paid]", "meeting < now", "segment = HIGH", "segment != SOME"),
    *("segment in [SOME, REST]", "segment is known", "not customer", "not red = 1"),
]
CONDITIONS = st.recursive(
    st.sampled_from(TESTS),
    lambda inner: (
        st.builds(lambda parts: "(" + " and ".join(parts) + ")", st.lists(inner, min_size=2, max_size=3))
        | st.builds(lambda parts: "(" + " or ".join(parts) + ")", st.lists(inner, min_size=2, max_size=3))
        | inner.map(lambda part: f"not ({part})")
    ),
    max_leaves=5,
)
VALUES = st.fixed_dictionaries(
    {},
    optional={
        "red": st.integers(0, 3),
        "blue": st.integers(0, 3),
        "city": st.sampled_from(["Rome", "Oslo"]),
        "town": st.sampled_from(["Rome", "Oslo"]),
        "customer": st.booleans(),
        "plan": st.sampled_from(["free", "paid"]),
        "meeting": st.just("2025-11-12T09:00:00Z"),
    },
)


@settings(max_examples=400, deadline=None)
@given(text=CONDITIONS, values=VALUES)
def test_what_a_condition_implies_holds_for_every_contact_it_speaks_of(text, values):
    condition, implying = parse_condition(text, WORDS), Implying(WORDS)
    known = with_segment(WORDS, values, NOW)
    answer = holds(condition, known.get, lambda name: name in known, NOW, ZONE)
    promised = {
        True: implying.when_true(condition) | implying.when_not_false(condition),
        False: implying.when_false(condition) | implying.when_not_true(condition),
        None: implying.when_not_true(condition) | implying.when_not_false(condition),
    }[answer]
    assert promised <= set(known)
    if answer:
        assert not unknown_when_true(condition.test) & set(known)


@settings(max_examples=200, deadline=None)
@given(values=VALUES)
def test_what_a_segment_implies_holds_for_everybody_in_it(values):
    found = classify(WORDS, values.get, lambda name: name in values, NOW, ZONE)
    implying = Implying(WORDS)
    if found.segment:
        assert implying.in_segment(found.segment) <= {*values, "segment"}
    if implying.segment_is_told(frozenset(values)):
        assert found.segment


@pytest.mark.parametrize(
    ("text", "true", "not_true", "false", "not_false"),
    [
        ("red >= 2", "red", "", "red", ""),
        ("red = blue", "blue red", "", "blue red", ""),
        ("city is known", "city", "", "", "city"),
        ("city is unknown", "", "city", "city", ""),
        ("customer = true", "customer", "", "", ""),
        ("customer != true", "", "", "customer", ""),
        ("red = 1 or blue = 2", "", "", "blue red", ""),
        ("red = 1 and blue = 2", "blue red", "", "", ""),
        ("red in [1, blue]", "red", "", "blue red", ""),
        ("segment = HIGH", "red segment", "", "red segment", ""),
        ("customer in [true]", "", "", "", ""),
        ("customer = member", "", "", "", ""),
        ("city contains Ro", "city", "", "city", ""),
        ("segment in [HIGH, SOME]", "red segment", "", "blue city red segment", ""),
    ],
)
def test_what_one_condition_implies(text, true, not_true, false, not_false):
    condition, implying = parse_condition(text, WORDS), Implying(WORDS)
    told = [
        implying.when_true(condition),
        implying.when_not_true(condition),
        implying.when_false(condition),
        implying.when_not_false(condition),
    ]
    assert [" ".join(sorted(fields)) for fields in told] == [true, not_true, false, not_false]


def test_nobody_is_told_a_segment_before_all_that_the_rules_ask_for_is_known():
    rules = "segments:\n  - A: not (red in [1, blue] and customer) or city contains x\n  - B: otherwise\n"
    text = CONTACT.partition("segments:")[0] + rules
    implying = Implying(vocabulary(read(text, "x.yaml")))
    assert implying.segment_is_told(frozenset({"red", "blue", "city"}))
    assert not implying.segment_is_told(frozenset({"red", "city"}))
    assert not implying.segment_is_told(frozenset({"red", "blue"}))
    ending = Implying(vocabulary(read(text.replace("B: otherwise", "otherwise: none"), "x.yaml")))
    assert not ending.segment_is_told(frozenset({"red", "blue", "city"}))
    assert ending.in_segment("B") == {"segment", "red", "customer", "city"}


def test_a_segment_of_nowhere_says_what_all_rules_above_it_say():
    assert Implying(WORDS).in_segment("REST") == {"segment", "red", "blue", "city"}


def test_a_segment_says_nothing_of_fields_that_may_have_been_forgotten_since():
    assert Implying(WORDS, frozenset({"red"})).in_segment("HIGH") == {"segment"}


def test_a_circle_among_the_segments_ends():
    words = vocabulary(read(CONTACT.replace("HIGH: red >= 2", "HIGH: segment = HIGH"), "x.yaml"))
    assert Implying(words).in_segment("REST") == {"segment"}


# -- Whole files ------------------------------------------------------------------------------


def book_of(text, shelf=None):
    document = read(text, "x.yaml")
    return Checkable(
        document=document, vocabulary=vocabulary(document), shelf=shelf or FakeShelf(), places=roles(document.data)
    )


SPLIT = {"split": {"free": "50%", "paid": "50%"}, "save_as": "plan"}
STEP = st.deferred(
    lambda: (
        st.just({"email": "hello"})
        | st.sampled_from([{"wait": "1 day"}, {"wait": "until meeting"}, {"wait": "until 1 hour after meeting"}])
        | st.sampled_from([{"wait": "until meeting", "if_unknown": "go_on"}, {"stop": "enough"}])
        | st.sampled_from([{"save": {"city": "Rome"}}, {"save": {"city": "town"}}, {"save": {"town": "unknown"}}])
        | st.sampled_from([{"save": {"red": 3, "meeting": "now"}}, {"start": "one"}, {"start": "two"}])
        | st.sampled_from([{"start": "two", "with": {"blue": 1, "city": "town"}}, SPLIT])
        | st.fixed_dictionaries({"choose": BRANCHES})
    )
)
GUARDED = st.builds(
    lambda step, when: {**step, "when": when} if when and "stop" not in step else step, STEP, st.none() | CONDITIONS
)
BRANCHES = st.builds(
    lambda ways, last: [*({"when": when, "steps": steps} for when, steps in ways), *last],
    st.lists(st.tuples(CONDITIONS, st.lists(GUARDED, min_size=1, max_size=2)), min_size=1, max_size=2),
    st.lists(st.fixed_dictionaries({"otherwise": st.lists(GUARDED, min_size=1, max_size=2)}), max_size=1),
)
STEPS = st.lists(GUARDED, min_size=1, max_size=5)
SENT = ["red", "blue", "city", "town", "customer", "plan", "meeting"]
TAKEN = st.lists(st.sampled_from(SENT), unique=True, max_size=5)


def numbered(steps, name, *, waits):
    """The steps anew, with an id for each but waits; a trigger's without waits."""
    found = []
    for number, step in enumerate(steps):
        here = f"{name}-{number}"
        if "wait" in step:
            found += [step] if waits else []
        elif "choose" in step:
            ways = [numbered_way(way, f"{here}-{index}", waits) for index, way in enumerate(step["choose"])]
            found.append({**step, "choose": ways, "id": here})
        else:
            found.append({**step, "id": here})
    return found or [{"alert": "nothing", "id": f"{name}-none"}]


def numbered_way(way, name, waits):
    return {word: numbered(part, name, waits=waits) if word != "when" else part for word, part in way.items()}


@st.composite
def files(draw):
    data = {
        **read(CONTACT, "x.yaml").data,
        "version": 1,
        "email": {"from": "you@example.com"},
        "triggers": {},
        "sequences": {},
    }
    for name in ("enter", "change"):
        requires = draw(TAKEN)
        accepts = [one for one in draw(TAKEN) if one not in requires]
        more = [{one: "Rome"} if one == "city" and draw(st.booleans()) else one for one in accepts]
        then = [*numbered(draw(STEPS), name, waits=False), {"start": "one", "id": f"{name}-one"}]
        data["triggers"][name] = {"requires": ["email", *requires], "accepts": more, "then": then}
    for name in ("one", "two"):
        sequence = {"steps": numbered(draw(STEPS), name, waits=True), "if_already_in": "ignore"}
        if draw(st.booleans()):
            sequence["stop_when"] = draw(CONDITIONS)
        if draw(st.booleans()):
            sequence["one_run_per"] = "red"
        data["sequences"][name] = sequence
    return data


def paths_by_id(book):
    return {step.value["id"]: step.path for step in book.mappings("step") if "email" in step.value}


@settings(max_examples=150, deadline=None)
@given(data=files(), later=VALUES, first=VALUES)
def test_what_is_certain_at_an_email_is_there_in_every_simulation(data, first, later):
    text = json.dumps(data)
    playbook, book = compile_document(read(text, "x.yaml"), testing=False), book_of(text)
    known, paths = knowledge(book).emails, paths_by_id(book)
    unknown = []

    def post(effect, scene):
        path = paths[effect.step]
        sure = known[path] - {"town", "city"}  # which another run may make unknown in the very moment
        unknown.extend((path, name) for name in sure if scene.value(name) is None)
        return Accepted(template=effect.template, subject="x")

    sendings = []
    for name, values, at in (("enter", first, NOW), ("change", later, NOW.replace(day=13, hour=12))):
        trigger = playbook.triggers[name]
        required = {"red": 0, "blue": 1, "city": "Oslo", "town": "Oslo", "customer": False, "plan": "free"}
        required["meeting"] = "2025-11-14T10:00:00Z"
        wanted = {take.field: required[take.field] for take in trigger.takes if take.required and take.field != "email"}
        payload = PayloadReader(trigger, playbook.vocabulary).read({"email": "ada@example.com", **wanted, **values}, at)
        assert isinstance(payload, Payload)
        sendings.append(Sending(trigger=trigger, values=payload.values, at=at))
    simulate_triggers(playbook, None, post, sendings, "ada@example.com")
    assert unknown == []


def test_a_group_a_key_and_what_a_start_gives_are_known():
    text = f"""
{CONTACT}
triggers:
  enter:
    requires: [email]
    then:
      - split: {{free: 50%, paid: 50%}}
        save_as: plan
      - start: one
        with: {{city: Rome, town: city}}
sequences:
  one: {{one_run_per: blue, steps: [{{email: hello}}]}}
"""
    book = book_of(text)
    assert knowledge(book).emails["sequences", "one", "steps", 0] == {"email", "plan", "city", "blue"}
    assert "plan" in can_be_known(book)


def test_what_nothing_gives_a_value_can_not_be_known():
    text = """
version: 1
contact:
  email: {type: email}
  asked: {type: text}
  saved: {type: text}
  in_notion: {type: text, notion: In Notion}
  by_default: {type: text, default: x}
  forgotten: {type: text}
  nowhere: {type: text, max_length: 3}
  segment: {type: segment}
triggers:
  enter:
    requires: [email, asked]
    then:
      - save: {saved: now, forgotten: unknown}
"""
    assert can_be_known(book_of(text)) == {"email", "asked", "saved", "in_notion", "by_default", "segment"}


def test_the_trigger_behind_a_chain_of_sequences_is_found_and_a_circle_ends():
    text = """
contact: {email: {type: email}, city: {type: text}}
triggers:
  good: {requires: [email, city], then: [{start: one}]}
  bad: {requires: [email], then: [{start: two}]}
sequences:
  one: {steps: [{email: hello}, {start: two}]}
  two: {steps: [{email: hello}, {start: three}]}
  three: {steps: [{email: hello}, {start: two}, {start: one}]}
  alone: {steps: [{start: own}]}
  own: {steps: [{start: alone}, {email: hello}]}
"""
    found = knowledge(book_of(text))
    assert found.left_out_by(("sequences", "one"), "city") == [("triggers", "bad")]
    assert found.left_out_by(("triggers", "bad"), "city") == [("triggers", "bad")]
    assert found.emails["sequences", "own", "steps", 1] == {"email"}
    assert found.begins["sequences", "alone"] == {"email"}


def test_a_condition_that_cannot_be_read_is_told_once_and_nothing_is_said_about_what_follows():
    text = """
version: 1
email: {from: you@example.com}
contact: {email: {type: email}, city: {type: text}}
triggers: {enter: {requires: [email], accepts: [city], then: [{start: one}]}}
sequences:
  one:
    steps:
      - email: town
        when: city is knwon
      - choose:
          - when: 7
            steps: [{email: town, id: other}]
      - choose:
          - when: citi = Rome
            steps: [{email: town, id: third}]
"""
    rules = {problem.rule for problem in read_and_check(text, "x.yaml", FakeShelf({"town": "In {{ city }}."}))[1]}
    assert "maybe-unknown" not in rules
    assert "condition-syntax" in rules


def test_what_a_trigger_requires_of_its_values_together_is_certain():
    text = """
contact: {email: {type: email}, a: {type: whole number}, b: {type: whole number}}
triggers:
  enter:
    requires: [email]
    accepts: [a, b]
    also_require: [{condition: a > 1, message: say a}, {condition: b >, message: say b}]
"""
    assert knowledge(book_of(text)).begins["triggers", "enter"] == {"email", "a"}


def test_a_stop_with_a_name_ends_its_own_sequence_only():
    text = """
contact: {email: {type: email}}
triggers: {enter: {requires: [email], then: [{start: one}, {start: none}, {stop: {sequence: one}}]}}
sequences:
  one: {steps: [{stop: {sequence: two}}, {email: hello}, {stop: {sequence: one}}, {email: hello}, {alert: x}]}
"""
    assert list(knowledge(book_of(text)).emails) == [("sequences", "one", "steps", 1)]


def test_what_is_saved_when_a_payload_leaves_a_field_out_is_certain_unless_it_comes_from_an_unknown_field():
    text = """
contact: {email: {type: email}, a: {type: text}, b: {type: text}, c: {type: datetime}}
triggers: {enter: {requires: [email], accepts: [b, {a: b}, {c: now}], then: [{email: hello}]}}
"""
    assert knowledge(book_of(text)).begins["triggers", "enter"] == {"email", "c"}


def test_many_emails_and_triggers_are_named_and_the_rest_counted():
    triggers = "".join(f"  t{n}: {{requires: [email], then: [{{start: one}}]}}\n" for n in range(5))
    steps = "".join(f"      - {{email: town, id: e{n}}}\n" for n in range(6))
    text = (
        "version: 1\nemail: {from: you@example.com}\n"
        "contact: {email: {type: email}, city: {type: text, notion: City}}\n"
        f"triggers:\n{triggers}sequences:\n  one:\n    steps:\n{steps}"
    )
    (problem,) = read_and_check(text, "x.yaml", FakeShelf({"town": "In {{ city }}."}))[1]
    assert problem.message.endswith('the triggers "t0", "t1", "t2", … can come without it')
    assert problem.notes[1].endswith("and 2 more")


def test_the_subject_of_the_step_counts_and_the_templates_own_does_not():
    text = """
version: 1
email: {from: you@example.com}
contact: {email: {type: email}, city: {type: text, notion: City}}
triggers: {enter: {requires: [email], then: [{start: one}]}}
sequences: {one: {steps: [{email: plain, subject: "In {{ city }}"}, {email: gone}, {email: torn, subject: "{{ city"}]}}
"""
    shelf = FakeShelf({"plain": "Hello.", "torn": "{{ city }}"})
    problems = read_and_check(text, "x.yaml", shelf)[1]
    assert [one.rule for one in problems] == ["maybe-unknown", "missing-template", "message-syntax"]


def test_a_computed_field_is_certain_where_all_that_it_reads_is_and_the_other_way_round():
    text = """
contact:
  email: {type: email}
  a: {type: whole number}
  b: {type: whole number}
  sum: {type: whole number, computed: a + b}
  twice: {type: whole number, computed: sum * 2}
  safe: {type: whole number, computed: a + 1, default: 0}
  past: {type: whole number, computed: safe + 1}
triggers:
  both: {requires: [email, a, b], then: [{start: one}, {save: {b: unknown}}, {start: two}]}
  none: {requires: [email], then: [{start: three, when: twice > 4}, {start: four, when: safe > 2}]}
sequences: {one: {steps: []}, two: {steps: []}, three: {steps: []}, four: {steps: []}}
"""
    begins = knowledge(book_of(text)).begins
    always = {"email", "safe", "past"}
    assert begins["sequences", "one"] == always | {"a", "b", "sum", "twice"}
    assert begins["sequences", "two"] == always | {"a"}
    assert begins["sequences", "three"] == always | {"a", "b", "sum", "twice"}
    assert begins["sequences", "four"] == always


def test_a_computed_field_can_be_known_only_if_all_that_it_reads_can():
    text = """
contact:
  email: {type: email}
  a: {type: whole number, from: deep.a}
  b: {type: whole number}
  sum: {type: whole number, computed: a + b}
  more: {type: whole number, computed: a + 1}
triggers: {enter: {requires: [email, a]}}
"""
    assert can_be_known(book_of(text)) == {"email", "a", "more"}

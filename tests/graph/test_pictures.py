"""What is in the picture of a program, and that both ways of drawing it can be read."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from engine.model import Playbook
from server.graph.mermaid import as_mermaid
from server.graph.overview import draw_playbook, starters
from server.graph.people import Crowd
from server.graph.picture import Box, Look, Picture
from server.graph.sequence import draw_program
from server.graph.svg import as_svg
from tests.fences import ROOT
from tests.node import module, node
from tests.playbooks import HEAD, playbook

SVG = "{http://www.w3.org/2000/svg}"


def pictures(playbook: Playbook) -> list[Picture]:
    programs = [*playbook.sequences.values(), *(trigger.program for trigger in playbook.triggers.values())]
    return [draw_playbook(playbook, {}, "all"), *(draw_program(program, {}) for program in programs)]


def told(picture: Picture) -> list[str]:
    return [f"{one.source} -> {one.target}: {' / '.join(label.text for label in one.labels)}" for one in picture.arrows]


def test_the_shipped_sequence_is_five_emails_in_a_line(shipped: Playbook) -> None:
    assert told(draw_program(shipped.sequences["nurture"], {}, starters(shipped, "nurture"))) == [
        "start -> step email_1: ",
        "step email_1 -> step email_2: 24 hours",
        "step email_2 -> step email_3: 48 hours",
        "step email_3 -> step email_4: 48 hours",
        "step email_4 -> step email_5: 48 hours",
        "step email_5 -> end: ",
    ]


def test_branches_part_nest_and_meet_again(branches: Playbook) -> None:
    picture = draw_program(branches.sequences["welcome"], {})
    lines = told(picture)
    assert "step choose -> step alert discord: plan = company" in lines
    assert "step alert discord -> step by_seats: 3 hours" in lines
    assert "step by_seats -> join step by_heat: otherwise / 1 day" in lines  # a branch of nothing but a wait
    assert "join step by_heat -> step by_heat: until Tuesday 09:00" in lines
    assert sum(line.split(" -> ")[1].startswith("join step by_heat") for line in lines) == 4
    assert "step bye -> end: 1 hour" in lines
    assert not any(line.startswith("step stop ") for line in lines)
    emails = {box.title: box.rows for box in picture.boxes if box.look is Look.EMAIL}
    assert emails["by_heat"] == (("HOT", "hot"), ("COLD", "cold"), ("no segment", "held"))


def test_the_overview_says_what_starts_and_ends_what_and_on_which_condition(branches: Playbook) -> None:
    assert told(draw_playbook(branches, {}, "all")) == [
        "trigger signup -> onboarding: plan = company",
        "trigger signup -> welcome: otherwise",
        "trigger booked -> welcome: ends it",
        "trigger booked -> onboarding: customer = true",
        "welcome -> onboarding: ",
        "onboarding -> welcome: customer = false",
    ]


def test_calls_and_splits_say_whom_and_into_what() -> None:
    book = playbook(
        """
sequences:
  course:
    steps:
      - http: POST https://crm.example.com/people?key={{ red }}
        save_as: visits
      - split: {A: 33.3%, B: 66.7%}
        save_as: offer
        when: red = 1
""",
        head=HEAD.replace("  segment:", "  offer: {type: choice, choices: [A, B]}\n  segment:"),
    )
    boxes = {box.tag: box for box in draw_program(book.sequences["course"], {}).boxes}
    assert (boxes["http"].title, boxes["http"].notes) == ("POST crm.example.com", ("saves visits",))
    assert (boxes["split"].title, boxes["split"].notes) == ("offer", ("A: 33.3%", "B: 66.7%", "only when red = 1"))


def test_people_stand_where_they_wait_and_none_is_left_out(branches: Playbook) -> None:
    crowds = {"hello": Crowd(1200), "by_heat": Crowd(3, 2, 1), "end of welcome/steps": Crowd(4), "gone": Crowd(1)}
    boxes = {box.title: box for box in draw_program(branches.sequences["welcome"], crowds).boxes}
    assert boxes["hello"].people == "1,200 waiting"
    assert (boxes["by_heat"].people, boxes["by_heat"].trouble) == ("3 waiting", "2 held, 1 paused")
    assert boxes["finished"].people == "4 waiting"
    assert "people stand at steps that are gone: gone" in boxes["welcome"].notes


@pytest.mark.parametrize("which", ["shipped", "branches"])
def test_an_svg_is_well_formed_and_says_every_box(which: str, request: pytest.FixtureRequest) -> None:
    for picture in pictures(request.getfixturevalue(which)):
        root = ElementTree.fromstring(as_svg(picture))
        assert root.tag == f"{SVG}svg"
        assert root.findtext(f"{SVG}title") == picture.title
        groups = [group.get("class") for group in root.findall(f"{SVG}g")]
        labels = sum(len(arrow.labels) for arrow in picture.arrows)
        assert len(groups) == len(picture.boxes) + labels
        assert "prefers-color-scheme: dark" in (root.findtext(f"{SVG}style") or "")


def test_a_name_cannot_break_out_of_a_picture() -> None:
    words = '</text><script>"#quot;`%%{init}'
    picture = Picture(words, [Box(id="a", look=Look.ACTION, tag=words, title=words, notes=(words,))])
    root = ElementTree.fromstring(as_svg(picture))
    assert root.findtext(f"{SVG}title") == words
    assert next(root.iter(f"{SVG}script"), None) is None
    shown = re.findall(r'\["(.*)"\]', as_mermaid(picture))[0]
    assert not re.search(r'["`%]|<(?!/?(small|b|i)>|br/>)', shown)


def test_mermaid_itself_can_read_what_we_write(shipped: Playbook, branches: Playbook, tmp_path: Path) -> None:
    program, dom = module("mermaid", "dist/mermaid.core.mjs"), module("jsdom", "lib/api.js")
    words = 'end; class "x" #35; `a` %%{init: {}}%% <b> & \\ [y] {z} (w) |v|'
    hard = Picture(words, [Box(id="a", look=Look.CHOICE, title=words, rows=((words, words),))])
    files = []
    for number, picture in enumerate([*pictures(shipped), *pictures(branches), hard]):
        files.append(tmp_path / f"{number}.mmd")
        files[-1].write_text(as_mermaid(picture), encoding="utf-8")
    script = tmp_path / "parse.mjs"
    script.write_text(f"""
        import fs from "node:fs";
        import jsdom from {str(dom)!r};
        globalThis.window = new jsdom.JSDOM("").window;
        globalThis.document = window.document;
        const mermaid = (await import({str(program)!r})).default;
        const kind = async (file) => (await mermaid.parse(fs.readFileSync(file, "utf8"))).diagramType;
        for (const file of process.argv.slice(2)) console.log(await kind(file));
    """)
    ran = subprocess.run([node(), script, *files], capture_output=True, text=True, timeout=60, check=False)
    assert (ran.stdout.split(), ran.stderr) == (["flowchart-v2"] * len(files), "")


def test_the_picture_in_the_docs_is_that_of_the_shipped_file(shipped: Playbook) -> None:
    picture = draw_program(shipped.sequences["nurture"], {}, starters(shipped, "nurture"))
    shown = (ROOT / "docs/nurture.svg").read_text(encoding="utf-8")
    assert shown == as_svg(picture), "run: busos graph nurture --format svg > docs/nurture.svg"

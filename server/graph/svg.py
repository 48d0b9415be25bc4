"""A picture as SVG: one file without scripts or fonts of its own, light and dark."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from server.graph.cards import Card, card_of, card_of_label, escaped
from server.graph.layers import Layout, Passed, layout
from server.graph.picture import Arrow, Look, Picture

_MARGIN = 24.0
_STYLE = """
  .busos { --paper: #fbfaf7; --card: #fff; --ink: #1d2126; --quiet: #5a626b; --line: #d5d1c6; --arrow: #8a929a;
    --blue: #1c5d99; --violet: #7548b0; --green: #26713f; --red: #b3362b; --amber: #8a6100; --sand: #6f6754;
    --blue-wash: #e8f1fa; --violet-wash: #f4eefc; --green-wash: #e6f4ea; --red-wash: #fdecea; --on-colour: #fff }
  @media (prefers-color-scheme: dark) { .busos { --paper: #16181b; --card: #1f2226; --ink: #eceae4; --quiet: #a3abb3;
    --line: #40464d; --arrow: #7d868f; --blue: #8cc4f5; --violet: #c3a1f0; --green: #86d3a0; --red: #f19a90;
    --amber: #e5bd5f; --sand: #c4bba3; --blue-wash: #1b2c3c; --violet-wash: #2b2339; --green-wash: #1b3023;
    --red-wash: #3b211f; --on-colour: #10202f } }
  .busos text { fill: var(--ink);
    font: 12px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif }
  .busos .sheet { fill: var(--paper) }
  .busos rect, .busos path { fill: var(--card); stroke: var(--line) }
  .busos .arrow { fill: none; stroke: var(--arrow); stroke-width: 1.6 }
  .busos .faint { stroke-dasharray: 5 4 }
  .busos .head { fill: var(--arrow); stroke: none }
  .busos .middle { text-anchor: middle }
  .busos .tag { font-size: 11px; font-weight: 600; letter-spacing: .02em; fill: var(--colour) }
  .busos .name, .busos .value { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace }
  .busos .name, .busos .says { font-size: 14px }
  .busos .key, .busos .strong { font-weight: 600 }
  .busos .strong { font-size: 13px }
  .busos .note { fill: var(--quiet) }
  .busos g > .edge { fill: var(--colour); stroke: none }
  .busos .start, .busos .email, .busos .sequence { --colour: var(--blue) }
  .busos .trigger { --colour: var(--amber) }
  .busos .action { --colour: var(--sand) }
  .busos .stop { --colour: var(--red) }
  .busos .start > rect { fill: var(--blue-wash) }
  .busos .stop > rect { fill: var(--red-wash); stroke: var(--red) }
  .busos .choice > path { fill: var(--violet-wash); stroke: var(--violet) }
  .busos .choice .strong { fill: var(--violet) }
  .busos .end > rect { fill: var(--green-wash); stroke: var(--green) }
  .busos .end .strong { fill: var(--green) }
  .busos .join > circle { fill: var(--arrow) }
  .busos .condition > rect { fill: var(--violet-wash); stroke: none }
  .busos .condition > text { fill: var(--violet) }
  .busos .gap > rect { fill: var(--card); stroke: var(--line) }
  .busos .gap > .clock { fill: none; stroke: var(--quiet); stroke-width: 1.3; stroke-linecap: round }
  .busos .badge > rect { fill: var(--blue); stroke: var(--paper); stroke-width: 2 }
  .busos .trouble > rect { fill: var(--red) }
  .busos .badge > text { font-size: 11px; font-weight: 600; text-anchor: middle; fill: var(--on-colour) }
"""


def as_svg(picture: Picture) -> str:
    """The picture, as large as it is."""
    cards = {box.id: card_of(box) for box in picture.boxes}
    legs: list[tuple[str, str]] = []
    looks: list[tuple[Arrow, bool]] = []
    for number, arrow in enumerate(picture.arrows):
        labels = {f"label {number}.{at}": card_of_label(label) for at, label in enumerate(arrow.labels)}
        cards.update(labels)
        stops = [arrow.source, *labels, arrow.target]
        legs.extend(pairwise(stops))
        looks.extend((arrow, target == arrow.target and cards[target].look != Look.JOIN) for target in stops[1:])
    placed = layout({name: card.size for name, card in cards.items()}, legs)
    return "\n".join(_document(picture.title, cards, legs, looks, placed)) + "\n"


def _document(
    title: str,
    cards: dict[str, Card],
    legs: Sequence[tuple[str, str]],
    looks: Sequence[tuple[Arrow, bool]],
    placed: Layout,
) -> Iterator[str]:
    wide, high = (side + 2 * _MARGIN for side in placed.size)
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="busos" role="img" width="{wide:.0f}" height="{high:.0f}" '
        f'viewBox="{-_MARGIN:.0f} {-_MARGIN:.0f} {wide:.0f} {high:.0f}">'
    )
    yield f"<title>{escaped(title)}</title>"
    yield f"<style>{_STYLE}</style>"
    yield f'<rect class="sheet" x="{-_MARGIN:.0f}" y="{-_MARGIN:.0f}" width="100%" height="100%" style="stroke: none"/>'
    for leg, (arrow, last), way, upward in zip(legs, looks, placed.ways, placed.upward, strict=True):
        ends = (leg[1], leg[0]) if upward else leg
        start = placed.places[ends[0]][1] + cards[ends[0]].size[1] / 2
        end = placed.places[ends[1]][1] - cards[ends[1]].size[1] / 2
        yield from _leg(way, start, end, faint=arrow.faint, head=last, upward=upward)
    for name, card in cards.items():
        yield from card.svg(placed.places[name])
    yield "</svg>"


def _leg(way: Sequence[Passed], start: float, end: float, *, faint: bool, head: bool, upward: bool) -> Iterator[str]:
    """Straight down within each layer, a soft curve from one to the next; the head is drawn, so that it needs no id."""
    x, _, bottom = way[0]
    path = f"M{x:.1f} {start:.1f}V{bottom:.1f}"
    for right, top, low in way[1:]:
        half = (bottom + top) / 2
        path += f"C{x:.1f} {half:.1f} {right:.1f} {half:.1f} {right:.1f} {top:.1f}V{low:.1f}"
        x, bottom = right, low
    path = path[: path.rindex("V")] + f"V{end:.1f}"
    yield f'<path class="arrow{" faint" if faint else ""}" d="{path}"/>'
    if head:
        tip, back = (start, 8) if upward else (end, -8)
        at = way[0][0] if upward else x
        yield f'<path class="head" d="M{at:.1f} {tip:.1f}l-4.5 {back}h9z"/>'

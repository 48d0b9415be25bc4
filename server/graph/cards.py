"""Boxes and labels as drawn things: lines of text set in the room they need, and the shapes around them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from xml.sax.saxutils import escape

from server.graph.layers import Point, Size
from server.graph.metrics import width, wrapped
from server.graph.picture import Box, Label, Look, Says, shown

_PAD_X, _PAD_Y = 16.0, 11.0
_ROOM, _LEAST = 320.0, 132.0
_COLUMNS = 12.0
_CLOCK = 18.0
_DIAL = "M5 0A5 5 0 1 1 -5 0A5 5 0 1 1 5 0M0 -3V0L2 1.4"


def escaped(text: str) -> str:
    """A text as it stands in an SVG."""
    return escape(shown(text))


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text: its class in the style sheet, where it begins, and where its baseline is."""

    text: str
    style: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Card:
    """Something drawn around a middle: its size, and its lines counted from its upper left corner."""

    size: Size
    lines: tuple[Line, ...]
    look: str
    told: str
    people: str = ""
    trouble: str = ""

    def svg(self, middle: Point) -> Iterator[str]:
        """The shape, its words, and in a tooltip all of them, uncut."""
        wide, high = self.size
        x, y = middle[0] - wide / 2, middle[1] - high / 2
        yield f'<g class="{self.look}" transform="translate({x:.1f} {y:.1f})">'
        yield f"<title>{escaped(self.told)}</title>"
        yield from self._shape(wide, high)
        for line in self.lines:
            yield f'<text class="{line.style}" x="{line.x:.1f}" y="{line.y:.1f}">{escaped(line.text)}</text>'
        yield from self._badges(wide)
        yield "</g>"

    def _shape(self, wide: float, high: float) -> Iterator[str]:
        match self.look:
            case Look.JOIN:
                yield f'<circle cx="{wide / 2:.1f}" cy="{high / 2:.1f}" r="4"/>'
            case Look.CHOICE:
                half = high / 2
                right = f"H{wide - half:.1f}L{wide:.1f} {half:.1f}L{wide - half:.1f} {high:.1f}"
                yield f'<path d="M{half:.1f} 0{right}H{half:.1f}L0 {half:.1f}Z"/>'
            case Says.GAP | Says.CONDITION | Look.END:
                yield f'<rect width="{wide:.1f}" height="{high:.1f}" rx="{min(high / 2, 13):.1f}"/>'
                if self.look == Says.GAP:
                    yield f'<path class="clock" transform="translate(16 {high / 2:.1f})" d="{_DIAL}"/>'
            case _:
                yield f'<rect width="{wide:.1f}" height="{high:.1f}" rx="9"/>'
                corner = f"V{high - 9:.1f}A8.5 8.5 0 0 0 9 {high - 0.5:.1f}"
                yield f'<path class="edge" d="M4.5 0.5H9A8.5 8.5 0 0 0 0.5 9{corner}H4.5Z"/>'

    def _badges(self, wide: float) -> Iterator[str]:
        """Who is there, on the upper edge at the right."""
        right = wide - 8
        for words, style in ((self.trouble, "trouble"), (self.people, "people")):
            if words:
                room = width(words, 11) * 1.15 + 16
                right -= room
                yield f'<g class="badge {style}"><rect x="{right:.1f}" y="-10" width="{room:.1f}" height="20" rx="10"/>'
                yield f'<text x="{right + room / 2:.1f}" y="4">{escaped(words)}</text></g>'
                right -= 5


def badge_room(box: Box) -> float:
    """How wide a box must be for what stands on the right half of its edge, beside the arrow that comes in."""
    return 2 * (sum(width(words, 11) * 1.15 + 21 for words in (box.people, box.trouble) if words) + 16)


def card_of(box: Box) -> Card:
    """A box as a card."""
    told = " · ".join([box.tag, box.title, *(f"{name}: {value}" for name, value in box.rows), *box.notes]).strip(" ·")
    if box.look is Look.JOIN:
        return Card((8.0, 8.0), (), box.look, "here the branches meet")
    if box.look in (Look.CHOICE, Look.END):
        return _centred(box, told)
    setting = _Setting()
    if box.tag:
        setting.add(box.tag, "tag", 11 * 1.17)
    mono = box.look not in (Look.ACTION, Look.STOP) or box.tag == "start"
    setting.paragraph(box.title, "name" if mono else "says", 14, mono=mono)
    setting.table(box.rows)
    for note in box.notes:
        setting.paragraph(note, "note", 12)
    wide = max(_LEAST, setting.width + 2 * _PAD_X, badge_room(box))
    size = (wide, setting.height + 2 * _PAD_Y)
    return Card(size, tuple(setting.lines), box.look, told, box.people, box.trouble)


def card_of_label(label: Label) -> Card:
    """A label as a pill on its arrow."""
    lines = wrapped(label.text, 210, 12, most=4)
    lead = _CLOCK if label.says is Says.GAP else 0.0
    wide = max(width(line, 12) for line in lines) + 24 + lead
    middle = (wide + lead) / 2
    placed = tuple(Line(line, "middle", middle, 17 + 16 * number) for number, line in enumerate(lines))
    return Card((wide, 16 * len(lines) + 10), placed, label.says, label.text)


def _centred(box: Box, told: str) -> Card:
    notes = [line for note in box.notes for line in wrapped(note, 260, 12)]
    wide = max([width(box.title, 13) * 1.17, *(width(note, 12) for note in notes)])
    wide = max(wide + (64 if box.look is Look.CHOICE else 36), badge_room(box))
    lines = [Line(box.title, "middle strong", wide / 2, 20.5)]
    lines += [Line(note, "middle note", wide / 2, 38 + 16 * number) for number, note in enumerate(notes)]
    size = (wide, 32 + 17 * len(notes))
    return Card(size, tuple(lines), box.look, told, box.people, box.trouble)


class _Setting:
    """Lines set one below the other."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.width = 0.0
        self.height = 0.0

    def add(
        self, text: str, style: str, size: float, *, x: float = 0.0, mono: bool = False, below: float = 0.0
    ) -> None:
        """One line, at the height that has been reached."""
        high = round(size * 1.4)
        self.lines.append(Line(text, style, _PAD_X + x, _PAD_Y + self.height + size))
        self.width = max(self.width, x + width(text, size, mono=mono))
        self.height += high

    def paragraph(self, text: str, style: str, size: float, *, mono: bool = False) -> None:
        """A text in as many lines as it needs."""
        for line in wrapped(text, _ROOM, size, mono=mono):
            self.add(line, style, size, mono=mono)

    def table(self, rows: tuple[tuple[str, str], ...]) -> None:
        """Names on the left, what belongs to each beside it."""
        if not rows:
            return
        self.height += 3
        names = [wrapped(name, _ROOM / 2, 12 * 1.17, most=1)[0] for name, _ in rows]
        column = max(width(name, 12) * 1.17 for name in names) + _COLUMNS
        for name, (_, value) in zip(names, rows, strict=True):
            for number, line in enumerate(wrapped(value, _ROOM, 12, mono=True)):
                if not number:
                    self.lines.append(Line(name, "key", _PAD_X, _PAD_Y + self.height + 12))
                self.add(line, "value", 12, x=column, mono=True)

"""A picture as Mermaid, which GitHub and many editors draw."""

from __future__ import annotations

from collections.abc import Iterator

from server.graph.picture import Arrow, Box, Look, Picture, shown

_SHAPES = {
    Look.START: ('(["', '"])'),
    Look.TRIGGER: ('[/"', '"/]'),
    Look.CHOICE: ('{"', '"}'),
    Look.STOP: ('(["', '"])'),
    Look.END: ('(["', '"])'),
}
_CLASSES = {  # said in full, so that they can be read on light and dark pages
    Look.START: "fill:#1c5d99,stroke:#16497a,color:#ffffff",
    Look.EMAIL: "fill:#e6f0fa,stroke:#1c5d99,color:#10202f",
    Look.ACTION: "fill:#f3f0e8,stroke:#a39b86,color:#2a2820",
    Look.CHOICE: "fill:#f1e9fb,stroke:#7a4fb5,color:#2c1a47",
    Look.STOP: "fill:#fde8e6,stroke:#b3362b,color:#4d1410",
    Look.END: "fill:#e4f4e8,stroke:#2c7a45,color:#10351d",
    Look.TRIGGER: "fill:#fff1cf,stroke:#a97b12,color:#3d2c05",
    Look.SEQUENCE: "fill:#e6f0fa,stroke:#1c5d99,color:#10202f",
    Look.JOIN: "fill:#8a929a,stroke:#8a929a,color:#8a929a",
}
# Signs with which Mermaid's texts could end, become a comment, or be read as HTML or Markdown.
_SIGNS = {ord(sign): f"#{ord(sign)};" for sign in '"#%&<>`\\'}


def as_mermaid(picture: Picture) -> str:
    """A flowchart."""
    names = {box.id: f"s{number}" for number, box in enumerate(picture.boxes)}
    lines = ["flowchart TD"]
    lines += [f"  {names[box.id]}{_shape(box)}:::{box.look}Box" for box in picture.boxes]
    lines += [f"  {names[one.source]} {_line(one)} {names[one.target]}" for one in picture.arrows]
    looks = dict.fromkeys(box.look for box in picture.boxes)
    lines += [f"  classDef {look}Box {_CLASSES[look]}" for look in looks]
    return "\n".join(lines) + "\n"


def _shape(box: Box) -> str:
    if box.look is Look.JOIN:
        return '((" "))'
    opening, closing = _SHAPES.get(box.look, ('["', '"]'))
    return f"{opening}{'<br/>'.join(_words(box))}{closing}"


def _words(box: Box) -> Iterator[str]:
    if box.tag:
        yield f"<small>{_escaped(box.tag)}</small>"
    yield f"<b>{_escaped(box.title)}</b>"
    for name, value in box.rows:
        yield f"{_escaped(name)}: {_escaped(value)}"
    for note in box.notes:
        yield f"<i>{_escaped(note)}</i>"
    if who := ", ".join(part for part in (box.people, box.trouble) if part):
        yield f"<b>{_escaped(who)}</b>"


def _line(arrow: Arrow) -> str:
    label = "<br/>".join(_escaped(label.text) for label in arrow.labels)
    line = "-.->" if arrow.faint else "-->"
    return f'{line}|"{label}"|' if label else line


def _escaped(text: str) -> str:
    return " ".join(shown(text).split()).translate(_SIGNS)

"""The proof of the segments on a screen: a line for each rule with a bar, who is held, and who would move."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from server.cli.printing import bold, grey, plain, table

if TYPE_CHECKING:
    from engine.language.proving.moves import Comparison, Move, Place
    from engine.language.proving.segments import Extent, Held, Proof, Share
    from engine.model import Value, Values, Vocabulary

_WIDTH = 24
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_MOST_FIELDS = 5
_MOST_CHARACTERS = 30


def as_text(proof: Proof, words: Vocabulary) -> Iterator[str]:
    """What there is to count, a line for each segment, and who is held."""
    yield _heading(proof, words)
    yield ""
    yield from _rows(proof)
    unknown = [one for one in _because(proof.held) if one.field is not None]
    if unknown:
        yield ""
        yield "Held until a value comes:"
        yield from (f"  {line}" for line in table([_held(one) for one in unknown]))


def as_record(proof: Proof) -> dict[str, Any]:
    """The proof for programs. In an example, null is unknown."""
    return {
        "total": proof.total,
        "exact": proof.exact,
        "rules": [{"name": share.rule.name, **_record(share)} for share in proof.shares if share.rule],
        "nobody": _record(proof.nobody),
        "held": [
            {"unknown": sorted(one.missing), "cases": one.cases, "of": one.total, "example": _example(one)}
            for one in _because(proof.held)
        ],
    }


def _because(held: Iterable[Held]) -> list[Held]:
    """Of those with one field taken for unknown, the ones that it holds; others are held without that, too."""
    return [one for one in held if one.field is None or one.field in one.missing]


def _record(share: Share) -> dict[str, Any]:
    return {"cases": share.cases, "example": _example(share)}


def _example(one: Share | Held | Move) -> dict[str, Value] | None:
    """All fields that rules ask for; those that are unknown as well, where they decide."""
    if one.example is None:
        return None
    return {**dict.fromkeys(one.telling), **one.example}


# -- What there is to count -----------------------------------------------------------------------


def _heading(proof: Proof, words: Vocabulary) -> str:
    parts = [_extent(one, words) for one in proof.extents]
    told = f": {', '.join(parts)}" if parts else ""
    if proof.exact:
        return f"{bold(_counted(proof.total, 'case'))}{told}"
    how = grey("(where there is no end of values, those between two that the rules name are one case)")
    return f"{bold(_counted(proof.total, 'case'))}{told}\n{how}"


def _extent(extent: Extent, words: Vocabulary) -> str:
    return " and ".join(_values(name, words, extent) for name in extent.fields)


def _values(name: str, words: Vocabulary, extent: Extent) -> str:
    from engine.model import FieldType

    field = words.fields[name]
    if field.type is FieldType.CHECKBOX:
        return f"{name} ticked or not"
    if field.choices:
        return f"{name} of {_counted(len(field.choices), 'choice')}"
    if extent.exact and field.minimum is not None and field.maximum is not None:
        return f"{name} {field.minimum:g} to {field.maximum:g}"
    return f"{name} of {_counted(extent.cases, 'kind')}" if len(extent.fields) == 1 else name


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


# -- Lines ----------------------------------------------------------------------------------------


def _rows(proof: Proof) -> Iterator[str]:
    held = [one for one in proof.held if one.field is None]
    rows = [(share.rule.name, share) for share in proof.shares if share.rule]
    rows += [("(none)", proof.nobody)] if proof.nobody.cases or proof.nobody.example else []
    cells = [[name, f"{share.cases:,}", _percent(share.cases, proof.total), _told(share)] for name, share in rows]
    cells += [["(held)", f"{one.cases:,}", _percent(one.cases, proof.total), _told(one)] for one in held]
    shares = [share.cases for _, share in rows] + [one.cases for one in held]
    widths = [max(len(row[index]) for row in cells) for index in range(3)]
    for (name, count, percent, told), cases in zip(cells, shares, strict=True):
        numbers = f"{count:>{widths[1]}}  {percent:>{widths[2]}}"
        yield f"{name:<{widths[0]}}  {numbers}  {_bar(cases, proof.total)}  {told}".rstrip()


def _percent(cases: int, total: int) -> str:
    """Rounded, but nothing that is there is 0 %, and nothing short of all is 100 %."""
    share = 100 * cases / total if total else 0
    if 0 < share < 1:
        return "<1 %"
    return ">99 %" if 99 < share < 100 else f"{round(share)} %"


def _bar(cases: int, total: int) -> str:
    eighths = max(round(_WIDTH * 8 * cases / total), 1) if cases and total else 0
    whole, rest = divmod(eighths, 8)
    return ("█" * whole + _EIGHTHS[rest].strip()).ljust(_WIDTH)


def _told(one: Share | Held | Move) -> str:
    """An example by the fields that decide; if none does, by all."""
    if one.example is None:
        return "nobody" if not getattr(one, "cases", 0) else ""
    names = one.telling or tuple(one.example)
    parts = [_value(name, one.example) for name in names[:_MOST_FIELDS]]
    return ", ".join([*parts, "…"] if len(names) > _MOST_FIELDS else parts) or "everybody"


def _value(name: str, values: Values) -> str:
    match values.get(name):
        case None:
            return f"{name} is unknown"
        case bool(ticked):
            return f"{name} = {str(ticked).lower()}"
        case list(items):
            return f"{name} = [{', '.join(items)}]"
        case value:
            text = plain(str(value))
            return f"{name} = {text if len(text) <= _MOST_CHARACTERS else f'{text[:_MOST_CHARACTERS]}…'}"


def _held(one: Held) -> list[str]:
    whole = one.cases == one.total
    missing = " and ".join(sorted(one.missing))
    verb = "is" if len(one.missing) == 1 else "are"
    many = "everybody" if whole else f"{one.cases:,} of {_counted(one.total, 'case')}"
    known = [name for name in one.telling if name in one.example]
    example = ", ".join(_value(name, one.example) for name in known[:_MOST_FIELDS])
    return [f"while {missing} {verb} unknown", many, "" if whole or not known else f"such as {example}"]


# -- Who would move -------------------------------------------------------------------------------


def moves_as_text(comparison: Comparison, then: str) -> Iterator[str]:
    """A line for each way that people would go. ``then`` is where the other version is: ``at main``."""
    if not comparison.moves:
        yield f"Nobody is in another segment than {then}."
    else:
        moved = sum(move.cases for move in comparison.moves)
        verb = "is" if moved == 1 else "are"
        of_all = f"{moved:,} of {_counted(comparison.total, 'case')}"
        yield f"{of_all} {verb} in another segment than {then}:"
        rows = [
            [f"{move.cases:,}", f"{_place(move.before)} -> {_place(move.after)}", _told(move)]
            for move in comparison.moves
        ]
        width = max(len(row[0]) for row in rows)
        yield from (f"  {line}" for line in table([[row[0].rjust(width), *row[1:]] for row in rows]))
    for name in comparison.defaults:
        yield grey(f"The default of {name} differs, so people of whom it is unknown may move, too.")


def moves_as_record(comparison: Comparison) -> list[dict[str, Any]]:
    """The moves for programs; null is nobody's segment."""
    return [
        {
            "before": move.before.segment,
            "after": move.after.segment,
            "held_before": move.before.held,
            "held_after": move.after.held,
            "cases": move.cases,
            "example": _example(move),
        }
        for move in comparison.moves
    ]


def _place(place: Place) -> str:
    return "held" if place.held else place.segment or "no segment"

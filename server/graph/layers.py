"""Where boxes go: in layers from top to bottom, with few crossings and straight lines.

The way of Sugiyama, in five steps: turn arrows that go back, give each box the layer after the last of those before
it, put a bend wherever an arrow passes a layer, order each layer by where its neighbours are, and then slide boxes
towards their neighbours as far as the room between them allows (``columns``). Nothing here is left to chance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from server.graph.columns import columns

Size = tuple[float, float]
Point = tuple[float, float]
Edge = tuple[str, str]
Passed = tuple[float, float, float]

_APART, _BEND_APART = 34.0, 18.0
_BETWEEN = 30.0
_ROUNDS = 12


@dataclass(frozen=True, slots=True)
class Layout:
    """The middle of each box, the way of each arrow, and the size of it all.

    A way is given from the top to the bottom, a layer at a time: (x, the layer's top, its bottom). Within a layer an
    arrow goes straight down at x; ``upward`` are the arrows that point against their way.
    """

    places: Mapping[str, Point]
    ways: Sequence[Sequence[Passed]]
    upward: Sequence[bool]
    size: Size


def layout(sizes: Mapping[str, Size], edges: Sequence[Edge]) -> Layout:
    """Place boxes of these sizes, in the order in which they should appear, and lead the arrows between them."""
    turned = _turned(list(sizes), edges)
    downward = [
        (target, source) if back else (source, target) for (source, target), back in zip(edges, turned, strict=True)
    ]
    ranks = _ranks(list(sizes), downward)
    net = _Net(sizes, ranks)
    chains = [net.chain(number, edge) for number, edge in enumerate(downward)]
    net.order()
    places = net.places()
    bands = net.bands()
    ways = [[(places[name][0], *bands[net.ranks[name]]) for name in chain] for chain in chains]
    return Layout({name: places[name] for name in sizes}, ways, turned, net.size(places))


def _turned(names: Sequence[str], edges: Sequence[Edge]) -> list[bool]:
    """Which arrows lead back to where one came from, so that they are drawn upwards."""
    below: dict[str, list[int]] = {name: [] for name in names}
    for number, (source, _) in enumerate(edges):
        below[source].append(number)
    turned, done, open_ = [False] * len(edges), set[str](), set[str]()
    for name in names:
        stack = [(name, iter(below[name]))] if name not in done else []
        open_.update(name for name, _ in stack)
        while stack:
            here, left = stack[-1]
            number = next(left, -1)
            if number < 0:
                stack.pop()
                open_.discard(here)
                done.add(here)
                continue
            target = edges[number][1]
            turned[number] = target in open_
            if target not in open_ and target not in done:
                open_.add(target)
                stack.append((target, iter(below[target])))
    return turned


def _ranks(names: Sequence[str], edges: Sequence[Edge]) -> dict[str, int]:
    """The layer of each box: one below the lowest of those that lead to it."""
    waiting = {name: sum(target == name for _, target in edges) for name in names}
    below: dict[str, list[str]] = {name: [] for name in names}
    for source, target in edges:
        below[source].append(target)
    ranks = dict.fromkeys(names, 0)
    ready = [name for name in names if not waiting[name]]
    while ready:
        name = ready.pop(0)
        for target in below[name]:
            ranks[target] = max(ranks[target], ranks[name] + 1)
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    return ranks


class _Net:
    """Boxes and bends in layers, each tied to those of the layers beside it."""

    def __init__(self, sizes: Mapping[str, Size], ranks: Mapping[str, int]) -> None:
        self.sizes: dict[str, Size] = dict(sizes)
        self.ranks: dict[str, int] = dict(ranks)
        self.bends: set[str] = set()
        self.above: dict[str, list[str]] = {name: [] for name in sizes}
        self.below: dict[str, list[str]] = {name: [] for name in sizes}
        self.layers: list[list[str]] = []

    def chain(self, number: int, edge: Edge) -> list[str]:
        """The names that an arrow passes: its ends, and a bend in every layer between them."""
        source, target = edge
        bends = [f"\0{number}.{rank}" for rank in range(self.ranks[source] + 1, self.ranks[target])]
        for rank, bend in enumerate(bends, self.ranks[source] + 1):
            self.bends.add(bend)
            self.ranks[bend], self.sizes[bend] = rank, (0.0, 0.0)
            self.above[bend], self.below[bend] = [], []
        names = [source, *bends, target]
        for upper, lower in pairwise(names):
            self.below[upper].append(lower)
            self.above[lower].append(upper)
        return names

    # -- The order within each layer ----------------------------------------------------------

    def order(self) -> None:
        """Begin with the order in which one meets them from the top; then sweep, and keep what crosses least."""
        self.layers = [[] for _ in range(max(self.ranks.values(), default=0) + 1)]
        for name in self._met():
            self.layers[self.ranks[name]].append(name)
        best, fewest = [list(layer) for layer in self.layers], self._crossings()
        for turn in range(_ROUNDS):
            self._sweep(down=turn % 2 == 0)
            if (crossings := self._crossings()) < fewest:
                best, fewest = [list(layer) for layer in self.layers], crossings
        self.layers = best

    def _met(self) -> list[str]:
        met: dict[str, None] = {}
        stack = [name for name in reversed(self.sizes) if not self.above[name]]
        while stack:
            name = stack.pop()
            if name not in met:
                met[name] = None
                stack.extend(reversed(self.below[name]))
        return list(met)

    def _sweep(self, *, down: bool) -> None:
        layers = self.layers if down else self.layers[::-1]
        beside = self.above if down else self.below
        for before, layer in pairwise(layers):
            at = {name: place for place, name in enumerate(before)}
            own = {name: place for place, name in enumerate(layer)}
            layer.sort(key=lambda name: _mean([at[one] for one in beside[name]], own[name]))

    def _crossings(self) -> int:
        total = 0
        for upper, lower in pairwise(self.layers):
            at = {name: place for place, name in enumerate(lower)}
            ends = [at[name] for one in upper for name in sorted(self.below[one], key=at.__getitem__)]
            total += sum(ends[i] > ends[j] for i in range(len(ends)) for j in range(i + 1, len(ends)))
        return total

    # -- Coordinates --------------------------------------------------------------------------

    def places(self) -> dict[str, Point]:
        """The middle of every box and bend."""
        x = columns(self.layers, self.above, self.below, self._apart)
        left = min((x[name] - self.sizes[name][0] / 2 for name in x), default=0.0)
        bands = self.bands()
        return {name: (x[name] - left, sum(bands[self.ranks[name]]) / 2) for name in x}

    def size(self, places: Mapping[str, Point]) -> Size:
        """The size of the whole."""
        right = max((places[name][0] + self.sizes[name][0] / 2 for name in places), default=0.0)
        low = max((places[name][1] + self.sizes[name][1] / 2 for name in places), default=0.0)
        return right, low

    def bands(self) -> list[Point]:
        """Top and bottom of each layer."""
        bands, top = [], 0.0
        for layer in self.layers:
            bottom = top + max((self.sizes[name][1] for name in layer), default=0.0)
            bands.append((top, bottom))
            top = bottom + _BETWEEN
        return bands

    def _apart(self, left: str, right: str) -> float:
        """How far the middles of two neighbours must be apart."""
        bend = left in self.bends or right in self.bends
        return (self.sizes[left][0] + self.sizes[right][0]) / 2 + (_BEND_APART if bend else _APART)


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise

"""Boxes never overlap, arrows pass no box, and nothing is left to chance."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from server.graph.layers import layout

SIZES = st.tuples(st.integers(8, 300), st.integers(8, 120))


@st.composite
def graphs(draw: st.DrawFn) -> tuple[dict[str, tuple[float, float]], list[tuple[str, str]]]:
    names = [f"box {number}" for number in range(draw(st.integers(1, 12)))]
    ends = st.sampled_from(names)
    edges = draw(st.lists(st.tuples(ends, ends).filter(lambda edge: edge[0] != edge[1]), max_size=20))
    return {name: draw(SIZES) for name in names}, edges


@given(graphs())
def test_boxes_keep_their_distance(graph: tuple[dict[str, tuple[float, float]], list[tuple[str, str]]]) -> None:
    sizes, edges = graph
    placed = layout(sizes, edges)
    assert set(placed.places) == set(sizes)
    for one, other in combinations(sizes, 2):
        apart = [abs(placed.places[one][axis] - placed.places[other][axis]) for axis in (0, 1)]
        needed = [(sizes[one][axis] + sizes[other][axis]) / 2 for axis in (0, 1)]
        assert apart[0] >= needed[0] or apart[1] >= needed[1], (one, other)
    for name, (x, y) in placed.places.items():
        wide, high = sizes[name]
        assert min(x - wide / 2, y - high / 2) >= -0.01
        assert x + wide / 2 <= placed.size[0] + 0.01
        assert y + high / 2 <= placed.size[1] + 0.01


@given(graphs())
def test_within_its_layer_an_arrow_runs_beside_the_boxes(
    graph: tuple[dict[str, tuple[float, float]], list[tuple[str, str]]],
) -> None:
    sizes, edges = graph
    placed = layout(sizes, edges)
    for edge, way in zip(edges, placed.ways, strict=True):
        for x, top, bottom in way:
            for name, (middle, level) in placed.places.items():
                inside = abs(x - middle) < sizes[name][0] / 2 and top <= level <= bottom
                assert not inside or name in edge


@given(graphs())
def test_the_same_graph_gives_the_same_picture(
    graph: tuple[dict[str, tuple[float, float]], list[tuple[str, str]]],
) -> None:
    assert layout(*graph) == layout(*graph)


def test_a_chain_is_a_straight_line() -> None:
    sizes = {"a": (100.0, 20.0), "b": (40.0, 60.0), "c": (300.0, 20.0)}
    placed = layout(sizes, [("a", "b"), ("b", "c")])
    assert {place[0] for place in placed.places.values()} == {150.0}


def test_what_leads_back_points_up() -> None:
    sizes = dict.fromkeys("abc", (100.0, 20.0))
    assert layout(sizes, [("a", "b"), ("b", "c"), ("c", "a")]).upward == [False, False, True]

"""Diagrams: nothing overlaps, and every edge is drawn once and ends at its boxes, whatever the ontology says."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qit4n_kg.web.diagrams import Box, Diagram, Edge, draw, merged

NAMES = st.sampled_from("ABCDEF")
EDGES = st.lists(st.builds(Edge, NAMES, NAMES, st.sampled_from([(), ("p",), ("q",)])), max_size=12)


def overlaps(one: Box, other: Box) -> bool:
    beside = one.x + one.width <= other.x or other.x + other.width <= one.x
    return not (beside or one.y + one.height <= other.y or other.y + other.height <= one.y)


def check(drawing: Diagram) -> None:
    """What is true of every drawing."""
    assert not any(overlaps(*pair) for pair in itertools.combinations(drawing.boxes, 2))
    by_name = {box.name: box for box in drawing.boxes}
    for box in drawing.boxes:
        assert box.x >= 0
        assert box.y >= 0
        assert box.x + box.width <= drawing.width
        assert box.y + box.height <= drawing.height
    for line in drawing.lines:
        for name, point in (
            (line.edge.source, re.match(r"M(-?[\d.]+) (-?[\d.]+)", line.path)),
            (line.edge.target, re.search(r"L(-?[\d.]+) (-?[\d.]+)", line.head)),
        ):
            assert point is not None
            box, x, y = by_name[name], float(point[1]), float(point[2])
            assert min(abs(x - box.x), abs(x - box.x - box.width)) <= 1
            assert box.y - 1 <= y <= box.y + box.height + 1
        assert tuple(label.name for label in line.labels) == line.edge.labels


@given(EDGES)
def test_whatever_is_drawn_fits_and_does_not_overlap(edges: list[Edge]) -> None:
    shown = {edge for edge in merged(edges) if not (edge.is_subclass and edge.source == edge.target)}
    drawing = draw(edges, [])
    assert (drawing is None) == (not shown)
    if drawing is not None:
        check(drawing)
        assert {line.edge for line in drawing.lines} == shown


def test_nothing_to_draw_is_none() -> None:
    assert draw([], []) is None


def test_a_class_without_an_edge_is_still_drawn() -> None:
    drawing = draw([], ["A"])
    assert drawing is not None
    assert [box.name for box in drawing.boxes] == ["A"]


def test_a_superclass_stands_left_of_its_subclasses_and_a_value_at_the_right() -> None:
    drawing = draw([Edge("B", "A"), Edge("C", "B"), Edge("A", "V", ("p",))], ["A", "B", "C"])
    assert drawing is not None
    columns = {box.name: box.column for box in drawing.boxes}
    assert columns == {"A": 0, "B": 1, "C": 2, "V": 1}
    assert [box.name for box in drawing.boxes if not box.is_own] == ["V"]


def test_properties_between_the_same_classes_share_a_line_with_one_label_each() -> None:
    drawing = draw([Edge("A", "B", ("q",)), Edge("A", "B", ("p",))], ["A"])
    assert drawing is not None
    (line,) = drawing.lines
    first, second = line.labels
    assert (first.name, second.name) == ("p", "q")
    assert second.y - first.y >= 12


@pytest.mark.parametrize("edges", [[Edge("A", "A", ("p",))], [Edge("A", "B"), Edge("B", "A")]])
def test_a_cycle_is_drawn(edges: list[Edge]) -> None:
    drawing = draw(edges, [])
    assert drawing is not None
    check(drawing)

"""A timeline is laid out within its frame, whatever the days are, and nothing is drawn of what has none."""

from __future__ import annotations

import pytest

from qit4n_kg.entities.panels import Cell, Column, Panel, Table
from qit4n_kg.web.timelines import Timeline, timeline

NAMES = ("kind", "event", "first", "last")
HEADERS = {"lane": "kind", "from": "first", "to": "last"}


def drawn(*rows: tuple[str, str, str]) -> Timeline | None:
    cells = tuple(
        (Cell(kind), Cell(f"event {number}", f"https://example.org/{number}"), Cell(first), Cell(last))
        for number, (kind, first, last) in enumerate(rows)
    )
    return timeline(
        Table(Panel("x", "X", "?", "", HEADERS), tuple(Column(name, name, "text") for name in NAMES), cells)
    )


@pytest.mark.parametrize(
    "rows",
    [
        [("Meeting", "2020-01-01", "2020-01-02"), ("Webinar", "2021-06-01", "2021-06-01")],
        [("Meeting", "2020-01-01", "2020-01-01")],
        [("Meeting", "0001-01-01", "9999-12-31")],
        [("Meeting", "2020-05-02", "2020-05-01"), ("Meeting", "2020-05-02Z", "2020-05-03+01:00")],
    ],
    ids=["two lanes", "one day", "all time", "ends before it begins"],
)
def test_marks_and_ticks_stay_in_their_frame(rows: list[tuple[str, str, str]]) -> None:
    chart = drawn(*rows)
    assert chart is not None
    for lane in chart.lanes:
        assert 0 < lane.label < lane.y < chart.height
        assert all(0 <= mark.x1 <= mark.x2 <= 100 for mark in lane.marks)
    assert all(0 <= x <= 100 for x, *_ in chart.ticks)
    assert len([label for _, label, _ in chart.ticks if label]) <= 12


def test_events_stand_in_the_lane_of_their_kind_with_their_days() -> None:
    chart = drawn(("Meeting", "2020-01-01", "2020-01-02"), ("Webinar", "2020-02-01", ""), ("Meeting", "2020-03-01", ""))
    assert chart is not None
    assert [(lane.name, len(lane.marks)) for lane in chart.lanes] == [("Meeting", 2), ("Webinar", 1)]
    assert chart.lanes[0].marks[0].title == "event 0 (2020-01-01 to 2020-01-02)"
    assert chart.count == 3


def test_an_event_without_a_day_is_not_drawn() -> None:
    chart = drawn(("Meeting", "2020-01-01", ""), ("Meeting", "-0044-03-15", ""), ("Meeting", "", ""))
    assert chart is not None
    assert chart.count == 1
    assert drawn(("Meeting", "soon", "")) is None
    assert drawn() is None


def test_what_a_panel_notes_of_an_event_stands_beside_its_mark() -> None:
    panel = Panel("x", "X", "?", "", {**HEADERS, "note": "event"})
    row = tuple(Cell(text) for text in ("Lifetime event", "Extension", "2020-09-01", "2020-09-30"))
    chart = timeline(Table(panel, tuple(Column(name, name, "text") for name in NAMES), (row,)))
    assert chart is not None
    assert [mark.note for lane in chart.lanes for mark in lane.marks] == ["Extension"]

"""Charts are laid out within their frame, whatever the figures are."""

from __future__ import annotations

from itertools import pairwise

import pytest

from qit4n_kg.entities.panels import Cell, Column, Panel, Table
from qit4n_kg.web.charts import HEIGHT, bars, columns, groups, step, tiles


def table(rows: list[tuple[str, str]], **headers: str) -> Table:
    cells = tuple((Cell(name, f"https://example.org/{name}"), Cell(value, kind="number")) for name, value in rows)
    named = (Column("name", "Name", "text"), Column("value", "Value", "number"))
    return Table(Panel("x", "X", "?", "", {"value": "value", "tick": "name", **headers}), named, cells)


@pytest.mark.parametrize("values", [[], ["0"], ["0", "0"], ["109", "49"], ["1"] * 60, ["", "5"], ["0.001", "1000000"]])
def test_columns_stay_in_their_frame(values: list[str]) -> None:
    chart = columns(table([(str(n), value) for n, value in enumerate(values)]))
    assert chart is not None
    assert len(chart.bars) == len(values)
    for bar in chart.bars:
        assert 0 <= bar.x <= bar.x + bar.width <= 100
        assert 0 <= bar.y <= bar.y + bar.height <= HEIGHT
    assert all(0 <= y <= HEIGHT for y, _ in chart.grid)


def test_the_highest_column_is_the_largest_figure() -> None:
    chart = columns(table([("1", "109"), ("2", "49")]))
    assert chart.bars[0].height > chart.bars[1].height > 0
    assert chart.bars[0].title == "1: 109"


def test_many_columns_lose_labels_before_they_overlap() -> None:
    chart = columns(table([(str(n), str(n)) for n in range(60)]))
    assert sum(1 for bar in chart.bars if bar.tick) <= 16
    assert not any(bar.value for bar in chart.bars)
    assert any(label for _, label in chart.grid)


def test_a_missing_figure_is_no_zero() -> None:
    chart = bars(table([("a", ""), ("b", "0")]))
    assert [row.share for row in chart.rows] == [None, 0.0]


def test_bars_use_the_panels_scale_or_the_largest_figure() -> None:
    assert [row.share for row in bars(table([("a", "50")], scale="100")).rows] == [50.0]
    assert [row.share for row in bars(table([("a", "50"), ("b", "200")])).rows] == [25.0, 100.0]
    assert [row.share for row in bars(table([("a", "150")], scale="100")).rows] == [100.0]


def test_without_a_column_of_figures_there_is_no_chart() -> None:
    for layout in (bars, columns):
        assert layout(table([("a", "1")], value="absent")) is None


def test_grid_steps_are_round() -> None:
    assert [step(largest) for largest in (1, 3, 49, 109, 950)] == [0.5, 1.0, 20.0, 50.0, 500.0]


def several(rows: list[tuple[str, ...]], names: tuple[str, ...], **headers: str) -> Table:
    cells = tuple(
        (Cell(first, f"https://example.org/{first}"), *(Cell(value) for value in values)) for first, *values in rows
    )
    return Table(Panel("x", "X", "?", "", headers), tuple(Column(name, name.title(), "text") for name in names), cells)


@pytest.mark.parametrize("values", [("1", "2"), ("0", "0"), ("", "7"), ("1000000", "0.1")])
def test_columns_side_by_side_stay_in_their_frame_and_apart(values: tuple[str, str]) -> None:
    table = several([("a", *values), ("b", *values)], ("name", "came", "went"), values="came went", tick="name")
    chart = groups(table)
    assert chart is not None
    bars_by_x = sorted((bar for series in chart.series for bar in series.bars), key=lambda bar: bar.x)
    for bar in bars_by_x:
        assert 0 <= bar.x <= bar.x + bar.width <= 100
        assert 0 <= bar.y <= bar.y + bar.height <= HEIGHT
    for left, right in pairwise(bars_by_x):
        assert left.x + left.width <= right.x
    assert [series.column.label for series in chart.series] == ["Came", "Went"]


def test_columns_side_by_side_need_a_figure() -> None:
    assert groups(several([("a", "", "")], ("name", "came", "went"), values="came went")) is None
    assert groups(several([("a", "1")], ("name", "came"), values="other")) is None


def test_rows_of_bars_stand_by_group_in_their_order() -> None:
    table = several(
        [("a", "1", "second"), ("b", "2", "first"), ("c", "3", "second")],
        ("name", "value", "of"),
        value="value",
        group="of",
    )
    chart = bars(table)
    assert chart is not None
    assert [(group.of.text, len(group.rows)) for group in chart.groups if group.of] == [("second", 2), ("first", 1)]
    assert chart.rest == ()


def test_tiles_stand_in_lanes_the_fullest_first_and_say_what_is_missing() -> None:
    table = several(
        [("a", "few", "x"), ("b", "many", ""), ("c", "many", "y")],
        ("name", "lane", "value"),
        lane="lane",
        value="value",
        none="nobody",
    )
    found = tiles(table)
    assert found is not None
    assert [(lane, [tile.item.text for tile in tiled]) for lane, tiled in found.lanes] == [
        ("many", ["b", "c"]),
        ("few", ["a"]),
    ]
    assert (found.missing, found.none) == (1, "nobody")


def test_a_bar_leads_to_its_thing_and_what_all_rows_say_stands_once() -> None:
    table = Table(
        Panel("x", "X", "Y?", "", {"value": "progress"}),
        (Column("item", "Item", "text"), Column("progress", "Progress", "number"), Column("due", "Due", "date")),
        tuple((Cell(name, f"https://example.org/{name}"), Cell("5", kind="number"), Cell("2021-12")) for name in "abc"),
    )
    drawn = columns(table)
    assert drawn is not None
    assert [bar.iri for bar in drawn.bars] == [f"https://example.org/{name}" for name in "abc"]
    listed = bars(table)
    assert listed is not None
    assert listed.rest == ()
    assert [(column.name, cell.text) for column, cell in listed.common] == [("due", "2021-12")]

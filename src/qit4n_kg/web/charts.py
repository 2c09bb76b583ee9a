"""The geometry of the charts, so that a template only writes it down; pure. A chart's table always stands beside it.

A panel says what is drawn: `# value:` names the column of figures (`# values:` several), `# tick:` the one that is written below
the columns, `# group:` the one whose things the rows of a bar table are sorted by, `# lane:` the one that tiles are sorted by.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qit4n_kg.entities.panels import Cell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qit4n_kg.entities.panels import Column, Table

HEIGHT = 210
_TOP = 26
_BASE = 180
_MOST_LABELS = 16
_LEFT = 8.0


@dataclass(frozen=True)
class Bar:
    """One bar: `x` and `width` are percent, `y` and `height` pixels; `tick` and `value` are empty where there is no room."""

    x: float
    y: float
    width: float
    height: float
    center: float
    tick: str
    value: str
    title: str
    iri: str | None = None
    """The thing that it is about, if any."""


@dataclass(frozen=True)
class Columns:
    """A column chart over the rows of a table.

    Grid lines are named only where the bars have no room for their own figures.
    """

    table: Table
    bars: tuple[Bar, ...]
    grid: tuple[tuple[float, str], ...]
    summary: str

    height: int = HEIGHT
    base: int = _BASE


@dataclass(frozen=True)
class BarRow:
    """One row of a bar table: `share` is percent of the scale, None where there is no value."""

    item: Cell
    value: Cell
    share: float | None
    rest: tuple[tuple[Column, Cell], ...]


@dataclass(frozen=True)
class BarGroup:
    """Rows that belong together; `of` is what they belong to, None where a table has no groups."""

    of: Cell | None
    rows: tuple[BarRow, ...]


@dataclass(frozen=True)
class Bars:
    """A table with a bar in each row; the first column is the item."""

    table: Table
    value: Column
    rest: tuple[Column, ...]
    groups: tuple[BarGroup, ...]
    common: tuple[tuple[Column, Cell], ...] = ()
    """What all rows say alike, so that it stands above them once."""

    @property
    def rows(self) -> tuple[BarRow, ...]:
        """All rows, whatever group they belong to."""
        return tuple(row for group in self.groups for row in group.rows)


@dataclass(frozen=True)
class Series:
    """One of several figures of the same things: its column, and its bars."""

    column: Column
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class GroupedColumns:
    """A column chart with several columns side by side for each row of a table."""

    table: Table
    series: tuple[Series, ...]
    grid: tuple[tuple[float, str], ...]
    summary: str

    height: int = HEIGHT
    base: int = _BASE


@dataclass(frozen=True)
class Tile:
    """One thing with what is said of it: `value` is empty where nothing is."""

    item: Cell
    value: Cell


@dataclass(frozen=True)
class Tiles:
    """Things in lanes, those with most things first; `none` is what is said of a thing without a value."""

    table: Table
    none: str
    lanes: tuple[tuple[str, tuple[Tile, ...]], ...]

    @property
    def missing(self) -> int:
        """How many things have no value."""
        return sum(not tile.value.text for _, tiles in self.lanes for tile in tiles)


def step(largest: float) -> float:
    """Return a round distance between grid lines, for about four of them.

    >>> step(109), step(7), step(0)
    (50.0, 2.0, 1.0)
    """
    if largest <= 0:
        return 1.0
    rough = largest / 4
    magnitude = 10.0 ** math.floor(math.log10(rough))
    return next(factor * magnitude for factor in (1, 2, 5, 10) if factor * magnitude >= rough)


def number(cell: Cell) -> float | None:
    """Return a cell's figure, None where there is none."""
    try:
        value = float(cell.text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def columns(table: Table) -> Columns | None:
    """Lay out a column chart, None where there is no figure at all; a row without a figure leaves a gap."""
    at, tick = table.position(table.panel.headers.get("value")), table.position(table.panel.headers.get("tick"))
    if at is None:
        return None
    values = [number(row[at]) for row in table.rows]
    shown = [value for value in values if value is not None]
    largest = max(shown, default=0.0)
    every = max(1, math.ceil(len(values) / _MOST_LABELS))
    left = _LEFT if every > 1 else 0.0
    scale = (_BASE - _TOP) / (largest or 1.0)
    slot = (100 - left) / max(1, len(values))
    bars = []
    for position, (row, value) in enumerate(zip(table.rows, values, strict=True)):
        height = max(0.0, value or 0.0) * scale
        bars.append(
            Bar(
                x=round(left + slot * (position + 0.16), 3),
                y=round(_BASE - height, 1),
                width=round(slot * 0.68, 3),
                height=round(height, 1),
                center=round(left + slot * (position + 0.5), 3),
                tick=row[tick].text if tick is not None and position % every == 0 else "",
                value=row[at].text if every == 1 else "",
                title=f"{_name(row)}: {row[at].text or 'not stated'}",
                iri=_iri(row),
            )
        )
    summary = f"{len(shown)} columns, from {min(shown):g} to {largest:g}." if shown else "No figures."
    return Columns(table, tuple(bars), _grid(largest, scale, is_named=every > 1), summary)


def _grid(largest: float, scale: float, *, is_named: bool) -> tuple[tuple[float, str], ...]:
    distance = step(largest)
    heights = [distance * count for count in range(1, int(largest / distance) + 1)]
    return tuple((round(_BASE - height * scale, 1), f"{height:g}" if is_named else "") for height in heights)


def groups(table: Table) -> GroupedColumns | None:
    """Lay out several figures of each row side by side, None where there is no figure at all."""
    places = [at for name in table.panel.headers.get("values", "").split() if (at := table.position(name)) is not None]
    shown = [value for row in table.rows for at in places if (value := number(row[at])) is not None]
    if not places or not shown:
        return None
    largest = max(shown)
    scale = (_BASE - _TOP) / (largest or 1.0)
    series = tuple(Series(table.columns[at], tuple(_grouped(table, places, at, scale))) for at in places)
    summary = f"{len(places)} columns for each of {len(table.rows)}, from {min(shown):g} to {largest:g}."
    return GroupedColumns(table, series, _grid(largest, scale, is_named=True), summary)


def _grouped(table: Table, places: list[int], at: int, scale: float) -> Iterator[Bar]:
    tick = table.position(table.panel.headers.get("tick"))
    slot = (100 - _LEFT) / max(1, len(table.rows))
    every = max(1, math.ceil(len(table.rows) / _MOST_LABELS))
    width = slot * 0.78 / len(places)
    for position, row in enumerate(table.rows):
        height = max(0.0, number(row[at]) or 0.0) * scale
        x = _LEFT + slot * (position + 0.11) + width * places.index(at)
        is_labelled = tick is not None and position % every == 0 and at == places[0]
        yield Bar(
            x=round(x, 3),
            y=round(_BASE - height, 1),
            width=round(width * 0.9, 3),
            height=round(height, 1),
            center=round(_LEFT + slot * (position + 0.5), 3),
            tick=row[tick].text if tick is not None and is_labelled else "",
            value="",
            title=f"{_name(row)}, {table.columns[at].label}: {row[at].text or 'not stated'}",
            iri=_iri(row),
        )


def tiles(table: Table) -> Tiles | None:
    """Sort things into lanes, None where the columns are not there."""
    lane, value = table.position(table.panel.headers.get("lane")), table.position(table.panel.headers.get("value"))
    if lane is None:
        return None
    lanes: dict[str, list[Tile]] = {}
    for row in table.rows:
        item = next((cell for at, cell in enumerate(row) if cell.iri and at not in (lane, value)), row[0])
        lanes.setdefault(row[lane].text, []).append(Tile(item, row[value] if value is not None else Cell("")))
    ordered = sorted(lanes.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    none = table.panel.headers.get("none", "")
    return Tiles(table, none, tuple((name, tuple(found)) for name, found in ordered))


def bars(table: Table) -> Bars | None:
    """Lay out a table with bars, None where there is no figure at all.

    The scale is the panel's `# scale:` or else the largest figure.
    """
    at, group = table.position(table.panel.headers.get("value")), table.position(table.panel.headers.get("group"))
    if at is None:
        return None
    others = [position for position in range(1, len(table.columns)) if position not in (at, group)]
    alike = [other for other in others if len(table.rows) > 2 and len({row[other] for row in table.rows}) == 1]
    others = [other for other in others if other not in alike]
    figures = [number(row[at]) for row in table.rows]
    largest = max((value for value in figures if value is not None), default=0.0)
    scale = max(float(table.panel.headers.get("scale", "0")), largest) or 1.0
    found: dict[Cell | None, list[BarRow]] = {}
    for row, value in zip(table.rows, figures, strict=True):
        share = None if value is None else round(100 * max(0.0, value) / scale, 2)
        rest = tuple((table.columns[other], row[other]) for other in others)
        found.setdefault(None if group is None else row[group], []).append(BarRow(row[0], row[at], share, rest))
    grouped = tuple(BarGroup(of, tuple(rows)) for of, rows in found.items())
    common = tuple((table.columns[other], table.rows[0][other]) for other in alike)
    return Bars(table, table.columns[at], tuple(table.columns[other] for other in others), grouped, common)


def _iri(row: tuple[Cell, ...]) -> str | None:
    return next((cell.iri for cell in row if cell.iri), None)


def _name(row: tuple[Cell, ...]) -> str:
    return next((cell.text for cell in row if cell.iri), row[0].text)

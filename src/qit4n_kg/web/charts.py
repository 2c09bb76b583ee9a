"""The geometry of the charts, so that a template only writes it down; pure. A chart's table always stands beside it.

A panel says what is drawn: `# value:` names the column of figures, `# tick:` the one that is written below the columns.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qit4n_kg.entities.panels import Cell, Column, Table

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
class Bars:
    """A table with a bar in each row; the first column is the item."""

    table: Table
    value: Column
    rest: tuple[Column, ...]
    rows: tuple[BarRow, ...]


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
            )
        )
    summary = f"{len(shown)} columns, from {min(shown):g} to {largest:g}." if shown else "No figures."
    return Columns(table, tuple(bars), _grid(largest, scale, is_named=every > 1), summary)


def _grid(largest: float, scale: float, *, is_named: bool) -> tuple[tuple[float, str], ...]:
    distance = step(largest)
    heights = [distance * count for count in range(1, int(largest / distance) + 1)]
    return tuple((round(_BASE - height * scale, 1), f"{height:g}" if is_named else "") for height in heights)


def bars(table: Table) -> Bars | None:
    """Lay out a table with bars, None where there is no figure at all.

    The scale is the panel's `# scale:` or else the largest figure.
    """
    at = table.position(table.panel.headers.get("value"))
    if at is None:
        return None
    others = [position for position in range(1, len(table.columns)) if position != at]
    figures = [number(row[at]) for row in table.rows]
    largest = max((value for value in figures if value is not None), default=0.0)
    scale = max(float(table.panel.headers.get("scale", "0")), largest) or 1.0
    rows = []
    for row, value in zip(table.rows, figures, strict=True):
        share = None if value is None else round(100 * max(0.0, value) / scale, 2)
        rows.append(BarRow(row[0], row[at], share, tuple((table.columns[other], row[other]) for other in others)))
    return Bars(table, table.columns[at], tuple(table.columns[other] for other in others), tuple(rows))


def _name(row: tuple[Cell, ...]) -> str:
    return next((cell.text for cell in row if cell.iri), row[0].text)

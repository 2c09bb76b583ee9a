"""The geometry of a timeline: events in lanes over days, so that a template only writes it down; pure.

A panel says what is drawn: `# lane:` names the column that makes lanes, `# from:` and `# to:` those of the first and last day,
`# note:` one whose text stands beside the mark. An
event without a day that can be read is in the table beside it, not in the drawing.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qit4n_kg.entities.panels import Cell, Table

LANE = 46
_TOP = 26
_MARGIN = 1.5
_MOST_TICKS = 12


@dataclass(frozen=True)
class Mark:
    """One event: from `x1` to `x2`, percent; `iri` is where it leads, `note` what is written beside it."""

    x1: float
    x2: float
    title: str
    iri: str | None
    note: str = ""


@dataclass(frozen=True)
class Lane:
    """The events of one kind; `y` is where they are drawn, in pixels, and `label` where their name stands."""

    name: str
    y: int
    label: int
    marks: tuple[Mark, ...]


@dataclass(frozen=True)
class Timeline:
    """Lanes over time; a tick is a place in percent, the year that begins there or else nothing, and its quarter or 0."""

    table: Table
    lanes: tuple[Lane, ...]
    ticks: tuple[tuple[float, str, int], ...]
    first: datetime.date
    last: datetime.date
    height: int

    @property
    def count(self) -> int:
        """How many events are drawn."""
        return sum(len(lane.marks) for lane in self.lanes)


def day(cell: Cell) -> datetime.date | None:
    """Read an `xsd:date`, None where it is none that can be drawn.

    >>> from qit4n_kg.entities.panels import Cell
    >>> day(Cell("2021-08-09")), day(Cell("-0044-03-15"))
    (datetime.date(2021, 8, 9), None)
    """
    try:
        return datetime.date.fromisoformat(cell.text[:10])
    except ValueError:
        return None


def timeline(table: Table) -> Timeline | None:
    """Lay out a timeline, None where no event has a day."""
    headers = table.panel.headers
    places = [table.position(headers.get(name)) for name in ("lane", "from", "to")]
    lane, begin, end = places
    if lane is None or begin is None:
        return None
    note = table.position(headers.get("note"))
    lanes: dict[str, list[tuple[datetime.date, datetime.date, tuple[Cell, ...]]]] = {}
    for row in table.rows:
        first = day(row[begin])
        last = day(row[end]) if end is not None else None
        if first is not None:
            lanes.setdefault(row[lane].text, []).append((first, max(first, last or first), row))
    days = [each for events in lanes.values() for first, last, _ in events for each in (first, last)]
    if not days:
        return None
    scale = _Scale(min(days), max(days))
    drawn = []
    for position, (name, events) in enumerate(lanes.items()):
        top = _TOP + position * LANE
        marks = tuple(_mark(scale, first, last, row, note) for first, last, row in events)
        drawn.append(Lane(name, top + 30, top + 14, marks))
    return Timeline(table, tuple(drawn), tuple(scale.ticks()), min(days), max(days), _TOP + len(drawn) * LANE + 4)


@dataclass(frozen=True)
class _Scale:
    """Days to percent."""

    first: datetime.date
    last: datetime.date

    def place(self, when: datetime.date) -> float:
        span = max(1, (self.last - self.first).days)
        return round(_MARGIN + (100 - 2 * _MARGIN) * (when - self.first).days / span, 3)

    def ticks(self) -> Iterator[tuple[float, str, int]]:
        """Yield years, or quarters where there are few years."""
        years = range(self.first.year, self.last.year + 1)
        months = (1, 4, 7, 10) if len(years) <= _MOST_TICKS // 4 else (1,)
        every = max(1, -(-len(years) // _MOST_TICKS))
        for year in years[::every]:
            for month in months:
                when = datetime.date(year, month, 1)
                if self.first <= when <= self.last:
                    yield self.place(when), str(year) if month == 1 else "", month // 3 + 1


def _mark(scale: _Scale, first: datetime.date, last: datetime.date, row: tuple[Cell, ...], note: int | None) -> Mark:
    thing = next((cell for cell in row if cell.iri), row[0])
    when = first.isoformat() if first == last else f"{first.isoformat()} to {last.isoformat()}"
    return Mark(
        scale.place(first),
        scale.place(last),
        f"{thing.text} ({when})",
        thing.iri,
        row[note].text if note is not None else "",
    )

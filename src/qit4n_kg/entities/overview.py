"""What the home page says: figures, charts and lists, each from a query file under `queries/site`; no HTTP.

One overview is read for a generation and kept, so its queries may pass over the graph once; each bounds what it counts or lists.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qit4n_kg.entities.panels import Panel, Table, fill, read_panel, read_panels

if TYPE_CHECKING:
    from pathlib import Path

    from qit4n_kg.entities.labels import LabelReader
    from qit4n_kg.store.base import Store

COUNTED = 100_000
"""Where the figures' queries stop counting."""


@dataclass(frozen=True)
class Figure:
    """How many there are of something; "more than" where `is_counted` is False."""

    panel: Panel
    count: int
    is_counted: bool


@dataclass(frozen=True)
class Overview:
    """What is in the graph, at a glance."""

    groups: Table
    figures: tuple[Figure, ...]
    charts: tuple[Table, ...]
    lists: tuple[Table, ...]

    @property
    def is_empty(self) -> bool:
        """Whether the graph has none of the things that the page would show."""
        return not any(figure.count for figure in self.figures) and not any(one.rows for one in self.lists)


def read_overview(store: Store, labels: LabelReader, folder: Path) -> Overview:
    """Run the query files of `queries/site`; charts and lists without a row are left out."""

    def tables(name: str) -> tuple[Table, ...]:
        filled = (fill(store, labels, panel) for panel in read_panels(folder / name))
        return tuple(table for table in filled if table.rows)

    return Overview(
        groups=fill(store, labels, read_panel(folder / "groups.rq")),
        figures=tuple(_figure(store, labels, panel) for panel in read_panels(folder / "figures")),
        charts=tables("charts"),
        lists=tables("lists"),
    )


def _figure(store: Store, labels: LabelReader, panel: Panel) -> Figure:
    count = int(fill(store, labels, panel).rows[0][0].text)
    return Figure(panel, min(count, COUNTED), count <= COUNTED)

"""What pages read of one generation, made once and kept until another generation is current."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, cast

from flask import current_app

from qit4n_kg.constraints import Constraints
from qit4n_kg.entities.names import NameIndex
from qit4n_kg.entities.overview import Overview, read_overview
from qit4n_kg.entities.panels import Panel, Table, fill, panels_for, read_panel, read_panels
from qit4n_kg.entities.reader import EntityReader
from qit4n_kg.vocabulary import Vocabulary
from qit4n_kg.web.context import knowledge_graph, snapshot

if TYPE_CHECKING:
    from pathlib import Path

    from qit4n_kg.config import Settings
    from qit4n_kg.entities.view import EntityView
    from qit4n_kg.graph import Snapshot
    from qit4n_kg.queries import Catalogue

_EXTENSION = "readings"


@dataclass
class Reading:
    """Readers over one immutable generation; what costs a pass over the graph is made when it is first needed."""

    snapshot: Snapshot
    settings: Settings
    catalogue: Catalogue

    @property
    def _queries(self) -> Path:
        return self.settings.sources / "queries"

    @cached_property
    def entities(self) -> EntityReader:
        """The reader of entity views."""
        return EntityReader(self.snapshot.store, self._queries / "entity", base=self.settings.base_iri)

    @cached_property
    def panels(self) -> tuple[Panel, ...]:
        """Every panel that an entity's page may show."""
        return read_panels(self._queries / "entity" / "panels")

    @cached_property
    def statements(self) -> dict[str, Panel]:
        """The query texts that links of an entity's page lead to: `passage`, `outgoing`, `incoming`."""
        return {
            name: read_panel(self._queries / "entity" / f"{name}.rq") for name in ("passage", "outgoing", "incoming")
        } | {name: read_panel(self._queries / "site" / f"{name}.rq") for name in ("sample", "graphs")}

    @cached_property
    def overview(self) -> Overview:
        """What the home page shows."""
        return read_overview(self.snapshot.store, self.entities.labels, self._queries / "site")

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The merged ontology."""
        return Vocabulary(self.snapshot.store, self.settings.graph_base)

    @cached_property
    def constraints(self) -> Constraints:
        """The shapes, in words."""
        return Constraints(self.settings.sources / "shapes")

    @cached_property
    def names(self) -> NameIndex:
        """The index for "did you mean"."""
        return NameIndex(self.snapshot.store, self.settings.id_base)

    def tables(self, view: EntityView) -> list[Table]:
        """Fill the panels that are about one of the entity's classes; empty ones are left out."""
        chosen = panels_for(self.panels, view.all_types)
        tables = (fill(self.snapshot.store, self.entities.labels, panel, view.iri) for panel in chosen)
        return [table for table in tables if table.rows]


def reading() -> Reading:
    """Return the readers for the generation that answers this request."""
    now = snapshot()
    kept = cast("Reading | None", current_app.extensions.get(_EXTENSION))
    if kept is None or kept.snapshot is not now:
        kept = Reading(now, knowledge_graph().settings, knowledge_graph().catalogue)
        current_app.extensions[_EXTENSION] = kept
    return kept

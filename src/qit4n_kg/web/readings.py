"""What pages read of one generation, made once and kept until another generation is current.

What does not depend on a language is kept once (`Common`), the rest for each order of the languages that the graph's labels are in.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, cast

from flask import current_app, g

from qit4n_kg.constraints import Constraints
from qit4n_kg.entities.labels import LabelReader
from qit4n_kg.entities.names import NameIndex
from qit4n_kg.entities.overview import Overview, read_overview
from qit4n_kg.entities.panels import Panel, Table, fill, panels_for, read_panel, read_panels
from qit4n_kg.entities.reader import EntityReader
from qit4n_kg.search.index import FOLDER
from qit4n_kg.search.lists import Lists
from qit4n_kg.vocabulary import Vocabulary
from qit4n_kg.web import languages, links
from qit4n_kg.web.context import knowledge_graph, snapshot
from qit4n_kg.web.rendering import renderings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from qit4n_kg.config import Settings
    from qit4n_kg.entities.view import EntityView
    from qit4n_kg.graph import Snapshot
    from qit4n_kg.queries import Catalogue
    from qit4n_kg.store.base import Term

_EXTENSION = "readings"
_ORDERS = 8
_GENERATIONS = 3
_lock = threading.Lock()


@dataclass
class Common:
    """What is the same in every language; what costs a pass over the graph is made when it is first needed."""

    snapshot: Snapshot
    settings: Settings
    catalogue: Catalogue
    readings: OrderedDict[tuple[str, ...], Reading] = field(default_factory=OrderedDict)
    lock: threading.RLock = field(default_factory=threading.RLock)
    """Held while something is made, so that many requests at once don't make it many times."""

    @property
    def queries(self) -> Path:
        """The folder of query files."""
        return self.settings.sources / "queries"

    @cached_property
    def languages(self) -> frozenset[str]:
        """The languages that labels are in, as far as a bounded look finds them."""
        table = fill(
            self.snapshot.store, LabelReader(self.snapshot.store), read_panel(self.queries / "site" / "languages.rq")
        )
        return frozenset(row[0].text for row in table.rows if row and row[0].text)

    @cached_property
    def lists(self) -> Lists:
        """The lists of the generation.

        :raises SearchMissingError: it was built without them.
        """
        return Lists(self.snapshot.generation.path / FOLDER, self.queries)

    @cached_property
    def panels(self) -> tuple[Panel, ...]:
        """Every panel that an entity's page may show."""
        return read_panels(self.queries / "entity" / "panels")

    @cached_property
    def statements(self) -> dict[str, Panel]:
        """The query texts that links of an entity's page lead to: `passage`, `outgoing`, `incoming`."""
        return {
            name: read_panel(self.queries / "entity" / f"{name}.rq") for name in ("passage", "outgoing", "incoming")
        } | {name: read_panel(self.queries / "site" / f"{name}.rq") for name in ("sample", "graphs")}

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

    def read_in(self, wanted: Sequence[str]) -> Reading:
        """Return the readers that prefer these languages; a few orders of languages are kept."""
        is_plain = tuple(wanted) == (languages.SOURCE,)
        order = (languages.SOURCE,) if is_plain else languages.narrow(wanted, self.languages | languages.tags())
        with self.lock:
            found = self.readings.setdefault(order, Reading(self, order))
            self.readings.move_to_end(order)
            while len(self.readings) > _ORDERS:
                self.readings.popitem(last=False)
        return found

    def target(self, iri: str) -> links.Target | None:
        """Return where an IRI leads from a page, or None."""
        return self._target(iri)

    @cached_property
    def _target(self) -> Callable[[str], links.Target | None]:
        settings = self.settings  # no cycle, which would keep the store open
        return lru_cache(16_384)(lambda iri: links.target(iri, settings))


@dataclass
class Reading:
    """Readers over one immutable generation that prefer labels in some languages, the best first."""

    common: Common
    languages: tuple[str, ...]

    @property
    def snapshot(self) -> Snapshot:
        """The generation that is read."""
        return self.common.snapshot

    @property
    def settings(self) -> Settings:
        """The settings of the server."""
        return self.common.settings

    @property
    def catalogue(self) -> Catalogue:
        """The public queries."""
        return self.common.catalogue

    @property
    def panels(self) -> tuple[Panel, ...]:
        """See `Common`."""
        return self.common.panels

    @property
    def statements(self) -> dict[str, Panel]:
        """See `Common`."""
        return self.common.statements

    @property
    def vocabulary(self) -> Vocabulary:
        """See `Common`."""
        return self.common.vocabulary

    @property
    def constraints(self) -> Constraints:
        """See `Common`."""
        return self.common.constraints

    @property
    def names(self) -> NameIndex:
        """See `Common`."""
        return self.common.names

    @cached_property
    def entities(self) -> EntityReader:
        """The reader of entity views."""
        return EntityReader(
            self.snapshot.store,
            self.common.queries / "entity",
            base=self.settings.base_iri,
            languages=self.languages,
            rendered=renderings(self.snapshot.store, self.languages[0]),
        )

    @cached_property
    def overview(self) -> Overview:
        """What the home page shows."""
        return read_overview(self.snapshot.store, self.entities.labels, self.common.queries / "site")

    @cached_property
    def documents(self) -> Table:
        """The documents that the facts come from."""
        return fill(
            self.snapshot.store, self.entities.labels, read_panel(self.common.queries / "site" / "documents.rq")
        )

    def tables(self, view: EntityView) -> list[Table]:
        """Fill the panels that are about one of the entity's classes; empty ones that say nothing of it are left out."""
        chosen = panels_for(self.panels, view.all_types)
        tables = (fill(self.snapshot.store, self.entities.labels, panel, view.iri) for panel in chosen)
        return [table for table in tables if table.rows or table.panel.empty]


def reading(wanted: Sequence[str] | None = None) -> Reading:
    """Return the readers for the generation that answers this request, in the languages that it prefers unless told."""
    now = snapshot()
    known: Reading | None = g.get("reading")
    if wanted is None and known is not None and known.snapshot is now:
        return known
    found = _common(now).read_in(languages.preferred() if wanted is None else wanted)
    if wanted is None:
        g.reading = found
    return found


def text_of(term: Term) -> str:
    """Return what to show for any term; for templates, which must not hold a reader (`context.let_go`)."""
    return reading().entities.labels.text(term)


def _common(now: Snapshot) -> Common:
    """Return what is kept for a generation: the current one, and those that a request pinned or looked back to."""
    kept = cast("OrderedDict[int, Common]", current_app.extensions.setdefault(_EXTENSION, OrderedDict()))
    found = kept.get(now.generation.number)
    if found is None or found.snapshot is not now:
        with _lock:
            found = kept.get(now.generation.number)
            if found is None or found.snapshot is not now:
                found = Common(now, knowledge_graph().settings, knowledge_graph().catalogue)
                kept[now.generation.number] = found
                while len(kept) > _GENERATIONS:
                    kept.popitem(last=False)[1].readings.clear()  # they refer to it
    return found

"""Where a statement comes from: a named graph read as a passage of a document, reference data, a rule, …; no HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from itertools import islice
from typing import TYPE_CHECKING

from pyoxigraph import Literal, NamedNode

from qit4n_kg.entities.kept import Kept
from qit4n_kg.namespaces import DCTERMS, RDF, RDFS, STDORG

if TYPE_CHECKING:
    from qit4n_kg.entities.labels import LabelReader, Reference
    from qit4n_kg.store.base import Store, Term

_MOST = 50


class SourceKind(Enum):
    """What sort of graph a statement stands in; the value is what a reader sees."""

    PASSAGE = "passage"
    OVERRULED = "overruled passage"
    CONTRIBUTION = "contribution"
    REFERENCE = "reference data"
    ONTOLOGY = "ontology"
    ENTAILED = "follows by a rule"
    OTHER = "graph"

    @property
    def is_entailed(self) -> bool:
        """Whether no one stated it."""
        return self is SourceKind.ENTAILED


# The first class of these that a graph has says what it is.
_KINDS = (
    (f"{STDORG}OverruledGraph", SourceKind.OVERRULED),
    (f"{STDORG}SourcePassage", SourceKind.PASSAGE),
    (f"{STDORG}ContributionGraph", SourceKind.CONTRIBUTION),
    (f"{STDORG}EntailedGraph", SourceKind.ENTAILED),
    (f"{STDORG}OntologyGraph", SourceKind.ONTOLOGY),
    (f"{STDORG}ReferenceGraph", SourceKind.REFERENCE),
)


@dataclass(frozen=True)
class Passage:
    """A named graph and what it says of itself; several rows or columns are one text, with semicolons."""

    graph: str
    kind: SourceKind
    label: str
    document: Reference | None = None
    section: str | None = None
    table: str | None = None
    row: str | None = None
    column: str | None = None
    rule: str | None = None
    is_in_force: bool = True


class PassageReader:
    """Reads passages from an immutable store, so it may remember them."""

    def __init__(self, store: Store, labels: LabelReader) -> None:
        self._store = store
        self._labels = labels
        self._kept: Kept[Passage] = Kept(8192)

    def passage(self, graph: str) -> Passage:
        """Return what a named graph is."""
        return self._kept.get(graph, self._read)

    def _read(self, graph: str) -> Passage:
        """Read in every graph: an overruled one describes itself in itself, which is not in force."""
        node = NamedNode(graph)
        about: dict[str, list[Term]] = {}
        for quad in islice(self._store.quads(node, None, None, None), _MOST):
            about.setdefault(quad.predicate.value, []).append(quad.object)

        def text(predicate: str) -> str | None:
            return next((term.value for term in about.get(predicate, ()) if isinstance(term, Literal)), None)

        def texts(predicate: str) -> str | None:
            return "; ".join(sorted({t.value for t in about.get(predicate, ()) if isinstance(t, Literal)})) or None

        types = {term.value for term in about.get(f"{RDF}type", ()) if isinstance(term, NamedNode)}
        kind = next((kind for iri, kind in _KINDS if iri in types), SourceKind.OTHER)
        documents = [t.value for t in about.get(f"{DCTERMS}source", ()) if isinstance(t, NamedNode)]
        stated = text(f"{STDORG}inForce")
        return Passage(
            graph=graph,
            kind=kind,
            label=text(f"{RDFS}label") or self._labels.label(graph),
            document=self._labels.reference(documents[0]) if documents else None,
            section=text(f"{STDORG}section"),
            table=text(f"{STDORG}table"),
            row=texts(f"{STDORG}row"),
            column=texts(f"{STDORG}column"),
            rule=text(f"{STDORG}rule"),
            is_in_force=stated not in ("false", "0") if stated is not None else kind is not SourceKind.OVERRULED,
        )

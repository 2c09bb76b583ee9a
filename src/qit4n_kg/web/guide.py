"""What the ontology's page shows of modules and terms: diagram, constraints, an example of the data, queries that use it; no HTTP.

A term's example is the first of its statements, by name, among those that the store finds first; so reading all the examples costs
the same however much there is.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from pyoxigraph import DefaultGraph, NamedNode

from qit4n_kg.entities.labels import natural_key
from qit4n_kg.namespaces import OWL, RDF, RDFS, compact
from qit4n_kg.sparql import names_in
from qit4n_kg.web import diagrams

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyoxigraph import Quad

    from qit4n_kg.constraints import Constraint
    from qit4n_kg.queries import CatalogueQuery
    from qit4n_kg.store.base import Term
    from qit4n_kg.vocabulary import Header, Module, OntologyTerm, Scheme
    from qit4n_kg.web.readings import Reading

COUNTED = 10_000
"""Where counting the statements of a term stops."""
_LOOKED_AT = 100
_QUERIES = 3
_DISJOINT = (f"{OWL}disjointWith", f"{OWL}propertyDisjointWith")


@dataclass(frozen=True)
class Part:
    """A subject or object of an example, as it is shown: `iri` is empty for a literal."""

    text: str
    iri: str = ""


@dataclass(frozen=True)
class Example:
    """A real statement, and how many of its kind there are; `value` is None for an instance of a class."""

    subject: Part
    value: Part | None
    count: int

    @property
    def is_counted(self) -> bool:
        """Whether `count` is all of them."""
        return self.count <= COUNTED


@dataclass(frozen=True)
class TermPage:
    """A term and all that is shown of it."""

    term: OntologyTerm
    constraints: tuple[Constraint, ...]
    example: Example | None
    queries: tuple[CatalogueQuery, ...]
    more_queries: int


@dataclass(frozen=True)
class ModulePage:
    """A module: its diagram and, in words, what the diagram shows."""

    module: Module
    terms: tuple[TermPage, ...]
    diagram: diagrams.Diagram | None
    statements: tuple[tuple[str, str, str], ...]
    disjoint: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Guide:
    """The whole page; `anchors` leads from the prefixed names of the terms that have a place on it to that place."""

    header: Header
    modules: tuple[ModulePage, ...]
    schemes: tuple[Scheme, ...]
    terms: tuple[OntologyTerm, ...]
    anchors: dict[str, str]


def read_guide(now: Reading) -> Guide:
    """Read everything once for a generation."""
    vocabulary = now.vocabulary
    uses = _uses(now)
    modules = tuple(_module_page(now, module, uses) for module in vocabulary.modules)
    anchors = {compact(term.iri): term.name for term in vocabulary.terms}
    return Guide(vocabulary.header, modules, vocabulary.schemes, vocabulary.terms, anchors)


def _uses(now: Reading) -> dict[str, list[CatalogueQuery]]:
    """Return the catalogue's queries by the terms that they name, those that name fewest first."""
    found: dict[str, list[tuple[int, str, CatalogueQuery]]] = defaultdict(list)
    for query in now.catalogue:
        names = names_in(query.text)
        for name in names:
            found[name].append((len(names), query.id, query))
    return {name: [query for *_, query in sorted(uses, key=lambda use: use[:2])] for name, uses in found.items()}


def _module_page(now: Reading, module: Module, uses: dict[str, list[CatalogueQuery]]) -> ModulePage:
    edges = diagrams.merged(_edges(module))
    return ModulePage(
        module=module,
        terms=tuple(_term_page(now, term, uses.get(term.iri, [])) for term in module.terms),
        diagram=diagrams.draw(edges, [compact(term.iri) for term in module.classes]),
        statements=tuple(
            (edge.source, label, edge.target) for edge in edges for label in edge.labels or ("is a kind of",)
        ),
        disjoint=_disjoint(module),
    )


def _edges(module: Module) -> Iterable[diagrams.Edge]:
    """Yield the subclass axioms that the module states, and its object properties."""
    for triple in module.axioms:
        subject, value = triple.subject, triple.object
        if triple.predicate.value != f"{RDFS}subClassOf":
            continue
        if isinstance(subject, NamedNode) and isinstance(value, NamedNode):
            yield diagrams.Edge(compact(subject.value), compact(value.value))
    for term in module.properties:
        for domain in term.domain if term.kind == "Object property" else ():
            for target in term.range:
                yield diagrams.Edge(compact(domain.iri), compact(target.iri), (compact(term.iri),))


def _disjoint(module: Module) -> tuple[tuple[str, tuple[str, ...]], ...]:
    found: dict[str, list[str]] = defaultdict(list)
    for triple in module.axioms:
        subject, other = triple.subject, triple.object
        if isinstance(subject, NamedNode) and isinstance(other, NamedNode) and triple.predicate.value in _DISJOINT:
            found[subject.value].append(other.value)
    return tuple((iri, tuple(sorted(others))) for iri, others in sorted(found.items()))


def _term_page(now: Reading, term: OntologyTerm, queries: list[CatalogueQuery]) -> TermPage:
    shapes = now.constraints
    constraints = (shapes.by_class if term.is_class else shapes.by_property).get(term.iri, [])
    return TermPage(
        term, tuple(constraints), _example(now, term), tuple(queries[:_QUERIES]), max(0, len(queries) - _QUERIES)
    )


def _example(now: Reading, term: OntologyTerm) -> Example | None:
    """Return one statement of those in force, by preference of a thing that has a page."""
    store, node = now.snapshot.store, NamedNode(term.iri)
    default, kind = DefaultGraph(), NamedNode(f"{RDF}type")
    quads = store.quads(None, kind, node, default) if term.is_class else store.quads(None, node, None, default)
    first = list(islice(quads, _LOOKED_AT))
    if not first:
        return None
    count = len(first) + sum(1 for _ in islice(quads, COUNTED + 1 - len(first)))
    best = min(first, key=lambda quad: _preference(quad, now.settings.id_base))
    value = None if term.is_class else _part(now, best.object)
    return Example(_part(now, best.subject), value, count)


def _preference(quad: Quad, base: str) -> tuple[bool, object, str]:
    subject = quad.subject.value if isinstance(quad.subject, NamedNode) else ""
    return (not subject.startswith(base), natural_key(subject), str(quad.object))


def _part(now: Reading, term: Term) -> Part:
    text = now.entities.labels.text(term)
    return Part(text, term.value if isinstance(term, NamedNode) else "")

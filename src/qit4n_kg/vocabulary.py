"""The ontology as one: its modules merged, written in any RDF format, and read as modules, terms and concept schemes; no HTTP."""

from __future__ import annotations

import io
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import pyoxigraph
from pyoxigraph import BlankNode, DefaultGraph, Literal, NamedNode

from qit4n_kg.entities.labels import Reference, local_name, natural_key
from qit4n_kg.formats import Format, RdfFormat
from qit4n_kg.namespaces import DCTERMS, OWL, PREFIXES, RDF, RDFS, SCHEMA, SKOS, STDORG, VS, compact
from qit4n_kg.store.writing import serialise

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pyoxigraph import Triple

    from qit4n_kg.store.base import Store, Term

ONTOLOGY_FORMATS: tuple[Format, ...] = (
    RdfFormat.TURTLE.value,
    RdfFormat.RDF_XML.value,
    RdfFormat.JSON_LD.value,
    RdfFormat.N_TRIPLES.value,
)
"""What `Vocabulary.write` can write, the preferred one first."""

CONCEPTS = "concepts"
"""The part that is no module: the concept schemes of the data."""

_IMPORTS = f"{OWL}imports"
_CLASSES = frozenset((f"{OWL}Class", f"{RDFS}Class"))
_KINDS = {
    f"{OWL}ObjectProperty": "Object property",
    f"{OWL}DatatypeProperty": "Datatype property",
    f"{OWL}AnnotationProperty": "Annotation property",
    f"{RDF}Property": "Property",
}
_ABOVE = (f"{RDFS}subClassOf", f"{RDFS}subPropertyOf", f"{OWL}equivalentClass", f"{OWL}equivalentProperty")
_FLAGS = {f"{OWL}TransitiveProperty": "transitive", f"{OWL}SymmetricProperty": "symmetric"}
_RDF = {form.value: form for form in RdfFormat}

References = tuple[Reference, ...]


@dataclass(frozen=True)
class OntologyTerm:
    """A class or property that the ontology defines; `kind` says which, in words.

    `above` and `below` are its own terms, `alignment` those of other vocabularies that it implies. A class has `properties` and is
    the value of `values_of`; a property has `domain` and `range`.
    """

    iri: str
    name: str
    label: str
    definition: str
    note: str
    is_class: bool
    above: References
    domain: References
    range: References
    kind: str = ""
    module: str = ""
    status: str = ""
    is_deprecated: bool = False
    examples: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    alignment: References = ()
    below: References = ()
    inverse: References = ()
    chains: tuple[References, ...] = ()
    disjoint: References = ()
    properties: References = ()
    values_of: References = ()
    replaced_by: References = ()


@dataclass(frozen=True)
class Module:
    """A file of the ontology: its terms in the order of their names, and what it says of terms of any module."""

    name: str
    label: str
    description: str
    terms: tuple[OntologyTerm, ...]
    axioms: tuple[Triple, ...] = field(repr=False)

    @property
    def classes(self) -> tuple[OntologyTerm, ...]:
        """Its classes."""
        return tuple(term for term in self.terms if term.is_class)

    @property
    def properties(self) -> tuple[OntologyTerm, ...]:
        """Its properties."""
        return tuple(term for term in self.terms if not term.is_class)


@dataclass(frozen=True)
class Header:
    """What the ontology says of itself."""

    iri: str
    title: str
    description: str
    version: str
    version_iri: str
    license: str
    creators: tuple[str, ...]


@dataclass(frozen=True)
class Scheme:
    """A concept scheme of the data: pairs of a concept and its definition."""

    iri: str
    label: str
    definition: str
    concepts: tuple[tuple[Reference, str, str], ...]


class Vocabulary:
    """The merged ontology of one immutable generation."""

    def __init__(self, store: Store, graph_base: str) -> None:
        start = f"{graph_base}ontology/"
        graphs = [graph for graph in store.graphs() if isinstance(graph, NamedNode) and graph.value.startswith(start)]
        self._store = store
        self._graphs = {
            graph.value.removeprefix(start): frozenset(q.triple for q in store.quads(None, None, None, graph))
            for graph in sorted(graphs, key=lambda graph: graph.value)
        }
        # What is merged needs no import of its parts, whose addresses a reader would have to be able to open.
        merged = (triple for triple in frozenset().union(*self._graphs.values()) if triple.predicate.value != _IMPORTS)
        self.triples: tuple[Triple, ...] = tuple(_canonical(merged))

    @cached_property
    def _index(self) -> dict[str, dict[str, list[Term]]]:
        index: dict[str, dict[str, list[Term]]] = {}
        for triple in self.triples:
            subject = triple.subject
            if not isinstance(subject, NamedNode | BlankNode):
                continue
            key = subject.value if isinstance(subject, NamedNode) else str(subject)
            index.setdefault(key, {}).setdefault(triple.predicate.value, []).append(triple.object)
        return index

    @cached_property
    def _backwards(self) -> dict[str, dict[str, list[str]]]:
        """For each IRI and predicate, the subjects that point to it."""
        found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for triple in self.triples:
            if isinstance(triple.object, NamedNode) and isinstance(triple.subject, NamedNode):
                found[triple.object.value][triple.predicate.value].append(triple.subject.value)
        return found

    @cached_property
    def parts(self) -> tuple[str, ...]:
        """The names of what can be written by itself: the modules, and the concept schemes where there are any."""
        return (*self._graphs, *((CONCEPTS,) if self.schemes and CONCEPTS not in self._graphs else ()))

    def write(self, form: Format, part: str | None = None) -> bytes:
        """Serialise the merged modules, or one of `parts` as it is; the same ontology gives the same bytes.

        :raises KeyError: there is no such part.
        """
        if part is None:
            return _serialise(self.triples, form)
        if part == CONCEPTS and part not in self._graphs:
            return _serialise(_canonical(self._concept_triples()), form)
        return _serialise(_canonical(self._graphs[part]), form)

    def _concept_triples(self) -> Iterator[Triple]:
        for scheme in self.schemes:
            for iri in (scheme.iri, *(concept.iri for concept, _, _ in scheme.concepts)):
                for quad in self._store.quads(NamedNode(iri), None, None, DefaultGraph()):
                    yield quad.triple

    @cached_property
    def header(self) -> Header:
        """The ontology's own description; empty texts where it has none."""
        roots = [
            iri
            for iri, about in self._index.items()
            if NamedNode(f"{OWL}Ontology") in about.get(f"{RDF}type", ()) and f"{OWL}versionIRI" in about
        ]
        iri = min(roots, default=STDORG.rstrip("#"))
        about = self._index.get(iri, {})
        return Header(
            iri=iri,
            title=_text(about, f"{DCTERMS}title", f"{RDFS}label") or "Ontology",
            description=_text(about, f"{DCTERMS}description"),
            version=_text(about, f"{OWL}versionInfo"),
            version_iri=next(iter(_iris(about, f"{OWL}versionIRI")), ""),
            license=next(iter(_iris(about, f"{DCTERMS}license")), ""),
            creators=tuple(
                term.value for term in about.get(f"{DCTERMS}creator", ()) if isinstance(term, Literal | NamedNode)
            ),
        )

    @cached_property
    def terms(self) -> tuple[OntologyTerm, ...]:
        """The classes and properties that the ontology itself labels, by name."""
        homes = {
            triple.subject.value: name
            for name, triples in self._graphs.items()
            for triple in triples
            if triple.predicate.value == f"{RDF}type" and isinstance(triple.subject, NamedNode)
        }
        found = []
        for iri, about in self._index.items():
            kinds = set(_iris(about, f"{RDF}type"))
            if kinds & (_CLASSES | _KINDS.keys()) and about.get(f"{RDFS}label"):
                found.append(self._term(iri, about, kinds, homes.get(iri, "")))
        return tuple(sorted(found, key=lambda term: natural_key(term.name)))

    @cached_property
    def modules(self) -> tuple[Module, ...]:
        """The modules in the order of their labels, those without terms of their own last."""
        found = []
        for name, triples in self._graphs.items():
            heads = {t.subject for t in triples if t.object == NamedNode(f"{OWL}Ontology")}
            about = {t.predicate.value: [t.object] for t in sorted(triples, key=str) if t.subject in heads}
            terms = tuple(term for term in self.terms if term.module == name)
            if f"{OWL}versionIRI" not in about or terms:
                label, description = _text(about, f"{RDFS}label") or name, _text(about, f"{DCTERMS}description")
                found.append(Module(name, label, description, terms, tuple(_canonical(triples))))
        return tuple(sorted(found, key=lambda module: (not module.terms, natural_key(module.label))))

    @cached_property
    def schemes(self) -> tuple[Scheme, ...]:
        """The concept schemes in force, with their concepts."""
        default, in_scheme = DefaultGraph(), NamedNode(f"{SKOS}inScheme")
        kind = self._store.quads(None, NamedNode(f"{RDF}type"), NamedNode(f"{SKOS}ConceptScheme"), default)
        found = []
        for scheme in sorted({quad.subject.value for quad in kind if isinstance(quad.subject, NamedNode)}):
            about = self._about(scheme)
            concepts = []
            for quad in self._store.quads(None, in_scheme, NamedNode(scheme), default):
                if isinstance(quad.subject, NamedNode):
                    one = self._about(quad.subject.value)
                    reference = Reference(quad.subject.value, _label(one) or local_name(quad.subject.value))
                    concepts.append((reference, _text(one, f"{SKOS}notation"), _text(one, f"{SKOS}definition")))
            concepts.sort(key=lambda concept: natural_key(concept[0].label))
            name = _label(about) or local_name(scheme)
            found.append(Scheme(scheme, name, _text(about, f"{SKOS}definition"), tuple(concepts)))
        return tuple(sorted(found, key=lambda scheme: natural_key(scheme.label)))

    def _about(self, iri: str) -> dict[str, list[Term]]:
        about: dict[str, list[Term]] = {}
        for quad in self._store.quads(NamedNode(iri), None, None, DefaultGraph()):
            about.setdefault(quad.predicate.value, []).append(quad.object)
        return about

    def _term(self, iri: str, about: Mapping[str, list[Term]], kinds: set[str], module: str) -> OntologyTerm:
        is_class = bool(kinds & _CLASSES)
        back = self._backwards.get(iri, {})
        above = _iris(about, *_ABOVE)
        disjoint = (f"{OWL}disjointWith", f"{OWL}propertyDisjointWith")
        is_ours = [self._is_labelled(one) for one in above]
        return OntologyTerm(
            iri=iri,
            name=local_name(iri),
            label=_text(about, f"{RDFS}label"),
            definition=_text(about, f"{SKOS}definition", f"{RDFS}comment"),
            note=_text(about, f"{SKOS}scopeNote"),
            is_class=is_class,
            above=self._named(one for one, ours in zip(above, is_ours, strict=True) if ours),
            domain=self._named(_iris(about, f"{RDFS}domain", f"{SCHEMA}domainIncludes")),
            range=self._named(_iris(about, f"{RDFS}range", f"{SCHEMA}rangeIncludes")),
            kind="Class" if is_class else next((name for kind, name in _KINDS.items() if kind in kinds), "Property"),
            module=module,
            status=_text(about, f"{VS}term_status"),
            is_deprecated=_text(about, f"{OWL}deprecated") in ("true", "1"),
            examples=tuple(term.value for term in about.get(f"{SKOS}example", ()) if isinstance(term, Literal)),
            flags=tuple(word for kind, word in _FLAGS.items() if kind in kinds),
            alignment=self._named(one for one, ours in zip(above, is_ours, strict=True) if not ours),
            below=self._named(back.get(_ABOVE[0] if is_class else _ABOVE[1], ())),
            inverse=self._named([*_iris(about, f"{OWL}inverseOf"), *back.get(f"{OWL}inverseOf", ())]),
            chains=tuple(self._chain(head) for head in about.get(f"{OWL}propertyChainAxiom", ())),
            disjoint=self._named(one for p in disjoint for one in [*_iris(about, p), *back.get(p, ())]),
            properties=self._named([*back.get(f"{RDFS}domain", ()), *back.get(f"{SCHEMA}domainIncludes", ())]),
            values_of=self._named([*back.get(f"{RDFS}range", ()), *back.get(f"{SCHEMA}rangeIncludes", ())]),
            replaced_by=self._named(_iris(about, f"{DCTERMS}isReplacedBy")),
        )

    def _chain(self, head: Term) -> References:
        steps = []
        while (cell := self._index.get(str(head))) is not None:
            steps += [Reference(one, self._label(one)) for one in _iris(cell, f"{RDF}first")]
            head = cell[f"{RDF}rest"][0]
        return tuple(steps)

    def _named(self, iris: Iterable[str]) -> References:
        references = [Reference(one, self._label(one)) for one in sorted(set(iris))]
        return tuple(sorted(references, key=lambda one: natural_key(compact(one.iri))))

    def _is_labelled(self, iri: str) -> bool:
        return bool(self._index.get(iri, {}).get(f"{RDFS}label"))

    def _label(self, iri: str) -> str:
        return _text(self._index.get(iri, {}), f"{RDFS}label")


def _serialise(triples: Iterable[Triple], form: Format) -> bytes:
    """Write triples; Turtle with nested lists, by rdflib."""
    triples = list(triples)
    if form != RdfFormat.TURTLE.value:
        used = {name: iri for name, iri in PREFIXES.items() if any(iri in str(triple) for triple in triples)}
        output = io.BytesIO()
        serialise(triples, output, _RDF[form], used)
        return output.getvalue()
    import rdflib  # noqa: PLC0415  (a server's start must not wait 0.1 s for what one address needs)

    graph = rdflib.Graph(bind_namespaces="none")
    for name, iri in PREFIXES.items():
        graph.bind(name, iri)
    graph.parse(data=pyoxigraph.serialize(triples, format=pyoxigraph.RdfFormat.N_TRIPLES) or b"", format="nt")
    return graph.serialize(format="turtle", encoding="utf-8")


def _text(about: Mapping[str, list[Term]], *predicates: str) -> str:
    return next((t.value for p in predicates for t in about.get(p, ()) if isinstance(t, Literal)), "")


def _label(about: Mapping[str, list[Term]]) -> str:
    return _text(about, f"{SKOS}prefLabel", f"{RDFS}label")


def _iris(about: Mapping[str, list[Term]], *predicates: str) -> list[str]:
    return sorted({t.value for p in predicates for t in about.get(p, ()) if isinstance(t, NamedNode)})


def _canonical(triples: Iterable[Triple]) -> list[Triple]:
    """Sort, with blank nodes named by RDFC-1.0, so that the order does not depend on how a file was parsed."""
    triples = list(triples)
    dataset = pyoxigraph.Dataset(pyoxigraph.Quad(*triple) for triple in triples)
    if any(isinstance(term, BlankNode) for triple in triples for term in triple):
        dataset.canonicalize(pyoxigraph.CanonicalizationAlgorithm.RDFC_1_0)
    return sorted((quad.triple for quad in dataset), key=str)

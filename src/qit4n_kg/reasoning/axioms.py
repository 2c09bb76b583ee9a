"""OWL axioms: reads those of the ontology graphs as values, from which `reasoner` makes rules; evaluates nothing.

An axiom is one of three kinds: one that entails triples of instances (`KINDS`), one that only makes data inconsistent and is left
to `checking`, or one that is not supported, and then the build stops rather than silently entail less than the ontology says.
Specs: OWL 2 RL in RDF (OWL 2 Profiles, section 4.3), OWL 2 Mapping to RDF Graphs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyoxigraph import NamedNode

from qit4n_kg.errors import UnsupportedAxiomError
from qit4n_kg.namespaces import OWL, RDF, RDFS, XSD, compact

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pyoxigraph import Quad

_TYPE = NamedNode(RDF + "type")
_FIRST, _REST, _NIL = (NamedNode(RDF + name) for name in ("first", "rest", "nil"))
_CHAIN = NamedNode(OWL + "propertyChainAxiom")

_BINARY = {
    NamedNode(RDFS + "subClassOf"): ("sub-class-of", "class", "superclass"),
    NamedNode(RDFS + "subPropertyOf"): ("sub-property-of", "property", "superproperty"),
    NamedNode(RDFS + "domain"): ("domain", "property", "class"),
    NamedNode(RDFS + "range"): ("range", "property", "class"),
    NamedNode(OWL + "inverseOf"): ("inverse-of", "property", "inverse"),
    NamedNode(OWL + "equivalentClass"): ("equivalent-class", "class", "other"),
    NamedNode(OWL + "equivalentProperty"): ("equivalent-property", "property", "other"),
}
"""Predicate of an axiom between two terms → kind and the names of the two terms in its template."""

_UNARY = {
    NamedNode(OWL + "TransitiveProperty"): "transitive-property",
    NamedNode(OWL + "SymmetricProperty"): "symmetric-property",
}

_CHAIN_LENGTHS = (2, 3, 4)
_SYMMETRIC = ("inverse-of", "equivalent-class", "equivalent-property")

KINDS = (
    *(kind for kind, _, _ in _BINARY.values()),
    *_UNARY.values(),
    *(f"property-chain-{length}" for length in _CHAIN_LENGTHS),
)
"""Every kind of axiom that becomes a rule; `queries/axioms/{kind}.rq` is its template."""

_DECLARATIONS = {
    *(
        NamedNode(OWL + name)
        for name in (
            "AnnotationProperty",
            "Axiom",
            "Class",
            "DatatypeProperty",
            "DeprecatedClass",
            "DeprecatedProperty",
            "NamedIndividual",
            "ObjectProperty",
            "Ontology",
            "OntologyProperty",
        )
    ),
    *(NamedNode(RDFS + name) for name in ("Class", "Datatype")),
    NamedNode(RDF + "Property"),
}

_ONLY_CONSISTENCY = {
    NamedNode(OWL + name)
    for name in (
        "AllDifferent",
        "AllDisjointClasses",
        "AllDisjointProperties",
        "AsymmetricProperty",
        "IrreflexiveProperty",
        "complementOf",
        "differentFrom",
        "disjointWith",
        "distinctMembers",
        "members",
        "propertyDisjointWith",
    )
}
"""Axioms from which OWL 2 RL concludes nothing but a contradiction."""

_ANNOTATIONS = {
    NamedNode(OWL + name)
    for name in (
        "annotatedProperty",
        "annotatedSource",
        "annotatedTarget",
        "backwardCompatibleWith",
        "deprecated",
        "imports",
        "incompatibleWith",
        "priorVersion",
        "versionIRI",
        "versionInfo",
    )
}

_TRIVIAL = {
    *(NamedNode(OWL + name) for name in ("Thing", "Nothing", "topObjectProperty", "topDataProperty")),
    *(NamedNode(RDFS + name) for name in ("Resource", "Literal")),
    NamedNode(RDF + "langString"),
}
"""What everything is, or no resource can be: a rule for it would only make noise."""


@dataclass(frozen=True)
class Axiom:
    """One axiom: `terms` are the variables of its kind's template with their values, the rest is the axiom as a triple.

    `target` is None where the axiom's object is a list.
    """

    kind: str
    terms: tuple[tuple[str, NamedNode], ...]
    source: NamedNode
    predicate: NamedNode
    target: NamedNode | None


def read_axioms(ontology: Iterable[Quad]) -> tuple[Axiom, ...]:
    """Read the axioms that become rules, each once, sorted by kind and terms.

    :raises UnsupportedAxiomError: an axiom that entails something which no template does.

    >>> from pyoxigraph import DefaultGraph, Quad
    >>> (axiom,) = read_axioms([Quad(NamedNode("urn:A"), NamedNode(RDFS + "subClassOf"), NamedNode("urn:B"), DefaultGraph())])
    >>> axiom.kind, [name for name, _ in axiom.terms]
    ('sub-class-of', ['class', 'superclass'])
    """
    quads = list(ontology)
    lists: dict[tuple[object, NamedNode], object] = {
        (quad.subject, quad.predicate): quad.object for quad in quads if quad.predicate in (_FIRST, _REST)
    }
    found: dict[tuple[object, ...], Axiom] = {}
    for axiom in sorted(filter(None, (_read(quad, lists) for quad in quads)), key=_sort_key):
        names = tuple(term for _, term in axiom.terms)
        key = frozenset(names) if axiom.kind in _SYMMETRIC else names
        found.setdefault((axiom.kind, key), axiom)
    return tuple(found.values())


def _read(quad: Quad, lists: Mapping[tuple[object, NamedNode], object]) -> Axiom | None:
    predicate, target = quad.predicate, quad.object
    if predicate == _TYPE:
        return _read_type(quad)
    if predicate in _BINARY:
        return _read_binary(quad)
    if predicate == _CHAIN:
        return _read_chain(quad, lists)
    known = predicate in _ONLY_CONSISTENCY or predicate in _ANNOTATIONS
    if predicate.value.startswith(OWL) and not known:
        raise _unsupported(quad.subject, f"{compact(predicate.value)} {_show(target)}")
    return None


def _read_type(quad: Quad) -> Axiom | None:
    kind = _UNARY.get(quad.object) if isinstance(quad.object, NamedNode) else None
    if kind is not None and isinstance(quad.subject, NamedNode) and isinstance(quad.object, NamedNode):
        return Axiom(kind, (("property", quad.subject),), quad.subject, _TYPE, quad.object)
    known = quad.object in _DECLARATIONS or quad.object in _ONLY_CONSISTENCY
    if isinstance(quad.object, NamedNode) and quad.object.value.startswith((OWL, RDFS)) and not known:
        raise _unsupported(quad.subject, f"a {compact(quad.object.value)}")
    return None


def _read_binary(quad: Quad) -> Axiom | None:
    kind, first, second = _BINARY[quad.predicate]
    source, target = quad.subject, quad.object
    if not isinstance(source, NamedNode) or not isinstance(target, NamedNode):
        raise _unsupported(source, f"{compact(quad.predicate.value)} {_show(target)}")
    if source == target or target in _TRIVIAL or (kind == "range" and target.value.startswith(XSD)):
        return None
    if target.value.startswith(OWL) or source.value.startswith(OWL):
        raise _unsupported(source, f"{compact(quad.predicate.value)} {_show(target)}")
    return Axiom(kind, ((first, source), (second, target)), source, quad.predicate, target)


def _read_chain(quad: Quad, lists: Mapping[tuple[object, NamedNode], object]) -> Axiom:
    links: list[NamedNode] = []
    node: object = quad.object
    while node != _NIL and len(links) <= max(_CHAIN_LENGTHS):
        link = lists.get((node, _FIRST))
        if not isinstance(link, NamedNode):
            raise _unsupported(quad.subject, "owl:propertyChainAxiom with a link that is not a named property")
        links.append(link)
        node = lists.get((node, _REST))
    if len(links) not in _CHAIN_LENGTHS or not isinstance(quad.subject, NamedNode):
        message = f"owl:propertyChainAxiom that has not {_CHAIN_LENGTHS[0]} to {_CHAIN_LENGTHS[-1]} links"
        raise _unsupported(quad.subject, message)
    terms = (("property", quad.subject), *((f"link{number}", link) for number, link in enumerate(links, start=1)))
    return Axiom(f"property-chain-{len(links)}", terms, quad.subject, _CHAIN, None)


def _sort_key(axiom: Axiom) -> tuple[str, ...]:
    return (axiom.kind, *(term.value for _, term in axiom.terms))


def _show(term: object) -> str:
    if isinstance(term, NamedNode):
        return compact(term.value)
    return "a list or a class expression"


def _unsupported(term: object, axiom: str) -> UnsupportedAxiomError:
    name = compact(term.value) if isinstance(term, NamedNode) else "A class expression"
    return UnsupportedAxiomError(
        f"{name} has the axiom `{axiom}`, for which there is no rule.",
        hint="Write the conclusion as a rule in queries/rules/, or leave the axiom out.",
    )

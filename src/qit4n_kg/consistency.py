"""Consistency: owlrl, the reference reasoner, as judge of the data and as oracle for our own entailments; publishes nothing.

owlrl takes about five seconds for ten thousand triples, so no build waits for it: `make check` asks it, and remembers the answer by
the content that was asked about. Spec: OWL 2 RL in RDF (OWL 2 Profiles, section 4.3; the rules that conclude `false`).
Known faults of owlrl 7.6: a single `owl:hasKey` makes all holders of the key the same, and `owl:AllDifferent` and
`owl:AllDisjointProperties` skip their last member. The ontology uses none of them.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from pyoxigraph import BlankNode, Literal, NamedNode, Quad, Triple

from qit4n_kg.namespaces import OWL, RDF, RDFS, SKOS, XSD

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import rdflib

_TYPE = NamedNode(RDF + "type")
_SAME = NamedNode(OWL + "sameAs")
_BUILT_IN = (OWL, RDF, RDFS, XSD)
_SILENT = frozenset(
    NamedNode(iri)
    for iri in (
        *(RDFS + name for name in ("comment", "isDefinedBy", "label", "seeAlso")),
        *(SKOS + name for name in ("altLabel", "definition", "editorialNote", "example", "note", "scopeNote")),
    )
)
"""Annotations: nothing follows from them, and without them owlrl has half as much to look at."""


def check_consistency(quads: Iterable[Quad], remembered: Path | None = None, *, anew: bool = False) -> list[str]:
    """Return what owlrl finds contradictory in the merge of quads (ontology and data), sorted; nothing when all is well.

    `remembered` is a file that keeps the last answer, so that the same quads are not asked about twice, unless `anew`.
    """
    triples = {quad.triple for quad in quads if quad.predicate not in _SILENT}
    key = _content_hash(triples)
    if remembered is not None and not anew and (known := _recall(remembered, key)) is not None:
        return known
    _, messages = _close(triples)
    if remembered is not None:
        remembered.parent.mkdir(parents=True, exist_ok=True)
        remembered.write_text(json.dumps({"content": key, "contradictions": messages}), encoding="utf-8")
    return messages


def compare_with_owlrl(
    asserted: Iterable[Triple], ontology: Iterable[Quad], entailed: Iterable[Triple]
) -> tuple[set[Triple], set[Triple]]:
    """Return the instance-level triples that owlrl concludes and `entailed` lacks, and those that only `entailed` has.

    Instance-level leaves out what says nothing of the data: statements about terms of the ontology, owl:sameAs of a thing with
    itself, and types from OWL's and RDFS's own vocabularies. What rules written by hand conclude belongs to `asserted`.
    """
    given = set(asserted)
    terms = {quad.triple for quad in ontology if quad.predicate not in _SILENT}
    ours = {triple for triple in entailed if triple not in given}
    closure, _ = _close(given | terms)
    things = {term for triple in given for term in (triple.subject, triple.object) if isinstance(term, NamedNode)}
    things -= {triple.subject for triple in terms} | {triple.predicate for triple in given}
    things -= {triple.object for triple in given if triple.predicate == _TYPE}
    theirs = {triple for triple in closure - given if triple.subject in things and _is_about_data(triple)}
    return theirs - ours, ours - theirs


def _is_about_data(triple: Triple) -> bool:
    if triple.predicate == _SAME:
        return triple.subject != triple.object
    is_built_in_type = (
        triple.predicate == _TYPE and isinstance(triple.object, NamedNode) and triple.object.value.startswith(_BUILT_IN)
    )
    return not is_built_in_type


def _content_hash(triples: Iterable[Triple]) -> str:
    """Hash triples; a blank node counts as one without a name, which is enough to notice a change of lists and restrictions."""
    lines = sorted(
        " ".join("_:" if isinstance(term, BlankNode) else str(term) for term in triple) for triple in triples
    )
    return "sha256:" + hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _recall(remembered: Path, key: str) -> list[str] | None:
    try:
        known = json.loads(remembered.read_text(encoding="utf-8"))
        return [str(message) for message in known["contradictions"]] if known["content"] == key else None
    except (OSError, ValueError, LookupError, TypeError):
        return None  # nothing is remembered, or not by this software: ask again


def _close(triples: Iterable[Triple]) -> tuple[set[Triple], list[str]]:
    """Let owlrl conclude; return all triples and its error messages, which it writes into the graph as well (left out here)."""
    # Here and not above: what is remembered is answered without owlrl and rdflib, which take 0.5 s to load.
    import rdflib  # noqa: PLC0415
    from owlrl.OWLRL import OWLRL_Semantics  # noqa: PLC0415

    graph = rdflib.Graph()
    for triple in triples:
        graph.add((_to_rdflib(triple.subject), _to_rdflib(triple.predicate), _to_rdflib(triple.object)))
    semantics = OWLRL_Semantics(graph, axioms=False, daxioms=False)
    semantics.closure()
    closed = set()
    for subject, predicate, obj in graph:
        if isinstance(subject, rdflib.URIRef) and isinstance(predicate, rdflib.URIRef):
            closed.add(Triple(NamedNode(str(subject)), NamedNode(str(predicate)), _from_rdflib(obj)))
    return closed, sorted(str(message) for message in semantics.error_messages)


def _to_rdflib(term: object) -> rdflib.URIRef | rdflib.BNode | rdflib.Literal:
    import rdflib  # noqa: PLC0415

    if isinstance(term, Literal):
        datatype = None if term.language else rdflib.URIRef(term.datatype.value)
        return rdflib.Literal(term.value, lang=term.language, datatype=datatype, normalize=False)
    assert isinstance(term, NamedNode | BlankNode)
    return rdflib.BNode(term.value) if isinstance(term, BlankNode) else rdflib.URIRef(term.value)


def _from_rdflib(term: rdflib.term.Node) -> NamedNode | BlankNode | Literal:
    import rdflib  # noqa: PLC0415

    if isinstance(term, rdflib.Literal):
        if term.language:
            return Literal(str(term), language=term.language)
        return Literal(str(term), datatype=NamedNode(str(term.datatype))) if term.datatype else Literal(str(term))
    return BlankNode(str(term)) if isinstance(term, rdflib.BNode) else NamedNode(str(term))

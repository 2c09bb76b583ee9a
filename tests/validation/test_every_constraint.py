"""Guards the gate on shapes that use all of SHACL Core, and SPARQL: random small graphs and changes, against the reference."""
# ruff: noqa: E501  (shapes and queries in their lines)

from __future__ import annotations

import os
from collections import Counter
from functools import lru_cache

import pytest
import rdflib
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode, RdfFormat, parse

from qit4n_kg.errors import SourceError
from qit4n_kg.reporting import from_rdflib, quiet_terms, to_rdflib
from qit4n_kg.validation.compiling import compile_shapes
from qit4n_kg.validation.judging import Engine
from qit4n_kg.validation.reference import run
from qit4n_kg.validation.views import Layered, MemoryView

X = "http://x/"
EXAMPLES = int(os.environ.get("QIT4N_CHANGES", "40"))
SHAPES = """
@prefix : <http://x/> . @prefix sh: <http://www.w3.org/ns/shacl#> . @prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
:closed a sh:NodeShape ; sh:targetClass :C ; sh:closed true ; sh:ignoredProperties ( rdf:type ) ; sh:property :cp , :cq .
:cp sh:path :p ; sh:maxCount 1 ; sh:class :D .
:cq sh:path :q ; sh:minCount 1 .
:inverse a sh:NodeShape ; sh:targetClass :D ; sh:property :ip .
:ip sh:path ( [ sh:inversePath :p ] :q ) ; sh:minCount 1 ; sh:node :named .
:named a sh:NodeShape ; sh:property :np . :np sh:path :r ; sh:maxCount 1 ; sh:nodeKind sh:IRIOrLiteral .
:star a sh:NodeShape ; sh:targetSubjectsOf :q ; sh:property :sp . :sp sh:path [ sh:zeroOrMorePath [ sh:alternativePath ( :p :q ) ] ] ;
   sh:not [ sh:hasValue :e ] .
:plus a sh:NodeShape ; sh:targetObjectsOf :r ; sh:property [ sh:path [ sh:oneOrMorePath :q ] ; sh:class :C ; sh:minCount 1 ] ,
   [ sh:path [ sh:zeroOrOnePath :p ] ; sh:maxCount 1 ] .
:logic a sh:NodeShape ; sh:targetNode :a , :b ; sh:xone ( [ sh:property [ sh:path :p ; sh:minCount 1 ] ] [ sh:class :C ] ) ;
   sh:or ( :named [ sh:property [ sh:path :q ; sh:maxCount 0 ] ] ) ; sh:and ( :named ) .
:pairs a sh:NodeShape ; sh:targetSubjectsOf :p ; sh:property [ sh:path :p ; sh:equals :r ] , [ sh:path :q ; sh:disjoint :p ] ,
   [ sh:path ( :p :n ) ; sh:lessThan :n ] .
:qualified a sh:NodeShape ; sh:targetClass :C ; sh:property :qa , :qb .
:qa sh:path :p ; sh:qualifiedValueShape [ sh:class :D ] ; sh:qualifiedMinCount 1 ; sh:qualifiedValueShapesDisjoint true .
:qb sh:path :p ; sh:qualifiedValueShape [ sh:property [ sh:path :q ; sh:minCount 1 ] ] ; sh:qualifiedMaxCount 1 ;
   sh:qualifiedValueShapesDisjoint true .
:E a sh:NodeShape , rdfs:Class ; sh:property [ sh:path :n ; sh:datatype xsd:integer ; sh:minInclusive 2 ; sh:in ( 1 2 3 ) ] .
:asked a sh:NodeShape ; sh:targetSubjectsOf :p ; sh:sparql [ sh:select "SELECT $this ?value WHERE { $this <http://x/p> ?value . FILTER NOT EXISTS { ?o <http://x/r> $this ; <http://x/q>/a <http://x/C> } }" ] ,
   [ sh:select "SELECT $this WHERE { $this (<http://x/p>|^<http://x/q>)+ $this }" ] ,
   [ sh:select "SELECT $this WHERE { ?other <http://x/q> ?third . OPTIONAL { $this <http://x/r> ?four } FILTER(bound(?four) && ?third = ?four) }" ] ;
   sh:property [ sh:path :q ; sh:sparql [ sh:select "SELECT $this ?value WHERE { $this $PATH ?value . ?value ?any $this }" ] ] .
"""


@lru_cache(maxsize=1)
def shapes() -> rdflib.Graph:
    return rdflib.Graph().parse(data=SHAPES, format="turtle")


@lru_cache(maxsize=1)
def engine() -> Engine:
    return Engine(compile_shapes(shapes()))


NODES = [NamedNode(X + name) for name in "abcde"]
NUMBERS = [Literal(n) for n in (1, 2, 3, 9)]
RDF_TYPE = NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
SUBCLASS = NamedNode("http://www.w3.org/2000/01/rdf-schema#subClassOf")
CLASSES = [NamedNode(X + name) for name in "CDEF"]
LINKS = st.tuples(st.sampled_from(NODES), st.sampled_from([NamedNode(X + p) for p in "pqr"]), st.sampled_from(NODES))
STATEMENTS = st.one_of(
    LINKS,
    LINKS,
    st.tuples(st.sampled_from(NODES), st.just(RDF_TYPE), st.sampled_from(CLASSES)),
    st.tuples(st.sampled_from(NODES), st.just(NamedNode(X + "n")), st.sampled_from(NUMBERS)),
    st.tuples(st.sampled_from(CLASSES), st.just(SUBCLASS), st.sampled_from(CLASSES)),
)


def identities(results) -> Counter:
    """A blank shape has a name of its own in each run of an engine over one graph; the graph is the same here."""
    return Counter(result.identity for result in results)


def without_path(results) -> Counter:
    """The path of a result of sh:closed is not read from the reference's report."""
    return Counter((r.shape, r.component, r.focus, r.value) for r in results)


def graph_of(statements) -> rdflib.Graph:
    graph = rdflib.Graph()
    for statement in statements:
        graph.add(tuple(to_rdflib(term) for term in statement))
    return graph


@settings(max_examples=3 * EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(STATEMENTS, max_size=14, unique=True),
    st.lists(STATEMENTS, min_size=0, max_size=3, unique=True),
    st.lists(st.integers(0, 13), max_size=2, unique=True),
)
def test_the_difference_is_that_of_two_full_runs(before, added, places):
    removed = [before[place] for place in places if place < len(before)]
    view = MemoryView.of(before)
    found = engine().compare(view, added, removed)
    was, now = identities(engine().validate(view)), identities(engine().validate(Layered(view, added, removed)))
    assert identities(found.brought) == now - was
    assert identities(found.mended) == was - now


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(STATEMENTS, max_size=14, unique=True))
def test_all_of_it_is_what_the_reference_finds(statements):
    with quiet_terms():
        reference = run(graph_of(statements), shapes())
        own = engine().validate(MemoryView.of(statements))
    assert without_path(own) == without_path(reference)


@pytest.mark.parametrize(
    ("turtle", "message"),
    [
        (":S sh:targetNode :a ; sh:node :S .", "contains itself"),
        (
            ":S sh:targetNode :a ; sh:property [ sh:path [ sh:inversePath :p ; sh:x 1 ] ; sh:node :T ] . :T sh:not :S .",
            "itself",
        ),
        (":S sh:targetNode :a ; sh:pattern '(' .", "can't be used"),
        (":S sh:targetNode :a ; sh:nodeKind sh:Thing .", "can't be used"),
        (":S sh:targetNode :a ; sh:property [ sh:path [ :a 1 ] ] .", "path that is none"),
        (
            ":S sh:targetNode :a ; sh:sparql [ sh:select 'SELECT $this WHERE { SERVICE <http://y/> { ?a ?b ?c } }' ] .",
            "SERVICE",
        ),
        (":S sh:targetNode :a ; sh:sparql [ sh:select 'SELECT' ] .", "can't be read"),
        (":S sh:target [ a sh:SPARQLTarget ] .", "sh:target"),
        (":S sh:targetNode :a ; sh:path _:l . _:l rdf:first :p ; rdf:rest _:l .", "without an end"),
    ],
)
def test_what_the_engine_can_not_do_is_refused(turtle, message):
    head = "@prefix : <http://x/> . @prefix sh: <http://www.w3.org/ns/shacl#> . "
    head += "@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> . "
    with pytest.raises(SourceError, match=message):
        compile_shapes(rdflib.Graph().parse(data=head + turtle, format="turtle"))


def test_a_long_path_is_refused_and_not_recursed_into():
    deep = "[ sh:inversePath " * 5000 + ":p" + " ]" * 5000
    head = "@prefix : <http://x/> . @prefix sh: <http://www.w3.org/ns/shacl#> . "
    graph = rdflib.Graph()
    for triple in parse(f"{head} :S sh:targetNode :a ; sh:path {deep} .".encode(), format=RdfFormat.TURTLE):
        graph.add((to_rdflib(triple.subject), to_rdflib(triple.predicate), to_rdflib(triple.object)))
    with pytest.raises(SourceError):
        compile_shapes(graph)


def test_terms_survive_the_way_to_rdflib_and_back():
    for term in (Literal("007", datatype=NamedNode(X + "t")), Literal("a", language="en"), NODES[0]):
        assert from_rdflib(to_rdflib(term)) == term

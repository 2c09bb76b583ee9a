"""Where VALUES goes into a query: into each group that mentions the variable, never into templates or data, on the same line."""

from __future__ import annotations

import pytest
from pyoxigraph import BlankNode, Literal, NamedNode, Store, Triple

from qit4n_kg.errors import ParameterError
from qit4n_kg.store.bindings import bind, is_bindable

B = {"b": NamedNode("x:t")}
V = " VALUES ?b { <x:t> } "


@pytest.mark.parametrize(
    ("query", "bound"),
    [
        ("ASK {?s ?p ?b}", "ASK {^?s ?p ?b}"),
        ("ASK {?s ?p $b}", "ASK {^?s ?p $b}"),
        ("SELECT ?b {?s ?p ?o}", "SELECT ?b {^?s ?p ?o}"),
        ("SELECT ?s {?s ?p ?o} ORDER BY ?b", "SELECT ?s {^?s ?p ?o} ORDER BY ?b"),
        ("SELECT (EXISTS {?b ?p ?o} AS ?x) {?s ?p ?o}", "SELECT (EXISTS {^?b ?p ?o} AS ?x) {?s ?p ?o}"),
        ("CONSTRUCT {?b ?p 1} WHERE {?s ?p ?o}", "CONSTRUCT {?b ?p 1} WHERE {^?s ?p ?o}"),
        ("CONSTRUCT WHERE {?s ?p ?b}", "CONSTRUCT WHERE {?s ?p ?b}\n^"),
        ("DESCRIBE ?b", "DESCRIBE ?b\n^"),
        ("DESCRIBE ?b WHERE {?b ?p ?o}", "DESCRIBE ?b WHERE {^?b ?p ?o}"),
        ("ASK {{SELECT ?s {?s ?p ?b}} ?s ?p ?o}", "ASK {{SELECT ?s {^?s ?p ?b}} ?s ?p ?o}"),
        ("ASK {{SELECT ?b {?s ?p ?o}}}", "ASK {{SELECT ?b {^?s ?p ?o}}}"),
        ("ASK {{?s ?p ?b} UNION {?s ?p ?o}}", "ASK {{^?s ?p ?b} UNION {?s ?p ?o}}"),
        ("ASK {VALUES (?b ?s) {(1 2)} ?s ?p ?o}", "ASK {^VALUES (?b ?s) {(1 2)} ?s ?p ?o}"),
        ("ASK {?s ?p ?o MINUS {?s ?p ?b}}", "ASK {?s ?p ?o MINUS {^?s ?p ?b}}"),
        ("ASK {?s ?p ?b OPTIONAL {?b ?p ?x}}", "ASK {^?s ?p ?b OPTIONAL {?b ?p ?x}}"),
        ("ASK {?s ?p ?o OPTIONAL {?b ?p ?x}}", "ASK {?s ?p ?o OPTIONAL {^?b ?p ?x}}"),
        ("ASK {?s ?p ?b OPTIONAL {BIND(?b AS ?x)}}", "ASK {^?s ?p ?b OPTIONAL {^BIND(?b AS ?x)}}"),
        ("ASK {GRAPH ?b {?s ?p ?o}}", "ASK {^GRAPH ?b {?s ?p ?o}}"),
        ("ASK {?s ?p '{?b}' # {?b}\n FILTER(?b = 1)}", "ASK {^?s ?p '{?b}' # {?b}\n FILTER(?b = 1)}"),
    ],
)
def test_a_group_that_mentions_the_variable_begins_with_its_value(query, bound):
    assert bind(query, B) == bound.replace("^", V)
    Store().query(bind(query, B))  # it parses


def test_several_bindings_stand_side_by_side():
    assert bind("ASK {?b ?c ?d}", {"c": NamedNode("x:c"), "b": Literal("x")}) == (
        'ASK { VALUES ?b { "x" }  VALUES ?c { <x:c> } ?b ?c ?d}'
    )


def test_no_bindings_leave_the_query_as_it_is():
    assert bind("ASK { ?s ?p ?b }", {}) == "ASK { ?s ?p ?b }"


@pytest.mark.parametrize("query", ["ASK { ?s ?p ?o }", "ASK { ?s ?p '?b' }", "ASK { ?s ?p ?bb } # ?b"])
def test_a_variable_that_the_query_has_not_is_refused(query):
    with pytest.raises(ParameterError, match=r"\?b"):
        bind(query, B)


@pytest.mark.parametrize("query", ["ASK }}}} ?b", "ASK {{{{ ?b", "?b", "VALUES ?b", "CONSTRUCT ?b {"])
def test_a_broken_query_is_left_to_the_engine(query):
    with pytest.raises(SyntaxError):
        Store().query(bind(query, B))


def test_only_iris_and_literals_can_stand_in_values():
    iri = NamedNode("x:a")
    assert is_bindable(iri)
    assert is_bindable(Literal("a", language="en"))
    assert not is_bindable(BlankNode())
    assert not is_bindable(Triple(iri, iri, iri))

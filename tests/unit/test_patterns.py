"""A WHERE clause comes apart into pieces that each stand on their own, and what can't be followed is said to be so."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from pyoxigraph import Literal, NamedNode, Store

from qit4n_kg.diagnosis.patterns import PieceKind, take_apart
from qit4n_kg.errors import UnreadableError

ROOT = Path(__file__).resolve().parents[2]
XSD = "http://www.w3.org/2001/XMLSchema#"


def texts(query):
    return [piece.text for piece in take_apart(query).pieces]


def test_triples_that_share_a_subject_become_one_each():
    assert texts("SELECT * { ?s a <x:C> ; <x:p> 1 , 'a'@en ; . ?t <x:q> ?s }") == [
        "?s a <x:C> .",
        "?s <x:p> 1 .",
        "?s <x:p> 'a'@en .",
        "?t <x:q> ?s .",
    ]


def test_each_kind_of_clause_is_a_piece():
    query = """SELECT * { OPTIONAL { ?a ?b ?c } MINUS { ?a ?b 1 } GRAPH ?g { ?a ?b ?c } { ?x ?y ?z } UNION { ?x ?y 2 }
      { SELECT ?q { ?q ?r ?t } } BIND(1 AS ?one) VALUES (?v ?w) { (1 2) } FILTER EXISTS { ?a ?b 3 } FILTER(?c < 2) }"""
    kinds = ["optional", "minus", "graph", "group", "group", "bind", "values", "filter", "filter"]
    assert [piece.kind.value for piece in take_apart(query).pieces] == kinds


def test_what_a_graph_clause_holds_comes_apart_too():
    (piece,) = take_apart("ASK { GRAPH <x:g> { ?s ?p 1 ; ?q 2 } }").pieces
    assert piece.wrapper == "GRAPH <x:g>"
    assert [inner.text for inner in piece.inner] == ["?s ?p 1 .", "?s ?q 2 ."]


@pytest.mark.parametrize("path", ["<x:a>/<x:b>", "^<x:a>", "(<x:a>|!<x:b>)+", "<x:a>*/<x:b>?", "a/<x:sub>*"])
def test_a_path_is_one_predicate(path):
    (piece,) = take_apart(f"ASK {{ ?s {path} ?o }}").pieces
    assert piece.text == f"?s {path} ?o ."
    assert take_apart("ASK { }").term(piece.terms[1]) is None


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("<x:a>", NamedNode("x:a")),
        ("e:b", NamedNode("http://example.org/b")),
        ("-5", Literal("-5", datatype=NamedNode(f"{XSD}integer"))),
        ("TRUE", Literal("true", datatype=NamedNode(f"{XSD}boolean"))),
        ("'x'@en", Literal("x", language="en")),
        ('"1"^^e:d', Literal("1", datatype=NamedNode("http://example.org/d"))),
        ("?v", None),
    ],
)
def test_a_term_is_read_as_the_engine_reads_it(text, term):
    parts = take_apart(f"PREFIX e: <http://example.org/> ASK {{ ?s ?p {text} }}")
    assert parts.term(parts.pieces[0].terms[2]) == term


def test_statements_with_brackets_stay_whole():
    assert texts("ASK { ?s <x:p> [ <x:q> 1 ] ; <x:r> 2 . (1 2) <x:p> ?o . [] a ?c }") == [
        "?s <x:p> [ <x:q> 1 ] ; <x:r> 2 .",
        "(1 2) <x:p> ?o .",
        "[] a ?c .",
    ]


def test_places_are_lines_and_columns_of_the_query():
    parts = take_apart("ASK {\n  ?s a ?c ;\n    <x:p> 1 }")
    assert [parts.place(piece) for piece in parts.pieces] == [(2, 3), (3, 5)]


@pytest.mark.parametrize(
    "text",
    ["", "ASK", "ASK {", "ASK { ?s }}", "INSERT DATA { <x:a> <x:b> 1 }", "ASK { ( } )", "ASK { ?s ?p ?o {| ?a ?b |} }"],
)
def test_what_can_not_be_followed_is_said_to_be_so(text):
    with pytest.raises(UnreadableError):
        take_apart(text)


@pytest.mark.parametrize("path", sorted((ROOT / "queries" / "catalogue").glob("*.rq")), ids=lambda path: path.stem)
def test_every_piece_of_the_catalogue_is_a_valid_pattern(path):
    parts = take_apart(path.read_text("utf-8"))
    assert parts.pieces
    for piece in parts.pieces:
        if piece.kind is not PieceKind.FILTER:
            Store().query(f"{parts.declarations}ASK {{ {piece.text} }}")


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * " + "{" * 50_000 + "}" * 50_000,
        "SELECT * " + "{" * 51 + "}" * 51,
        "SELECT (" + "(" * 60 + "1" + ")" * 60 + " AS ?x) {}",
        "SELECT * { VALUES ?x { " + "1 " * 10_000 + "} }",
    ],
    ids=["very deep", "deep", "deep expression", "long"],
)
def test_what_would_take_long_to_follow_is_not_followed(query):
    before = time.process_time()
    with pytest.raises(UnreadableError, match="more than"):
        take_apart(query)
    assert time.process_time() - before < 5

"""CSV that any reader reads as the terms' own texts, whatever stands in them (RFC 4180; SPARQL 1.1 Results CSV, section 3)."""

from __future__ import annotations

import csv
import io
import random

import pytest
from pyoxigraph import BlankNode, Literal, NamedNode, Quad, Triple
from rdflib.query import Result

from qit4n_kg.formats import ResultFormat
from qit4n_kg.namespaces import XSD
from qit4n_kg.store.oxigraph import OxigraphStore

E = "http://example.org/"
TEXTS = [
    "", "plain", "a,b", 'say "hi"', '"', '""', ",", "a\nb", "a\r\nb", "\r", "a\tb", "\t", "back\\slash", "\\n", "<", ">", "<x:y>",
    "<<( a )>>", ")>>",
    "@en", '"@en', "^^<x:d>", '"^^<x:d>', "a <b> c", " ", " lead", "é ü 漢字", "\x0b\x0c\x1c\x85\u2028", "=1+1", "_:b", "1",
]  # fmt: skip
TERMS = [
    NamedNode(E),
    NamedNode(f"{E}a,b"),
    NamedNode(f"{E}é;q='(x)'?@en"),
    BlankNode("b1"),
    Literal(7),
    Literal("-1.50", datatype=NamedNode(f"{XSD}decimal")),
    Literal(1e10),
    Literal(True),
    Literal("NaN", datatype=NamedNode(f"{XSD}double")),
    Literal("2020-01-01", datatype=NamedNode(f"{XSD}date")),
    *(Literal(text) for text in TEXTS),
    *(Literal(text, language="en-GB") for text in TEXTS),
    *(Literal(text, datatype=NamedNode(f"{E}type,of")) for text in TEXTS),
    *(Triple(NamedNode(f"{E}s"), NamedNode(f"{E}p"), Literal(text, language="en")) for text in TEXTS),
    Triple(
        BlankNode("s"), NamedNode(f"{E}p"), Triple(NamedNode(f"{E}s,t"), NamedNode(f"{E}p"), Literal('a "b" )>> c'))
    ),
]


def text_of(term):
    if isinstance(term, Triple):
        return " ".join(map(text_of, (term.subject, term.predicate, term.object)))
    return f"_:{term.value}" if isinstance(term, BlankNode) else term.value


def written(store, query):
    output = io.BytesIO()
    store.query(query).write(output, ResultFormat.CSV)
    return output.getvalue().decode()


def read(text):
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


@pytest.fixture(scope="module")
def store():
    store = OxigraphStore.in_memory()
    rows = random.Random(7)
    for number in range(3000):  # more than is converted at once, so that pieces are cut anywhere
        for name in rows.sample("abc", rows.randint(1, 3)):
            store.add([Quad(NamedNode(f"{E}row/{number:04}"), NamedNode(E + name), rows.choice(TERMS))])
    return store


def test_every_field_is_the_text_of_its_term(store):
    columns = " ".join(f"OPTIONAL {{ ?s <{E}{name}> ?{name} }}" for name in "abc")
    query = f"SELECT ?a ?b ?s ?c {{ {{ SELECT DISTINCT ?s {{ ?s ?p ?o }} }} {columns} }} ORDER BY ?s"
    rows = [["" if term is None else text_of(term) for term in row] for row in store.query(query)]
    assert len(rows) == 3000
    assert read(written(store, query)) == [["a", "b", "s", "c"], *rows]


@pytest.mark.parametrize("term", [term for term in TERMS if isinstance(term, NamedNode | Literal)], ids=ascii)
def test_a_field_is_quoted_where_it_has_to_be_and_only_there(term):
    store = OxigraphStore.in_memory()
    store.add([Quad(NamedNode(f"{E}s"), NamedNode(f"{E}p"), term)])
    text = next(store.quads()).object.value  # as the store keeps it
    is_quoted = text == "" or any(mark in text for mark in '",\r\n')
    field = '"' + text.replace('"', '""') + '"' if is_quoted else text
    assert written(store, "SELECT ?o { ?s ?p ?o }") == f"o\r\n{field}\r\n"


EMPTY = "SELECT ?x { VALUES ?x { '' UNDEF 'a' ''@en-GB UNDEF '\"\"' ''^^<http://e/t> <<( <x:s> <x:p> '' )>> } }"


def test_in_one_column_an_empty_text_is_told_from_no_value_by_quotation_marks():
    text = written(OxigraphStore.in_memory(), EMPTY)
    assert text == 'x\r\n""\r\n\r\na\r\n""\r\n\r\n""""""\r\n""\r\nx:s x:p \r\n'
    assert read(text) == [["x"], [""], [], ["a"], [""], [], ['""'], [""], ["x:s x:p "]]


def test_readers_that_pass_over_empty_lines_keep_the_rows_of_empty_texts():
    text = written(OxigraphStore.in_memory(), "SELECT ?x { VALUES ?x { '' 'a' '' } }")
    assert [row["x"] for row in csv.DictReader(io.StringIO(text, newline=""))] == ["", "a", ""]
    assert len(Result.parse(io.BytesIO(text.encode()), format="csv")) == 3


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT ?x ?y { VALUES (?x ?y) { ('' UNDEF) } }", "x,y\r\n,\r\n"),
        ("SELECT ?x {}", "x\r\n\r\n"),
        ("SELECT ?x ?y {}", "x,y\r\n,\r\n"),
        ("SELECT ?x { FILTER(false) }", "x\r\n"),
        ("SELECT * {}", "\r\n\r\n"),
        ("SELECT ('' AS ?é) (1 AS ?y) {}", "é,y\r\n,1\r\n"),
    ],
)
def test_results_without_values_are_written_too(query, expected):
    assert written(OxigraphStore.in_memory(), query) == expected

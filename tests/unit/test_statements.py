"""One thing's triples are the same in every format: nothing is lost, whatever the terms are."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

import pyoxigraph
import pytest
import rdflib
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import BlankNode, Literal, NamedNode, Triple
from rdflib.compare import isomorphic

from qit4n_kg.entities.statements import FIELDS, STATEMENT_FORMATS, record, write_statements
from qit4n_kg.formats import CSV, JSON, RdfFormat
from qit4n_kg.namespaces import PREFIXES, XSD

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from qit4n_kg.formats import Format

EX = "https://example.org/"
A, P = NamedNode(f"{EX}a"), NamedNode(f"{EX}p")
TRIPLES = (
    Triple(A, P, NamedNode(f"{EX}d2.3.1")),
    Triple(A, P, Literal("plain, with a comma\nand a line")),
    Triple(A, P, Literal('"quoted" \\ back')),
    Triple(A, P, Literal("鉄道", language="ja")),
    Triple(A, P, Literal("2021-12", datatype=NamedNode(f"{XSD}gYearMonth"))),
    Triple(A, P, Literal("95.0", datatype=NamedNode(f"{XSD}decimal"))),
    Triple(A, P, Literal("")),
    Triple(NamedNode(f"{EX}b"), NamedNode(f"{EX}q"), A),
    Triple(BlankNode("x"), P, A),
    Triple(A, P, BlankNode("x")),
)


def from_records(records: Iterable[Mapping[str, str]]) -> rdflib.Graph:
    """Make the triples again from the six fields."""
    graph = rdflib.Graph()
    for row in records:
        kind, value = row["type"], row["object"]
        blank = row["subject"].startswith("_:")
        subject = rdflib.BNode(row["subject"][2:]) if blank else rdflib.URIRef(row["subject"])
        obj: rdflib.term.Node
        if kind == "uri":
            obj = rdflib.URIRef(value)
        elif kind == "bnode":
            obj = rdflib.BNode(value.removeprefix("_:"))
        else:
            datatype = rdflib.URIRef(row["datatype"]) if row["datatype"] else None
            obj = rdflib.Literal(value, lang=row["lang"] or None, datatype=datatype, normalize=False)
        graph.add((subject, rdflib.URIRef(row["predicate"]), obj))
    return graph


def read_back(body: bytes, form: Format) -> rdflib.Graph:
    """Read any of the formats as a graph, literals in their own spelling."""
    if form == CSV:
        return from_records(csv.DictReader(io.StringIO(body.decode(), newline="")))
    if form == JSON:
        return from_records(json.loads(body)["statements"])
    engine = pyoxigraph.RdfFormat.from_media_type(form.media_type)
    return from_records(record(quad.triple) for quad in pyoxigraph.parse(body, format=engine))


@pytest.mark.parametrize("form", STATEMENT_FORMATS, ids=lambda form: form.label)
def test_every_format_holds_the_same_triples(form: Format) -> None:
    assert isomorphic(read_back(write_statements(TRIPLES, form, PREFIXES), form), from_records(map(record, TRIPLES)))


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"))))
def test_any_text_survives_csv_and_json(text: str) -> None:
    triple = Triple(A, P, Literal(text))
    for form in (CSV, JSON):
        (found,) = read_back(write_statements([triple], form, {}), form)
        assert str(found[2]) == text


def test_the_same_triples_give_the_same_bytes() -> None:
    for form in STATEMENT_FORMATS:
        assert write_statements(TRIPLES, form, PREFIXES) == write_statements(iter(TRIPLES), form, PREFIXES)


def test_csv_has_the_documented_columns_and_line_ends() -> None:
    header, *_ = write_statements(TRIPLES, CSV, {}).split(b"\r\n")
    assert header.decode().split(",") == list(FIELDS)


def test_turtle_declares_only_the_prefixes_that_it_uses() -> None:
    body = write_statements(TRIPLES, RdfFormat.TURTLE.value, {**PREFIXES, "ex": EX}).decode()
    assert "@prefix ex:" in body
    assert "@prefix skos:" not in body


def test_nothing_gives_an_empty_document() -> None:
    assert write_statements([], RdfFormat.TURTLE.value, PREFIXES) == b""
    assert json.loads(write_statements([], JSON, {})) == {"statements": []}

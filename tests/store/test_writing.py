"""What is written as XML is well-formed and says the same, or it is an error that names the character."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ElementTree

import pyoxigraph
import pytest
from pyoxigraph import Literal, NamedNode, Quad, Triple

from qit4n_kg.errors import NotAcceptableError
from qit4n_kg.formats import RdfFormat, ResultFormat
from qit4n_kg.namespaces import PREFIXES
from qit4n_kg.store.memory import RdflibStore
from qit4n_kg.store.oxigraph import OxigraphStore
from qit4n_kg.store.writing import XmlOutput, serialise

# XML 1.0, section 2.2: the characters there are.
NO_CHARACTERS = [*(chr(code) for code in range(0x20) if chr(code) not in "\t\n\r"), "\ufffe", "\uffff"]
CHARACTERS = ["\t", "\n", "\r", "a\r\nb", "\x7f", "\x85", "\u2028", "\ufffd", "\U0001fffe", "\U0010ffff", "<&>\"']]>"]
ANSWERS = {
    ResultFormat.XML: "SELECT ?o { ?s ?p ?o }",
    RdfFormat.RDF_XML: "CONSTRUCT { ?s ?p ?o } { ?s ?p ?o }",
}


@pytest.fixture(params=[OxigraphStore.in_memory, RdflibStore])
def store(request):
    with_text = request.param()

    def holding(text):
        with_text.load([Quad(NamedNode("http://e/s"), NamedNode("http://e/p"), Literal(text))])
        return with_text

    return holding


def read(text, form):
    if form is ResultFormat.XML:
        (literal,) = ElementTree.fromstring(text).iter("{http://www.w3.org/2005/sparql-results#}literal")
        return literal.text
    (quad,) = pyoxigraph.parse(text, format=pyoxigraph.RdfFormat.RDF_XML)
    return quad.object.value


@pytest.mark.parametrize("form", ANSWERS)
@pytest.mark.parametrize("character", NO_CHARACTERS, ids=lambda c: f"{ord(c):04X}")
def test_a_character_that_xml_has_not_is_an_error_that_names_it(store, form, character):
    with pytest.raises(NotAcceptableError, match=f"U\\+{ord(character):04X}"):
        store(f"a{character}b").query(ANSWERS[form]).write(io.BytesIO(), form)


@pytest.mark.parametrize("form", ANSWERS)
@pytest.mark.parametrize("text", CHARACTERS, ids=ascii)
def test_any_other_text_comes_back_as_it_was(store, form, text):
    output = io.BytesIO()
    store(text).query(ANSWERS[form]).write(output, form)
    ElementTree.fromstring(output.getvalue())
    assert read(output.getvalue(), form) == text


def test_a_graph_is_dumped_with_the_same_care(store):
    with pytest.raises(NotAcceptableError, match=r"U\+0000"):
        store("\0").dump(io.BytesIO(), RdfFormat.RDF_XML, pyoxigraph.DefaultGraph())


@pytest.mark.parametrize("cut", [1, 2])
def test_a_character_that_stands_across_two_writes_is_found(cut):
    output = XmlOutput(io.BytesIO(), RdfFormat.RDF_XML.value, "")
    data = "\uffff".encode()
    output.write(b"<a>" + data[:cut])
    with pytest.raises(NotAcceptableError):
        output.write(data[cut:])


@pytest.mark.parametrize("count", [0, 1, 400])
def test_prefixes_of_turtle_are_in_order_and_of_a_short_one_only_those_it_uses(count):
    triples = [Triple(NamedNode(f"http://e/s{n}"), NamedNode("http://e/p"), Literal("org:x")) for n in range(count)]
    output = io.BytesIO()
    serialise(triples, output, RdfFormat.TURTLE, {"e": "http://e/", **PREFIXES})
    lines = output.getvalue().splitlines()
    declared = [line for line in lines if line.startswith(b"@prefix")]
    assert declared == sorted(declared)
    assert len(declared) == {0: 0, 1: 2, 400: len(PREFIXES) + 1}[count]  # org: occurs, though only in a text
    assert {quad.triple for quad in pyoxigraph.parse(output.getvalue(), format=pyoxigraph.RdfFormat.TURTLE)} == {
        *triples
    }

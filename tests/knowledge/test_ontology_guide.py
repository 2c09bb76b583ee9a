"""docs/ontology.md: its diagrams show every class and no relation that the ontology does not have."""

import re
from functools import cache
from pathlib import Path

import pytest
from rdflib import OWL, RDF, RDFS, Graph, Namespace, URIRef

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs/ontology.md").read_text("utf-8")
DIAGRAMS = re.findall(r"```mermaid\nclassDiagram\n(.*?)```", GUIDE, re.DOTALL)
LINES = sorted({line.strip() for diagram in DIAGRAMS for line in diagram.splitlines()})
STDORG = Namespace("https://w3id.org/stdorg/ns#")
SCHEMA = Namespace("https://schema.org/")


@cache
def ontology() -> Graph:
    graph = Graph()
    for path in sorted((ROOT / "ontology").glob("*.ttl")):
        graph.parse(path)
    return graph


def allowed(prop: URIRef, precise: URIRef, open_ended: URIRef) -> set[str]:
    classes = {*ontology().objects(prop, precise), *ontology().objects(prop, open_ended)}
    return {str(name).removeprefix(STDORG) for name in classes}


@pytest.mark.parametrize("line", LINES)
def test_a_line_of_a_diagram_is_true(line):
    if match := re.fullmatch(r"(\w+) <\|-- (\w+)", line):
        assert (STDORG[match[2]], RDFS.subClassOf, STDORG[match[1]]) in ontology()
    elif match := re.fullmatch(r"(\w+) --> (\w+) : (\w+)", line):
        prop = STDORG[match[3]]
        assert match[1] in allowed(prop, RDFS.domain, SCHEMA.domainIncludes)
        assert match[2] in allowed(prop, RDFS.range, SCHEMA.rangeIncludes)
    else:
        match = re.fullmatch(r"class (\w+)", line)
        assert match is not None
        assert (STDORG[match[1]], RDF.type, OWL.Class) in ontology()


def test_every_class_is_in_a_diagram():
    shown = {word for line in LINES for word in re.findall(r"\b[A-Z]\w+", line)}
    classes = {str(term).removeprefix(STDORG) for term in ontology().subjects(RDF.type, OWL.Class)}
    assert classes - shown == set()


def test_the_table_lists_every_module():
    listed = set(re.findall(r"^\| `(\w+\.ttl)` \|", GUIDE, re.MULTILINE))
    assert listed == {path.name for path in (ROOT / "ontology").glob("*.ttl")}


def test_every_stdorg_name_in_the_text_is_a_term():
    names = re.findall(r"stdorg:(\w+)", GUIDE)
    assert [name for name in names if (STDORG[name], None, None) not in ontology()] == []

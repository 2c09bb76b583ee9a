"""Guards what holds for every export: any graph, any store, optional facts missing; nothing but what the graph states as a fact."""

from __future__ import annotations

import io
import json
import re
import zipfile
from contextlib import nullcontext

import pytest
from pyoxigraph import DefaultGraph, NamedNode, RdfFormat, serialize

from exports.conftest import REGISTRY, made, material_of
from exports.worlds import filled, of_text, quads, typed, world
from qit4n_kg.errors import NotFoundError
from qit4n_kg.exports.facts import Facts, expand
from qit4n_kg.exports.making import writer_of
from qit4n_kg.feed.ledger import begin_epoch, open_ledger
from qit4n_kg.feed.reading import Change, Document
from qit4n_kg.feed.recording import subjects_of
from qit4n_kg.feed.writing import PageWriter
from qit4n_kg.namespaces import RDF, STDORG
from qit4n_kg.store.canonical import dataset_hash
from qit4n_kg.store.memory import RdflibStore
from qit4n_kg.store.oxigraph import OxigraphStore

EXAMPLES = [export.example for export in REGISTRY]
OF_ROWS = ("tables", "dump", "void")
"""Modules whose query is no CONSTRUCT; `test_tables`, `test_dump` and `test_descriptions` tell what is in them."""

ABOUT_FACTS = [name for name in EXAMPLES if REGISTRY.find(name).export.description.module not in OF_ROWS]
OF_FACTS = [d for d in REGISTRY.descriptions if d.module not in OF_ROWS]
TYPE = NamedNode(f"{RDF}type")


def small(name: str) -> str:
    """The same export of the small world, which has another group that receives."""
    return name.replace("itu-t-sg13", "sg1")


def asked(name: str) -> dict[str, str]:
    """Arguments that make an export about the small world's group."""
    takes = [p.name for p in REGISTRY.find(name).export.description.query.parameters]
    return {"forGroup": "id:fg-x"} if "forGroup" in takes else {}


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_empty_graph_is_no_failure(name):
    needs_group = asked(name) or name.startswith("handover")
    with pytest.raises(NotFoundError, match="group") if needs_group else nullcontext():
        made(OxigraphStore.in_memory(), name)


@pytest.mark.parametrize("name", EXAMPLES)
def test_both_stores_make_the_same(name):
    name, arguments = small(name), asked(small(name))
    fast = made(of_text("Text <&> of a world"), name, arguments)
    slow = made(filled(RdflibStore(), world("Text <&> of a world")), name, arguments)
    assert slow == fast


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_second_body_is_exported(second_store, name):
    assert made(second_store, name)
    assert made(second_store, name, {"forGroup": "id:fg-exq"} if asked(name) else {})


@pytest.mark.parametrize("name", [small(name) for name in ABOUT_FACTS])
def test_any_statement_may_be_missing(name):
    content = world("T")
    for at in range(len(content)):
        store = filled(OxigraphStore.in_memory(), content[:at] + content[at + 1 :])
        try:
            made(store, name)
        except NotFoundError:
            assert name.startswith("handover")


@pytest.mark.parametrize("description", OF_FACTS, ids=lambda description: description.id)
def test_a_query_takes_only_what_holds(graph_store, description):
    name = REGISTRY.of(description)[0].example
    taken = list(material_of(graph_store, name).statements())
    assert taken
    for fact in taken:
        held = graph_store.quads(fact.subject, fact.predicate, fact.object, DefaultGraph())
        assert next(held, None) is not None


@pytest.mark.parametrize("name", ABOUT_FACTS)
def test_what_the_mapping_names_is_written(graph_store, name):
    """Without the statements of a property, or the members of a class, that the mapping names, the file is another."""
    whole = made(graph_store, name)
    first = material_of(graph_store, name)
    taken = list(first.statements())
    writer_of(first.wanted)(first, io.BytesIO())
    away = {one.iri for one in first.left_out}
    idle = []
    for mapped in material_of(graph_store, name).wanted.export.description.mappings:
        term = expand(mapped.term)
        kept = [
            f for f in taken if f.predicate.value != term and not (f.predicate == TYPE and f.object == NamedNode(term))
        ]
        if {f.subject.value for f in set(taken) - set(kept)} <= away:  # the shipped graph has none of it
            continue
        material = material_of(graph_store, name)
        material.__dict__["facts"] = Facts(kept)
        output = io.BytesIO()
        try:
            writer_of(material.wanted)(material, output)
        except NotFoundError:
            continue
        if output.getvalue() == whole:
            idle.append(mapped.term)
    assert idle == []


def texts_of(name: str, content: bytes) -> str:
    """Everything that can be read in an export."""
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return "\n".join(archive.read(member).decode(errors="replace") for member in archive.namelist())
    return content.decode(errors="replace").replace("\r\n ", "")


def test_what_is_overruled_is_never_exported(graph_store, second_store):
    overruled = graph_store.quads(None, TYPE, NamedNode(f"{STDORG}OverruledGraph"))
    said = {quad.triple for graph in {quad.subject for quad in overruled} for quad in graph_store.quads(graph=graph)}
    only_there = said - {quad.triple for quad in graph_store.quads(graph=DefaultGraph())}
    assert len(only_there) > 10
    for name in ABOUT_FACTS:
        assert not only_there.intersection(material_of(graph_store, name).statements()), name
    rows = made(second_store, "csvw/meetings.csv", {"forGroup": "id:fg-exq"}).decode().splitlines()
    assert ",31," in rows[2]
    assert ",30," not in rows[2]


def test_nothing_is_invented(graph_store):
    for name in EXAMPLES:
        if name.startswith(("dump.", "void.")):  # the graph as it is, the names of its properties included
            continue
        readable = texts_of(name, made(graph_store, name))
        assert not re.search(r"[\w.-]+@[\w-]+\.\w", readable.replace("@context", "")), name
        known = "dcterms:publisher" if name == "dcat-ap.ttl" else ""  # who runs the server; see test_descriptions
        readable = readable.replace(known, "") if known else readable
        assert not re.search(r"\b(doi|isbn|issn|license|publisher)\b", readable, re.IGNORECASE), name


@pytest.mark.parametrize("name", ["relaton.xml", "relaton.yaml", "deliverables.bib", "deliverables.ris", "csl.json"])
def test_every_deliverable_says_that_it_is_a_draft(graph_store, name):
    assert made(graph_store, name).decode().count("Under development") >= 11


@pytest.mark.parametrize("name", ["handover/itu-t-sg13.json", "schema-org.jsonld"])
def test_the_status_is_in_other_exports_of_deliverables_too(graph_store, name):
    assert made(graph_store, name).decode().count("Under development") >= 10


def test_the_second_body_is_in_the_change_feed_quad_by_quad(second_generation, tmp_path):
    dataset = second_generation.manifest.dataset
    begin_epoch(tmp_path, "x", subjects_of(second_generation, tmp_path), second_generation.manifest)
    with open_ledger(tmp_path) as ledger:
        writer = PageWriter("https://example.org/", ledger.epoch, "https://example.org")
        pages = [
            serialize(writer.page(page.number, ledger.entries(page.number), is_closed=True), format=RdfFormat.N_QUADS)
            for page in ledger.pages()
        ]
    entries = [entry for page in pages for entry in Document(page, "https://example.org/feed").entries()]
    assert dataset_hash(quad for entry in entries if isinstance(entry, Change) for quad in entry.quads) == dataset


@pytest.mark.parametrize("kind", [OxigraphStore.in_memory, RdflibStore], ids=["fast", "slow"])
def test_schema_org_tells_the_status_of_the_latest_report(kind):
    store = filled(kind(), world("First"))
    later = {
        "rdf:type": "stdorg:StatusReport",
        "stdorg:reportsOn": "id:fg-x/deliverable/d1",
        "stdorg:reportedStatus": "id:concept/later",
        "stdorg:attestedAt": typed("2032-04", "gYearMonth"),
    }
    store.add(quads({"id:fg-x/later": later, "id:concept/later": {"rdfs:label": "Later"}}))
    (report,) = (one for one in json.loads(made(store, "schema-org.jsonld"))["@graph"] if one["@type"] == "Report")
    assert report["creativeWorkStatus"] == "Later"

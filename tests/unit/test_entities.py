"""What one entity's view says: every statement with its sources, in a useful order, and at the same cost for a hub."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pyoxigraph
import pytest
from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad

from qit4n_kg.entities import reader as reader_module
from qit4n_kg.entities.passages import SourceKind
from qit4n_kg.entities.reader import COUNTED, LISTED, PAGED, SCANNED, EntityReader
from qit4n_kg.errors import UnknownEntityError
from qit4n_kg.store.oxigraph import OxigraphStore

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
BASE = "https://w3id.org/qit4n/"
ID = f"{BASE}id/"
STDORG = "https://w3id.org/stdorg/ns#"
SCHEMA = "https://schema.org/"
RDFS_LABEL = NamedNode("http://www.w3.org/2000/01/rdf-schema#label")


def load(store: OxigraphStore) -> None:
    """Load the fixture, and into the default graph what is in force."""
    text = (ROOT / "tests/fixtures/pages.trig").read_bytes()
    quads = list(pyoxigraph.parse(text, format=pyoxigraph.RdfFormat.TRIG))
    store.add(quads)
    in_force = (quad for quad in quads if not quad.graph_name.value.endswith("table-2/meeting-1"))
    store.add(Quad(*quad.triple, DefaultGraph()) for quad in in_force)


@pytest.fixture(scope="module")
def store() -> Iterator[OxigraphStore]:
    with OxigraphStore.in_memory() as store:
        load(store)
        yield store


@pytest.fixture(scope="module")
def reader(store: OxigraphStore) -> EntityReader:
    return EntityReader(store, ROOT / "queries/entity", base=BASE)


def test_an_entity_has_its_label_and_its_most_specific_stated_type(reader: EntityReader) -> None:
    view = reader.read(f"{ID}person/ada-byron")
    assert view.label == "Ada Byron"
    assert [type_.label for type_ in view.types] == ["Person"]
    assert f"{STDORG}Agent" in view.all_types


def test_an_unlabelled_entity_is_called_by_its_local_name(store: OxigraphStore, reader: EntityReader) -> None:
    assert reader.labels.label(f"{ID}club/meeting/99") == "club/meeting/99"


def test_what_is_nowhere_is_unknown(reader: EntityReader) -> None:
    for iri in (f"{ID}person/nobody", f"{ID}not an iri", ""):
        assert not reader.has(iri)
        with pytest.raises(UnknownEntityError):
            reader.read(iri)


def test_what_stands_only_as_an_object_is_known(reader: EntityReader) -> None:
    view = reader.read("https://example.org/engines")
    assert view.properties == ()
    assert [value.label for group in view.incoming for value in group.values] == ["Engines"]


def test_a_statement_names_the_passage_that_states_it(reader: EntityReader) -> None:
    view = reader.read(f"{ID}club/meeting/1")
    (participants,) = view.values(f"{STDORG}participants")
    (number,) = view.footnotes(participants)
    passage = view.passages[number - 1]
    assert passage.kind is SourceKind.PASSAGE
    assert passage.label == "First paragraph"
    assert passage.document is not None
    assert passage.document.label == "Minutes of July 1843"


def test_a_passage_tells_section_table_and_row(reader: EntityReader) -> None:
    passage = reader.passages.passage(f"{BASE}graph/minutes/table-1/ada")
    assert (passage.section, passage.table, passage.row, passage.column) == ("Officers", "Table 1", "Ada", None)
    assert passage.is_in_force


def test_a_passage_of_several_columns_tells_them_all_once() -> None:
    graph, column = NamedNode(f"{BASE}graph/minutes/table-2/plan"), NamedNode(f"{STDORG}column")
    with OxigraphStore.in_memory() as store:
        for home in (graph, DefaultGraph()):
            store.add([Quad(graph, column, Literal(text), home) for text in ("Dates", "Host")])
        passage = EntityReader(store, ROOT / "queries/entity", base=BASE).passages.passage(graph.value)
    assert passage.column == "Dates; Host"


def test_an_entailed_statement_names_its_rule(reader: EntityReader) -> None:
    view = reader.read(f"{ID}person/ada-byron")
    (chairs,) = view.values(f"{STDORG}chairs")
    assert chairs.is_entailed
    assert [view.passages[number - 1].label for number in view.footnotes(chairs)] == ["Rule: chairs"]


def test_documents_come_before_reference_data_and_rules_last(reader: EntityReader) -> None:
    kinds = [passage.kind for passage in reader.read(f"{ID}person/ada-byron").passages]
    assert kinds == sorted(kinds, key=list(SourceKind).index)
    assert kinds[0] is SourceKind.PASSAGE
    assert kinds[-1] is SourceKind.ENTAILED


def test_an_overruled_statement_is_no_fact_but_shown_in_the_discrepancy(reader: EntityReader) -> None:
    view = reader.read(f"{ID}club/meeting/1")
    assert [value.label for value in view.values(f"{SCHEMA}startDate")] == ["1843-07-01"]
    (discrepancy,) = view.discrepancies
    (difference,) = discrepancy.differences
    assert [value.label for value in difference.chosen] == ["1843-07-01"]
    assert [value.label for value in difference.other] == ["1843-08-01"]
    assert discrepancy.reason == "The table repeats the plan."
    assert discrepancy.other is not None
    assert discrepancy.other.kind is SourceKind.OVERRULED
    assert not discrepancy.other.is_in_force


def test_an_open_question_stands_with_its_entity(reader: EntityReader) -> None:
    (question,) = reader.read(f"{ID}club/meeting/1").questions
    assert question.question == "Where was meeting 1?"


def test_facts_come_in_the_order_of_the_query_file(reader: EntityReader) -> None:
    names = [group.predicate.label for group in reader.read(f"{ID}club/meeting/1").facts]
    assert names == ["number", "meeting of", "from", "participants"]


def test_what_only_rules_say_stands_apart_unless_it_is_a_key_property(reader: EntityReader) -> None:
    view = reader.read(f"{ID}person/ada-byron")
    assert "chairs" in [group.predicate.label for group in view.facts]
    assert [group.predicate.label for group in view.inferred] == ["knows"]


def test_triples_are_every_statement_of_the_default_graph_with_the_entity(
    store: OxigraphStore, reader: EntityReader
) -> None:
    node = NamedNode(f"{ID}club")
    expected = {quad.triple for quad in store.quads(node, None, None, DefaultGraph())}
    expected |= {quad.triple for quad in store.quads(None, None, node, DefaultGraph())}
    view = reader.read(node.value)
    assert view.is_whole
    assert set(view.triples) == expected
    assert len(view.triples) == len(expected)


def test_reading_twice_gives_equal_views(reader: EntityReader) -> None:
    assert reader.read(f"{ID}club") == reader.read(f"{ID}club")


def hub(links: int) -> OxigraphStore:
    store = OxigraphStore.in_memory()
    agent, thing = NamedNode(f"{STDORG}agent"), NamedNode(f"{ID}thing")
    links_in = (Quad(NamedNode(f"{ID}role/{n}"), agent, thing, DefaultGraph()) for n in range(links))
    store.load(links_in)
    store.add([Quad(thing, RDFS_LABEL, Literal("Thing"), DefaultGraph())])
    store.add([Quad(NamedNode(f"{ID}note"), NamedNode(f"{STDORG}about"), thing, DefaultGraph())])
    return store


def test_a_hub_lists_a_bounded_part_and_says_so() -> None:
    with hub(SCANNED + 5_000) as store:
        view = EntityReader(store, ROOT / "queries/entity", base=BASE).read(f"{ID}thing")
    groups = {group.predicate.iri: group for group in view.incoming}
    agents = groups[f"{STDORG}agent"]
    assert len(agents.values) == LISTED
    assert agents.count == SCANNED + 5_000
    assert agents.is_counted
    assert not agents.is_whole
    assert groups[f"{STDORG}about"].is_whole
    assert not view.is_whole
    assert len(view.triples) == LISTED + 2


def test_a_count_stops_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader_module, "COUNTED", SCANNED)
    with hub(SCANNED + 5_000) as store:
        view = EntityReader(store, ROOT / "queries/entity", base=BASE).read(f"{ID}thing")
    groups = {group.predicate.iri: group for group in view.incoming}
    assert not groups[f"{STDORG}agent"].is_counted
    assert len(groups[f"{STDORG}about"].values) == 1, "what the count did not reach is found all the same"


def test_the_count_of_a_hub_reads_no_more_than_it_says() -> None:
    for name in ("incoming-counts", "outgoing-counts"):
        assert f"LIMIT {COUNTED + 1} }}" in (ROOT / f"queries/entity/{name}.rq").read_text()


def test_links_come_page_by_page_and_each_once() -> None:
    with hub(2 * PAGED + 5) as store:
        reader = EntityReader(store, ROOT / "queries/entity", base=BASE)
        pages = [reader.links(f"{ID}thing", f"{STDORG}agent", number) for number in (1, 2, 3)]
        with pytest.raises(UnknownEntityError, match="page 4"):
            reader.links(f"{ID}thing", f"{STDORG}agent", 4)
        with pytest.raises(UnknownEntityError, match="page"):
            reader.links(f"{ID}thing", f"{STDORG}agent", 10**12)
        with pytest.raises(UnknownEntityError):
            reader.links(f"{ID}thing", "no iri", 1)
        counts = reader.link_counts(f"{ID}thing")
    assert [len(page.group.values) for page in pages] == [PAGED, PAGED, 5]
    assert [page.has_next for page in pages] == [True, True, False]
    assert len({value.iri for page in pages for value in page.group.values}) == 2 * PAGED + 5
    assert {(one.iri, count) for one, count, _ in counts} == {(f"{STDORG}agent", 2 * PAGED + 5), (f"{STDORG}about", 1)}


def test_a_node_with_a_countable_number_of_links_says_how_many() -> None:
    with hub(300) as store:
        view = EntityReader(store, ROOT / "queries/entity", base=BASE).read(f"{ID}thing")
    agents = next(group for group in view.incoming if group.predicate.iri == f"{STDORG}agent")
    assert (agents.count, agents.is_counted, len(agents.values)) == (300, True, LISTED)


def test_the_cost_of_a_hub_does_not_grow_with_its_links() -> None:
    """Ten times the links may not take three times as long: the bound on counting is passed by both."""

    def seconds(links: int) -> float:
        with hub(links) as store:
            reader = EntityReader(store, ROOT / "queries/entity", base=BASE)
            reader.read(f"{ID}thing")
            times = []
            for _ in range(5):
                start = time.process_time()
                reader.read(f"{ID}thing")
                times.append(time.process_time() - start)
            return min(times)

    assert seconds(200_000) < 3 * seconds(20_000)


def test_labels_prefer_english_then_no_language_then_any() -> None:
    with OxigraphStore.in_memory() as store:
        node = NamedNode(f"{ID}x")
        for literal, expected in (
            (Literal("drei", language="de"), "drei"),
            (Literal("plain"), "plain"),
            (Literal("three", language="en"), "three"),
        ):
            store.add([Quad(node, RDFS_LABEL, literal, DefaultGraph())])
            reader = EntityReader(store, ROOT / "queries/entity", base=BASE)
            assert reader.labels.label(node.value) == expected

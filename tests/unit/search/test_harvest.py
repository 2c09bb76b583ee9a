"""What can be found of a graph: names, codes, identifiers, texts, and the facets of each thing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from qit4n_kg.search.harvest import harvest

if TYPE_CHECKING:
    from qit4n_kg.config import Settings
    from qit4n_kg.search.harvest import Record
    from qit4n_kg.store.oxigraph import OxigraphStore

ID = "https://w3id.org/qit4n/id/"
STDORG = "https://w3id.org/stdorg/ns#"


@pytest.fixture(scope="module")
def records(graph_store: OxigraphStore, built_state: Settings) -> dict[str, Record]:
    found = harvest(graph_store, built_state.sources / "queries", ID)
    return {record.iri.removeprefix(ID): record for record in found}


def test_every_labelled_thing_is_a_record(records: dict[str, Record], graph_store: OxigraphStore) -> None:
    from pyoxigraph import DefaultGraph, NamedNode

    label = NamedNode("http://www.w3.org/2000/01/rdf-schema#label")
    labelled = {quad.subject.value for quad in graph_store.quads(None, label, None, DefaultGraph())}
    assert {iri.removeprefix(ID) for iri in labelled if iri.startswith(ID)} <= set(records)


def test_a_person_has_names_groups_and_countries(records: dict[str, Record]) -> None:
    person = records["person/kaoru-kenyoshi"]
    assert person.label == "Kaoru Kenyoshi"
    assert "Kaoru KENYOSHI" in person.names
    assert person.kinds == (f"{STDORG}Person",)
    assert f"{ID}country/jp" in person.countries
    assert {f"{ID}fg-qit4n", f"{ID}fg-qit4n/wg2"} <= set(person.groups)


def test_a_deliverable_has_its_code_group_and_year(records: dict[str, Record]) -> None:
    deliverable = records["fg-qit4n/deliverable/d2.3.1"]
    assert "D2.3.1" in deliverable.codes
    assert f"{ID}fg-qit4n" in deliverable.groups
    assert "2021" in deliverable.years


def test_other_registries_identifiers_are_known(records: dict[str, Record]) -> None:
    assert {"https://ror.org/05p67dv18", "05p67dv18"} <= set(records["organization/china-telecom"].identifiers)


def test_kinds_are_the_most_specific_classes(records: dict[str, Record]) -> None:
    group = records["body/itu-t-sg13"]
    assert group.kinds == (f"{STDORG}StudyGroup",)
    assert {f"{STDORG}Group", f"{STDORG}Body", f"{STDORG}Agent"} <= set(group.classes)


def test_kinds_that_people_seek_come_first(graph_store: OxigraphStore, built_state: Settings) -> None:
    weights = [record.weight for record in harvest(graph_store, built_state.sources / "queries", ID)]
    assert weights == sorted(weights, reverse=True)
    assert weights[0] > weights[-1]


def test_sources_without_the_queries_have_things_all_the_same(graph_store: OxigraphStore, tmp_path) -> None:
    found = {record.iri: record for record in harvest(graph_store, tmp_path, ID)}
    assert found[f"{ID}person/kaoru-kenyoshi"].groups == ()
